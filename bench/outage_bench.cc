// Question: what does a Redis that hangs cost the program?
//
// Decision it serves: deadlines, the circuit breaker, and going past a tier that proves nothing;
// see docs/redis.md. The bar: reads that miss memory wait at most one deadline, for less than a
// second in all, and cost nothing measurable after that.
//
// Baseline: the same cache without Redis, whose loader has the value at once.
#include <algorithm>
#include <cstddef>
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

constexpr absl::Duration kHealthy = absl::Seconds(1);
constexpr absl::Duration kHung = absl::Seconds(5);
// A read that took longer than that has waited for the server.
constexpr absl::Duration kWaited = absl::Milliseconds(20);
// When the wait should be over.
constexpr absl::Duration kSettled = absl::Milliseconds(2500);

std::unique_ptr<Cache> OpenCache(std::shared_ptr<SharedTier> shared) {
  CacheOptions options;
  options.memory_bytes = 64 << 20;
  options.shared = std::move(shared);
  auto cache = Cache::Open(std::move(options));
  Require(cache.status());
  return *std::move(cache);
}

// Reads keys that memory does not have, one after the other.
class Reader {
 public:
  explicit Reader(Cache& cache) : view_(cache.In("pages", {.use_backing = false})) {}

  // How long one took.
  absl::Duration Read() {
    const std::string key = "k" + std::to_string(++keys_);
    const absl::Time begun = absl::Now();
    Require(view_.GetOrLoad(key, [](Load&) -> Loaded { return std::string(100, 'v'); }).status());
    return absl::Now() - begun;
  }

  double MeanMicros(absl::Duration time) {
    const absl::Time end = absl::Now() + time;
    absl::Duration sum;
    size_t count = 0;
    for (; absl::Now() < end; ++count) sum += Read();
    return absl::ToDoubleMicroseconds(sum) / static_cast<double>(std::max<size_t>(count, 1));
  }

 private:
  Namespace view_;
  uint64_t keys_ = 0;
};

int Main(int argc, char** argv) {
  Session session("outage", "What does a Redis that hangs cost the program?", argc, argv);
  const std::shared_ptr<RemoteServer> server = RemoteServer::StartRedis();
  if (server == nullptr) return session.Finish();
  std::vector<double> healthy_us, longest_ms, waited_ms, settled_us, alone_us, back_ms;
  for (int i = 0; i < session.settings().repetitions; ++i) {
    auto tier = OpenRedisTier({.redis = {.url = "unix://" + server->socket()}});
    Require(tier.status());
    const auto cache = OpenCache(*std::move(tier));
    const auto alone = OpenCache(nullptr);
    Reader reader(*cache);
    Reader of_alone(*alone);
    reader.Read();
    absl::SleepFor(absl::Milliseconds(100));
    healthy_us.push_back(reader.MeanMicros(kHealthy));
    server->Pause();
    const absl::Time hung = absl::Now();
    absl::Duration longest;
    absl::Duration last;  // until the last read that waited
    while (absl::Now() < hung + kSettled) {
      const absl::Duration took = reader.Read();
      longest = std::max(longest, took);
      if (took > kWaited) last = absl::Now() - hung;
    }
    longest_ms.push_back(absl::ToDoubleMilliseconds(longest));
    waited_ms.push_back(absl::ToDoubleMilliseconds(last));
    const absl::Duration rest = (hung + kHung - absl::Now()) / 2;
    settled_us.push_back(reader.MeanMicros(rest));
    alone_us.push_back(of_alone.MeanMicros(rest));
    server->Resume();
    const absl::Time resumed = absl::Now();
    Namespace pages = cache->In("pages");
    while (pages.stats().unproven != 0) absl::SleepFor(absl::Milliseconds(1));
    back_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - resumed));
  }
  session.Add({{"hung_s", absl::ToDoubleSeconds(kHung)}}, "trivet over a Redis that hangs",
              {{"healthy_us", Median(healthy_us)},
               {"longest_ms", Median(longest_ms)},
               {"waited_until_ms", Median(waited_ms)},
               {"afterwards_us", Median(settled_us)},
               {"back_after_ms", Median(back_ms)}});
  session.Add({{"hung_s", absl::ToDoubleSeconds(kHung)}}, "trivet without Redis",
              {{"afterwards_us", Median(alone_us)}});
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
