// What the benchmarks measure, filled and kept for the whole run, so that peers can be interleaved.
#ifndef TRIVET_BENCH_SUPPORT_FIXTURES_H_
#define TRIVET_BENCH_SUPPORT_FIXTURES_H_

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bench/support/zipf_keys.h"
#include "benchmark/benchmark.h"
#include "bindings/cli/temporary_folder.h"
#include "trivet/backing.h"
#include "trivet/cache.h"
#include "trivet/sqlite_backing.h"

namespace trivet::bench {

inline constexpr size_t kValueBytes = 100;
inline constexpr std::string_view kNamespace = "bench";

inline const std::string& SomeValue() {
  static const std::string value(kValueBytes, 'v');
  return value;
}

// A benchmark whose parts fail measures nothing.
inline void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

// Keeps the calling thread of a benchmark on a core of its own, if there are enough, while it
// lives. Threads that are started meanwhile inherit the core: make fixtures before.
class PinnedThread {
 public:
  explicit PinnedThread(const benchmark::State& state) {
    CPU_ZERO(&before_);
    if (sched_getaffinity(0, sizeof(before_), &before_) != 0) return;
    // Of the whole program: thread 0 of a benchmark is pinned when it starts the others.
    static const cpu_set_t all = before_;
    int wanted = state.thread_index();
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (!CPU_ISSET(core, &all) || wanted-- > 0) continue;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(core, &one);
      pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
      return;
    }
  }
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;
  ~PinnedThread() { pthread_setaffinity_np(pthread_self(), sizeof(before_), &before_); }

 private:
  cpu_set_t before_;
};

// The fixture of type T for a size, made by `make` when it is first asked for. Lives to the end of
// the program. Thread-safe.
template <typename T, typename Make>
T& Once(size_t n, Make make) {
  static std::mutex mutex;
  static std::map<size_t, std::unique_ptr<T>> made;
  const std::lock_guard lock(mutex);
  std::unique_ptr<T>& fixture = made[n];
  if (fixture == nullptr) fixture = make();
  return *fixture;
}

inline const ZipfKeys& Keys(size_t n) {
  return Once<ZipfKeys>(n, [n] { return std::make_unique<ZipfKeys>(n); });
}

// An SQLite file with keys 0 to n-1, gone after the run.
class SqliteStore {
 public:
  explicit SqliteStore(size_t n) {
    auto folder = cli::TemporaryFolder::Create();
    Require(folder.status());
    folder_ = std::make_unique<cli::TemporaryFolder>(*std::move(folder));
    auto backing = OpenSqlite({.path = folder_->path() + "/bench.db"});
    Require(backing.status());
    backing_ = *std::move(backing);
    std::vector<Key> keys;
    std::vector<StoreWrite> writes;
    for (size_t begin = 0; begin < n; begin += kBatch) {
      keys.clear();
      writes.clear();
      for (size_t i = begin; i < std::min(n, begin + kBatch); ++i) keys.push_back(KeyOf(i));
      for (const Key& key : keys) writes.push_back({.key = key.view(), .value = SomeValue()});
      Require(backing_->Write(kNamespace, writes).status());
    }
  }

  Backing& backing() { return *backing_; }
  std::shared_ptr<Backing> shared() { return backing_; }

 private:
  static constexpr size_t kBatch = 10'000;

  std::unique_ptr<cli::TemporaryFolder> folder_;
  std::shared_ptr<Backing> backing_;
};

inline SqliteStore& Sqlite(size_t n) {
  return Once<SqliteStore>(n, [n] { return std::make_unique<SqliteStore>(n); });
}

inline std::unique_ptr<Cache> OpenCache(CacheOptions options) {
  auto cache = Cache::Open(std::move(options));
  Require(cache.status());
  return *std::move(cache);
}

// Sets keys 0 to n-1 by `set(key, value)`.
template <typename Set>
void Fill(size_t n, Set set) {
  for (size_t i = 0; i < n; ++i) set(KeyOf(i).view(), std::string_view(SomeValue()));
}

// Names the sizes and threads of the benchmarks: 10 k and 1 M keys, 1 and 2 threads.
inline void SizesAndThreads(benchmark::internal::Benchmark* bench) {
  bench->ArgName("keys")->Arg(10'000)->Arg(1'000'000)->Threads(1)->Threads(2)->UseRealTime();
}

// For what cannot be shared by threads.
inline void Sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("keys")->Arg(10'000)->Arg(1'000'000)->UseRealTime();
}

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_FIXTURES_H_
