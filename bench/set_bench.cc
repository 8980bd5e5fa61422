// Question: what does a Set cost that overwrites an entry, in memory alone and with SQLite behind?
//
// Decision it serves: how much a writer pays for having the cache in front of the store, and
// whether two writers get in each other's way.
//
// Baselines: a hash map without any cache around it, for one thread; the mutex, list and map that
// people write themselves; SQLite alone, each write in a transaction of its own.
#include <cstddef>
#include <memory>
#include <span>
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

template <typename Set>
void Measure(benchmark::State& state, size_t n, Set set) {
  const PinnedThread pinned(state);
  ZipfKeys::Walk walk(Keys(n));
  const std::string value(kValueBytes, 'w');
  for (auto _ : state) set(walk.Next(), std::string_view(value));
  state.SetItemsProcessed(state.iterations());
}

void SetInMemory(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Cache& cache = Once<Cache>(n, [n] {
    std::unique_ptr<Cache> made = OpenCache({.memory_bytes = (64 << 20) + n * 512});
    Namespace view = made->In(kNamespace);
    Fill(n, [&](std::string_view key, std::string_view value) {
      Require(view.Set(key, value).status());
    });
    return made;
  });
  Namespace view = cache.In(kNamespace);
  Measure(state, n, [&](std::string_view key, std::string_view value) {
    Require(view.Set(key, value).status());
  });
}
BENCHMARK(SetInMemory)->Apply(SizesAndThreads);

// A cache with a store behind it, in a type of its own for Once.
struct StoredCache {
  std::unique_ptr<Cache> cache;
};

void SetThroughToSqlite(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  SqliteStore& store = Sqlite(n);
  StoredCache& stored = Once<StoredCache>(n, [&] {
    auto made = std::make_unique<StoredCache>();
    made->cache = OpenCache({.memory_bytes = (64 << 20) + n * 512, .backing = store.shared()});
    return made;
  });
  Namespace view = stored.cache->In(kNamespace);
  Measure(state, n, [&](std::string_view key, std::string_view value) {
    Require(view.Set(key, value).status());
  });
}
BENCHMARK(SetThroughToSqlite)->Apply(SizesAndThreads);

void BaselineFlatHashMap(benchmark::State& state) {
  using Map = absl::flat_hash_map<std::string, std::string>;
  const auto n = static_cast<size_t>(state.range(0));
  Map& map = Once<Map>(n, [n] {
    auto made = std::make_unique<Map>();
    made->reserve(n);
    Fill(n, [&](std::string_view key, std::string_view value) { made->emplace(key, value); });
    return made;
  });
  Measure(state, n, [&](std::string_view key, std::string_view value) {
    // The package's map looks up by its own kind of view.
    map.find(absl::string_view(key.data(), key.size()))->second = value;
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
  Measure(state, n, [&](std::string_view key, std::string_view value) { lru.Set(key, value); });
}
BENCHMARK(BaselineMutexLru)->Apply(SizesAndThreads);

void BaselineSqlite(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Backing& store = Sqlite(n).backing();
  Measure(state, n, [&](std::string_view key, std::string_view value) {
    const StoreWrite write = {.key = key, .value = value};
    Require(store.Write(kNamespace, std::span(&write, 1)).status());
  });
}
BENCHMARK(BaselineSqlite)->Apply(SizesAndThreads);

}  // namespace
}  // namespace trivet::bench

BENCHMARK_MAIN();
