// Question: how much memory does an entry take beyond its key and value?
//
// Decision it serves: how many entries fit into a machine, which nobody should have to find out by
// trying. Keys of 16 bytes, values of 32; entries of trivet have a TTL, which the others do not
// offer, and where it says so versions, or two of a hundred tags. Measured by the resident memory
// of the process, so that tables, slack and the allocator are in; at several sizes, because tables
// grow by leaps.
//
// Each measurement is a process of its own, which begins with an empty heap.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/support/machine.h"
#include "bench/support/peers/trivet_peer.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "trivet/cache.h"
#ifdef TRIVET_BENCH_ROCKSDB
#include <rocksdb/cache.h>
#endif

namespace trivet::bench {
namespace {

constexpr size_t kKeyBytesHere = 16;
constexpr size_t kValueBytes = 32;
constexpr size_t kPayloadBytes = kKeyBytesHere + kValueBytes;
constexpr size_t kTags = 100;

using LongKey = std::array<char, kKeyBytesHere + 1>;

std::string_view Write(size_t number, LongKey& key) {
  std::snprintf(key.data(), key.size(), "key:%0*u", static_cast<int>(kKeyBytesHere - 4),
                static_cast<unsigned>(number));
  return {key.data(), kKeyBytesHere};
}

// Fills something with n entries and returns how many it holds. What it made stays, and is told
// when it may go.
struct Filled {
  size_t entries = 0;
  std::function<void()> keep_alive;
};

Filled FillTrivet(size_t n, const std::string& policy, bool versions, size_t tags) {
  CacheOptions options = {.memory_bytes = (size_t{64} << 20) + n * 400};
  options.namespace_defaults.ttl = absl::Hours(24);
  options.namespace_defaults.versions = versions;
  if (!policy.empty()) options.policy = policy;
  std::shared_ptr<Cache> cache = TrivetPeer::OpenCache(std::move(options));
  Namespace view = cache->In("bench");
  const std::string value(kValueBytes, 'v');
  LongKey key;
  for (size_t i = 0; i < n; ++i) {
    SetOptions set;
    for (size_t tag = 0; tag < tags; ++tag) set.tags.push_back(std::to_string((i + tag) % kTags));
    Require(view.Set(Write(i, key), value, set).status());
  }
  while (cache->Maintain(10'000)) {
  }
  return {cache->stats().entries, [cache] {}};
}

#ifdef TRIVET_BENCH_ROCKSDB
// A value is one block of 32 bytes, without the header of a string.
Filled FillHyperClock(size_t n) {
  const rocksdb::HyperClockCacheOptions options(n * kValueBytes, kValueBytes, -1, false, nullptr,
                                                rocksdb::kDontChargeCacheMetadata);
  const std::shared_ptr<rocksdb::Cache> cache = options.MakeSharedCache();
  const auto free_value = [](const rocksdb::Slice&, void* value) { std::free(value); };
  LongKey key;
  for (size_t i = 0; i < n; ++i) {
    void* value = std::malloc(kValueBytes);
    std::memset(value, 'v', kValueBytes);
    const std::string_view bytes = Write(i, key);
    Require(cache->Insert({bytes.data(), bytes.size()}, value, kValueBytes, free_value).ok(),
            "insert into RocksDB's cache");
  }
  return {cache->GetUsage() / kValueBytes, [cache] {}};
}
#endif

Filled FillAbslMap(size_t n) {
  const auto map = std::make_shared<absl::flat_hash_map<std::string, std::string>>();
  const std::string value(kValueBytes, 'v');
  LongKey key;
  for (size_t i = 0; i < n; ++i) map->emplace(Write(i, key), value);
  return {map->size(), [map] {}};
}

struct Answer {
  double bytes_beyond_payload = 0;
  double entries = 0;
};

// Runs `fill(n)` in a child. REQUIRES: this process has one thread.
std::optional<Answer> MeasureInChild(size_t n, const std::function<Filled(size_t)>& fill) {
  int ends[2];
  Require(pipe(ends) == 0, "a pipe");
  const pid_t child = fork();
  Require(child >= 0, "a child process");
  if (child == 0) {
    const size_t before = ResidentBytes();
    const Filled filled = fill(n);
    // The background thread of a cache may still give memory back.
    absl::SleepFor(absl::Milliseconds(500));
    const auto taken = static_cast<double>(ResidentBytes() - before);
    const auto entries = static_cast<double>(filled.entries);
    const Answer answer = {taken / entries - kPayloadBytes, entries};
    const bool told = write(ends[1], &answer, sizeof(answer)) == sizeof(answer);
    _exit(told ? 0 : 1);  // without freeing all that
  }
  close(ends[1]);
  Answer answer;
  const bool heard = read(ends[0], &answer, sizeof(answer)) == sizeof(answer);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!heard) return std::nullopt;
  return answer;
}

int Main(int argc, char** argv) {
  Session session("memory", "How much memory does an entry take beyond its key and value?", argc,
                  argv);
  struct Contestant {
    std::string name;
    std::function<Filled(size_t)> fill;
  };
  std::vector<Contestant> contestants;
  const std::string policy = session.settings().policy;
  contestants.push_back({"trivet", [policy](size_t n) { return FillTrivet(n, policy, false, 0); }});
  contestants.push_back(
      {"trivet, with versions", [policy](size_t n) { return FillTrivet(n, policy, true, 0); }});
  contestants.push_back(
      {"trivet, with two tags", [policy](size_t n) { return FillTrivet(n, policy, false, 2); }});
#ifdef TRIVET_BENCH_ROCKSDB
  contestants.push_back({"RocksDB HyperClockCache", &FillHyperClock});
#endif
  contestants.push_back({"absl::flat_hash_map", &FillAbslMap});

  std::vector<size_t> sizes = {10'000'000, 16'000'000};
  if (session.settings().full) sizes = {10'000'000, 12'000'000, 14'000'000, 16'000'000};
  for (const size_t n : sizes) {
    for (const Contestant& contestant : contestants) {
      if (!session.Wants(contestant.name)) continue;
      const std::optional<Answer> answer = MeasureInChild(n, contestant.fill);
      if (!answer.has_value()) {
        std::fprintf(stderr, "no answer from %s with %zu keys\n", contestant.name.c_str(), n);
        continue;
      }
      session.Add(
          {{"keys", n}, {"key_bytes", kKeyBytesHere}, {"value_bytes", kValueBytes}},
          contestant.name,
          {{"beyond_payload_bytes", answer->bytes_beyond_payload}, {"entries", answer->entries}});
    }
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
