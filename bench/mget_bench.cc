// Question: what does a key of an MGet of 64 cost, when all of them are hits?
//
// Decision it serves: whether MGet is worth its own path in memory, or whether callers may as well
// loop over Find. Times are per batch of 64; items are keys.
//
// Baselines: Find in a loop; the mutex, list and map that people write themselves, in a loop;
// SQLite alone, which reads the batch in one transaction.
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/fixtures.h"
#include "bench/support/mutex_lru.h"
#include "bench/support/zipf_keys.h"
#include "benchmark/benchmark.h"
#include "trivet/cache.h"

namespace trivet::bench {
namespace {

constexpr size_t kBatch = 64;
using Batch = std::array<std::string_view, kBatch>;

Cache& FullCache(size_t n) {
  return Once<Cache>(n, [n] {
    std::unique_ptr<Cache> cache = OpenCache({.memory_bytes = (64 << 20) + n * 512});
    Namespace view = cache->In(kNamespace);
    Fill(n, [&](std::string_view key, std::string_view value) {
      Require(view.Set(key, value).status());
    });
    return cache;
  });
}

// Runs `read(batch)`, which returns how many of the keys were found.
template <typename Read>
void Measure(benchmark::State& state, size_t n, Read read) {
  const PinnedThread pinned(state);
  ZipfKeys::Walk walk(Keys(n));
  Batch batch;
  size_t found = 0;
  for (auto _ : state) {
    for (std::string_view& key : batch) key = walk.Next();
    found += read(batch);
  }
  const size_t asked = static_cast<size_t>(state.iterations()) * kBatch;
  if (found != asked) state.SkipWithError("not every key was a hit");
  state.SetItemsProcessed(static_cast<int64_t>(asked));
}

void MGet(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = FullCache(n).In(kNamespace);
  Measure(state, n, [&](const Batch& batch) {
    size_t found = 0;
    for (const absl::StatusOr<Result>& result : view.MGet(batch)) {
      if (result.ok() && *result) {
        ++found;
        benchmark::DoNotOptimize(result->bytes().back());
      }
    }
    return found;
  });
}
BENCHMARK(MGet)->Apply(SizesAndThreads);

void FindInALoop(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Namespace view = FullCache(n).In(kNamespace);
  Measure(state, n, [&](const Batch& batch) {
    size_t found = 0;
    for (const std::string_view key : batch) {
      if (const Value value = view.Find(key)) {
        ++found;
        benchmark::DoNotOptimize(value.bytes().back());
      }
    }
    return found;
  });
}
BENCHMARK(FindInALoop)->Apply(SizesAndThreads);

void BaselineMutexLru(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  MutexLru& lru = Once<MutexLru>(n, [n] {
    auto made = std::make_unique<MutexLru>(n);
    Fill(n, [&](std::string_view key, std::string_view value) { made->Set(key, value); });
    return made;
  });
  std::string out;
  Measure(state, n, [&](const Batch& batch) {
    size_t found = 0;
    for (const std::string_view key : batch) {
      if (lru.Get(key, &out)) {
        ++found;
        benchmark::DoNotOptimize(out.back());
      }
    }
    return found;
  });
}
BENCHMARK(BaselineMutexLru)->Apply(SizesAndThreads);

void BaselineSqlite(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Backing& store = Sqlite(n).backing();
  Measure(state, n, [&](const Batch& batch) {
    size_t found = 0;
    const auto rows = store.ReadMany(kNamespace, batch);
    Require(rows.status());
    for (const auto& row : *rows) found += row.has_value() ? 1 : 0;
    return found;
  });
}
BENCHMARK(BaselineSqlite)->Apply(SizesAndThreads);

}  // namespace
}  // namespace trivet::bench

BENCHMARK_MAIN();
