// Question: what does a hit cost, by each of the ways to read, and with two threads at once?
//
// Decision it serves: whether FindInto, Find and Get may each be told to users as "nanoseconds",
// and which of them the documentation should lead with. Everything is in memory; the value is
// copied into a reused string (or, for Find and Visit, looked at where it lies) and touched.
//
// Baselines: a hash map without any cache around it, for one thread; the mutex, list and map that
// people write themselves; and the same reads from SQLite, which is what a hit saves.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "bench/support/fixtures.h"
#include "bench/support/mutex_lru.h"
#include "bench/support/zipf_keys.h"
#include "benchmark/benchmark.h"
#include "trivet/cache.h"

namespace trivet::bench {
namespace {

Cache& FullCache(size_t n) {
  return Once<Cache>(n, [n] {
    // Room for all, so that every read is a hit.
    std::unique_ptr<Cache> cache = OpenCache({.memory_bytes = (64 << 20) + n * 512});
    Namespace view = cache->In(kNamespace);
    Fill(n, [&](std::string_view key, std::string_view value) {
      Require(view.Set(key, value).status());
    });
    return cache;
  });
}

// Runs `read(key)`, which returns a byte of the value, or nothing on a miss.
template <typename Read>
void Measure(benchmark::State& state, size_t n, Read read) {
  const PinnedThread pinned(state);
  ZipfKeys::Walk walk(Keys(n));
  size_t misses = 0;
  for (auto _ : state) {
    const std::optional<char> byte = read(walk.Next());
    misses += byte.has_value() ? 0 : 1;
    benchmark::DoNotOptimize(byte);
  }
  if (misses > 0) state.SkipWithError("not every read was a hit");
  state.SetItemsProcessed(state.iterations());
}

void FindInto(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = FullCache(n).In(kNamespace);
  std::string out;
  Measure(state, n, [&](std::string_view key) {
    return view.FindInto(key, &out) ? std::optional(out.back()) : std::nullopt;
  });
}
BENCHMARK(FindInto)->Apply(SizesAndThreads);

void Visit(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = FullCache(n).In(kNamespace);
  Measure(state, n, [&](std::string_view key) {
    std::optional<char> byte;
    view.Visit(key, [&](std::string_view bytes) { byte = bytes.back(); });
    return byte;
  });
}
BENCHMARK(Visit)->Apply(SizesAndThreads);

void Find(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = FullCache(n).In(kNamespace);
  Measure(state, n, [&](std::string_view key) {
    const Value value = view.Find(key);
    return value ? std::optional(value.bytes().back()) : std::nullopt;
  });
}
BENCHMARK(Find)->Apply(SizesAndThreads);

void Get(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = FullCache(n).In(kNamespace);
  std::string out;
  Measure(state, n, [&](std::string_view key) -> std::optional<char> {
    const absl::StatusOr<Result> result = view.Get(key);
    if (!result.ok() || !*result) return std::nullopt;
    out.assign(result->bytes());
    return out.back();
  });
}
BENCHMARK(Get)->Apply(SizesAndThreads);

void BaselineFlatHashMap(benchmark::State& state) {
  using Map = absl::flat_hash_map<std::string, std::string>;
  const auto n = static_cast<size_t>(state.range(0));
  Map& map = Once<Map>(n, [n] {
    auto made = std::make_unique<Map>();
    made->reserve(n);
    Fill(n, [&](std::string_view key, std::string_view value) { made->emplace(key, value); });
    return made;
  });
  std::string out;
  Measure(state, n, [&](std::string_view key) -> std::optional<char> {
    // The package's map looks up by its own kind of view.
    const auto found = map.find(absl::string_view(key.data(), key.size()));
    if (found == map.end()) return std::nullopt;
    out = found->second;
    return out.back();
  });
}
BENCHMARK(BaselineFlatHashMap)->Apply(Sizes);

void BaselineMutexLru(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  MutexLru& lru = Once<MutexLru>(n, [n] {
    auto made = std::make_unique<MutexLru>(n);
    Fill(n, [&](std::string_view key, std::string_view value) { made->Set(key, value); });
    return made;
  });
  std::string out;
  Measure(state, n, [&](std::string_view key) {
    return lru.Get(key, &out) ? std::optional(out.back()) : std::nullopt;
  });
}
BENCHMARK(BaselineMutexLru)->Apply(SizesAndThreads);

void BaselineSqlite(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Backing& store = Sqlite(n).backing();
  Measure(state, n, [&](std::string_view key) -> std::optional<char> {
    const auto row = store.Read(kNamespace, key);
    if (!row.ok() || !row->has_value()) return std::nullopt;
    return (*row)->value.back();
  });
}
BENCHMARK(BaselineSqlite)->Apply(SizesAndThreads);

}  // namespace
}  // namespace trivet::bench

BENCHMARK_MAIN();
