// Question: what does GetOrLoad cost when it hits, when it must load, and in the mix that a cache
// with room for a tenth of the keys sees?
//
// Decision it serves: what one flight per key costs on top of a plain look-up and fill, and how
// much of an SQLite read is left when trivet stands in front of it. Loaders return at once, so that
// the figures are the cache's own.
//
// Baselines: get, and on a miss set, on the mutex, list and map that people write themselves (which
// loads a key twice if two threads miss it); SQLite alone.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "bench/support/fixtures.h"
#include "bench/support/mutex_lru.h"
#include "bench/support/zipf_keys.h"
#include "benchmark/benchmark.h"
#include "trivet/cache.h"

namespace trivet::bench {
namespace {

Loaded LoadSomeValue(Load&) { return Loaded(SomeValue()); }

// How much of the keys a cache has room for, and what is behind it.
enum class Kind { kAllKeys, kATenth, kATenthOfSqlite };

// A type for each kind, for Once.
template <Kind kind>
struct Opened {
  std::unique_ptr<Cache> cache;
};

// Reads until what the cache holds has settled.
template <typename Read>
void Warm(size_t n, Read read) {
  ZipfKeys::Walk walk(Keys(n));
  for (size_t i = 0; i < n; ++i) read(walk.Next());
}

template <Kind kind>
Namespace Open(size_t n) {
  Opened<kind>& opened = Once<Opened<kind>>(n, [n] {
    CacheOptions options;
    options.max_entries = kind == Kind::kAllKeys ? 2 * n : n / 10;
    if (kind == Kind::kATenthOfSqlite) options.backing = Sqlite(n).shared();
    auto made = std::make_unique<Opened<kind>>();
    made->cache = OpenCache(std::move(options));
    Namespace view = made->cache->In(kNamespace);
    Warm(n, [&](std::string_view key) { Require(view.GetOrLoad(key, LoadSomeValue).status()); });
    return made;
  });
  return opened.cache->In(kNamespace);
}

// Runs `read(key)`, which returns what came of it, and counts the hits in memory.
template <typename Read>
void Measure(benchmark::State& state, size_t n, Read read) {
  const PinnedThread pinned(state);
  ZipfKeys::Walk walk(Keys(n));
  size_t hits = 0;
  for (auto _ : state) {
    const absl::StatusOr<Result> result = read(walk.Next());
    if (!result.ok()) {
      state.SkipWithError("a read failed");
      break;
    }
    hits += result->tier == Tier::kMemory ? 1 : 0;
    benchmark::DoNotOptimize(result->bytes().back());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["hit_ratio"] =
      benchmark::Counter(static_cast<double>(hits) / static_cast<double>(state.iterations()),
                         benchmark::Counter::kAvgThreads);
}

void GetOrLoadHits(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = Open<Kind::kAllKeys>(n);
  // Loads what is not there yet, before the clock runs.
  Fill(n, [&](std::string_view key, std::string_view) {
    Require(view.GetOrLoad(key, LoadSomeValue).status());
  });
  Measure(state, n, [&](std::string_view key) { return view.GetOrLoad(key, LoadSomeValue); });
}
BENCHMARK(GetOrLoadHits)->Apply(SizesAndThreads);

// Every call runs the loader: what it returns is not kept.
void GetOrLoadMisses(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = Open<Kind::kATenth>(n);
  Require(view.Clear());
  Measure(state, n, [&](std::string_view key) {
    return view.GetOrLoad(key, [](Load& load) {
      load.DoNotCache();
      return LoadSomeValue(load);
    });
  });
}
BENCHMARK(GetOrLoadMisses)->Apply(SizesAndThreads);

void GetOrLoadATenth(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = Open<Kind::kATenth>(n);
  Measure(state, n, [&](std::string_view key) { return view.GetOrLoad(key, LoadSomeValue); });
}
BENCHMARK(GetOrLoadATenth)->Apply(SizesAndThreads);

void GetThroughToSqliteATenth(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = Open<Kind::kATenthOfSqlite>(n);
  Measure(state, n, [&](std::string_view key) { return view.Get(key); });
}
BENCHMARK(GetThroughToSqliteATenth)->Apply(SizesAndThreads);

void BaselineMutexLruATenth(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  MutexLru& lru = Once<MutexLru>(n, [n] {
    auto made = std::make_unique<MutexLru>(n / 10);
    std::string out;
    Warm(n, [&](std::string_view key) {
      if (!made->Get(key, &out)) made->Set(key, SomeValue());
    });
    return made;
  });
  const PinnedThread pinned(state);
  ZipfKeys::Walk walk(Keys(n));
  std::string out;
  size_t hits = 0;
  for (auto _ : state) {
    const std::string_view key = walk.Next();
    if (lru.Get(key, &out)) {
      ++hits;
    } else {
      out = SomeValue();
      lru.Set(key, out);
    }
    benchmark::DoNotOptimize(out.back());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["hit_ratio"] =
      benchmark::Counter(static_cast<double>(hits) / static_cast<double>(state.iterations()),
                         benchmark::Counter::kAvgThreads);
}
BENCHMARK(BaselineMutexLruATenth)->Apply(SizesAndThreads);

void BaselineSqlite(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Backing& store = Sqlite(n).backing();
  const PinnedThread pinned(state);
  ZipfKeys::Walk walk(Keys(n));
  for (auto _ : state) {
    const auto row = store.Read(kNamespace, walk.Next());
    Require(row.status());
    benchmark::DoNotOptimize((*row)->value.back());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BaselineSqlite)->Apply(SizesAndThreads);

}  // namespace
}  // namespace trivet::bench

BENCHMARK_MAIN();
