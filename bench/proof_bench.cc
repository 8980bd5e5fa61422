// Question: what does it cost a hit that memory must be proven to be fresh?
//
// Decision it serves: the proof is a deadline of the namespace, compared with a clock that is read
// on that hit; see docs/consistency.md. The bar: 3 ns more for entries with a TTL, which read the
// clock anyhow, and 6 ns for others.
//
// Baseline: the same cache without a shared tier.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/support/remote_server.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "trivet/cache.h"
#include "trivet/redis_tier.h"

namespace trivet::bench {
namespace {

constexpr size_t kValueBytes = 100;

std::shared_ptr<Cache> OpenCache(std::shared_ptr<SharedTier> shared) {
  CacheOptions options;
  options.memory_bytes = size_t{1} << 30;
  options.shared = std::move(shared);
  auto cache = Cache::Open(std::move(options));
  Require(cache.status());
  return *std::move(cache);
}

// Memory filled by loads, as it is where others may change the truth.
void Fill(Namespace& view, size_t keys) {
  const std::string value(kValueBytes, 'v');
  for (size_t i = 0; i < keys; ++i) {
    while (!view.Find(KeyOf(i).view())) {
      Require(view.GetOrLoad(KeyOf(i).view(), [&](Load&) -> Loaded { return value; }).status());
    }
  }
}

Contender Gets(std::string name, std::shared_ptr<Cache> cache, absl::Duration ttl, size_t keys) {
  Namespace view = cache->In(ttl == absl::InfiniteDuration() ? "lasting" : "expiring",
                             {.ttl = ttl, .use_backing = false});
  Fill(view, keys);
  return {std::move(name), [cache, view](Turn& turn) mutable {
            std::string out;
            turn.Run([&](const Key& key) {
              const bool found = view.FindInto(key.view(), &out);
              TouchLast(out);
              return found ? Outcome::kHit : Outcome::kMiss;
            });
          }};
}

int Main(int argc, char** argv) {
  Session session("proof", "What does it cost a hit that memory must be proven fresh?", argc, argv);
  const std::shared_ptr<RemoteServer> server = RemoteServer::StartRedis();
  if (server == nullptr) return session.Finish();
  for (const size_t keys : {size_t{10'000}}) {
    auto tier = OpenRedisTier({.redis = {.url = "unix://" + server->socket()}});
    Require(tier.status());
    const std::shared_ptr<Cache> local = OpenCache(nullptr);
    const std::shared_ptr<Cache> shared = OpenCache(*std::move(tier));
    std::vector<Contender> contenders;
    const auto add = [&](const char* name, const std::shared_ptr<Cache>& cache,
                         absl::Duration ttl) {
      if (session.Wants(name)) contenders.push_back(Gets(name, cache, ttl, keys));
    };
    add("no shared tier", local, absl::InfiniteDuration());
    add("proven", shared, absl::InfiniteDuration());
    add("no shared tier, with TTL", local, absl::Hours(1));
    add("proven, with TTL", shared, absl::Hours(1));
    for (const int threads : {1, 2}) {
      session.Measure({.keys = keys, .value_bytes = kValueBytes, .threads = threads}, contenders);
    }
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
