// Question: how long does a caller of InvalidateTag wait, by the number of entries that carry the
// tag?
//
// Decision it serves: whether programs may invalidate by tag on the path of a request. The memory
// of the members comes back later, in steps: SweepTag is what that costs in all.
//
// Baselines: the mutex, list and map that people write themselves, with a set of keys per tag,
// which erases the members one by one; SQLite alone, which deletes the rows that carry the tag.
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <span>
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

constexpr const char* kTag = "tag";
constexpr size_t kEntries = 200'000;

// Measures `invalidate` alone, each time after `label(members)` gave the tag its members anew.
template <typename Label, typename Invalidate>
void Measure(benchmark::State& state, Label label, Invalidate invalidate) {
  const auto members = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    label(members);
    const auto start = std::chrono::steady_clock::now();
    invalidate();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(taken.count());
  }
}

void Members(benchmark::internal::Benchmark* bench) {
  bench->ArgName("members")->Arg(10)->Arg(1'000)->Arg(100'000)->UseManualTime();
  bench->Unit(benchmark::kMicrosecond)->Iterations(30);
}

// The store needs seconds to label 100 000 rows anew.
void MembersInStore(benchmark::internal::Benchmark* bench) {
  Members(bench);
  bench->Iterations(3);
}

// A cache full of entries without the tag, and a namespace of it.
std::unique_ptr<Cache> BusyCache() {
  std::unique_ptr<Cache> cache =
      OpenCache({.max_entries = 2 * kEntries, .background_maintenance = false});
  Namespace view = cache->In(kNamespace);
  Fill(kEntries, [&](std::string_view key, std::string_view value) {
    Require(view.Set(key, value).status());
  });
  return cache;
}

void SetTagged(Namespace& view, size_t members) {
  const SetOptions tagged = {.tags = {kTag}};
  for (size_t i = 0; i < members; ++i) {
    Require(view.Set(KeyOf(i).view(), SomeValue(), tagged).status());
  }
}

void Sweep(Cache& cache) {
  while (cache.Maintain(1000)) {
  }
}

void InvalidateTag(benchmark::State& state) {
  const std::unique_ptr<Cache> cache = BusyCache();
  Namespace view = cache->In(kNamespace);
  const auto label = [&](size_t members) {
    Sweep(*cache);
    SetTagged(view, members);
  };
  Measure(state, label, [&] { Require(view.InvalidateTag(kTag)); });
}
BENCHMARK(InvalidateTag)->Apply(Members);

void SweepTag(benchmark::State& state) {
  const std::unique_ptr<Cache> cache = BusyCache();
  Namespace view = cache->In(kNamespace);
  const auto label = [&](size_t members) {
    SetTagged(view, members);
    Require(view.InvalidateTag(kTag));
  };
  Measure(state, label, [&] { Sweep(*cache); });
}
BENCHMARK(SweepTag)->Apply(Members);

void BaselineMutexLru(benchmark::State& state) {
  MutexLru lru(2 * kEntries);
  std::map<std::string, std::set<std::string>> keys_of_tag;
  Fill(kEntries, [&](std::string_view key, std::string_view value) { lru.Set(key, value); });
  const auto label = [&](size_t members) {
    for (size_t i = 0; i < members; ++i) {
      lru.Set(KeyOf(i).view(), SomeValue());
      keys_of_tag[kTag].emplace(KeyOf(i).view());
    }
  };
  Measure(state, label, [&] {
    for (const std::string& key : keys_of_tag[kTag]) lru.Erase(key);
    keys_of_tag.erase(kTag);
  });
}
BENCHMARK(BaselineMutexLru)->Apply(Members);

void BaselineSqlite(benchmark::State& state) {
  Backing& store = Sqlite(kEntries).backing();
  const std::vector<std::string> tags = {kTag};
  const auto label = [&](size_t members) {
    std::vector<Key> keys;
    std::vector<StoreWrite> writes;
    for (size_t i = 0; i < members; ++i) keys.push_back(KeyOf(i));
    for (const Key& key : keys) {
      writes.push_back({.key = key.view(), .value = SomeValue(), .tags = tags});
    }
    Require(store.Write(kNamespace, writes).status());
  };
  Measure(state, label, [&] { Require(store.DeleteTag(kNamespace, kTag).status()); });
}
BENCHMARK(BaselineSqlite)->Apply(MembersInStore);

}  // namespace
}  // namespace trivet::bench

BENCHMARK_MAIN();
