// A cache on a clock that stands still, and few words for what it answers.
#ifndef TRIVET_TESTS_ENGINE_CACHE_FIXTURE_H_
#define TRIVET_TESTS_ENGINE_CACHE_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/mutex.h"
#include "tests/support/backing_rows.h"
#include "tests/support/cache_internals.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/memory_backing.h"
#include "trivet/cache.h"
#include "trivet/clock.h"
#include "trivet/removal.h"

namespace trivet::testing {

// The bytes, or "-" if there are none.
inline std::string Text(const Value& value) { return value ? std::string(*value) : "-"; }
inline std::string Text(const Result& result) { return Text(result.value); }
// The same, or the error.
template <typename T>
std::string Text(const absl::StatusOr<T>& answer) {
  return answer.ok() ? Text(*answer) : answer.status().ToString();
}

// What a removal listener was told, as "namespace/key cause".
class RemovalLog {
 public:
  RemovalListener Listener() {
    return [this](const Removal& removal) {
      std::string told = std::string(removal.namespace_name) + "/" + std::string(removal.key) +
                         " " + RemovalCauseName(removal.cause);
      engine::MutexLock lock(mutex_);
      told_.push_back(std::move(told));
    };
  }

  // Since the last time.
  std::vector<std::string> Take() {
    engine::MutexLock lock(mutex_);
    return std::exchange(told_, {});
  }

 private:
  engine::Mutex mutex_;
  std::vector<std::string> told_ TRIVET_GUARDED_BY(mutex_);
};

// Where a thread says that it is there, and waits until the test opens.
class Gate {
 public:
  void Pass() {
    arrived_.count_down();
    open_.wait();
  }
  void AwaitArrival() { arrived_.wait(); }
  void Open() { open_.count_down(); }

 private:
  std::latch arrived_{1};
  std::latch open_{1};
};

class CacheFixture : public ::testing::Test {
 protected:
  // One shard unless the test chooses, and exact LRU, so that orders are known; nobody in the
  // background.
  void Open(CacheOptions options = {}) {
    options.policy = "lru";
    if (options.memory_bytes == 0 && options.max_entries == 0) options.memory_bytes = 1 << 20;
    if (options.shards == 0) options.shards = 1;
    if (options.clock == nullptr) options.clock = &clock_;
    options.background_maintenance = false;
    absl::StatusOr<std::unique_ptr<Cache>> cache = Cache::Open(std::move(options));
    ASSERT_TRUE(cache.ok()) << cache.status();
    cache_ = *std::move(cache);
  }

  // What the test did to the cache has left its internals in order.
  void TearDown() override {
    if (cache_ != nullptr) CheckInvariants(*cache_);
  }

  void MaintainAll() {
    while (cache_->Maintain(1000)) continue;
  }

  // Until `joins` calls altogether have joined a load of somebody else.
  void AwaitJoins(uint64_t joins) {
    while (cache_->stats().load_joins < joins) std::this_thread::yield();
  }

  // Lets time pass until the thread, which waits for a deadline, has ended.
  void AdvanceUntilJoined(std::thread& thread) {
    std::atomic<bool> ended{false};
    std::thread time([&] {
      for (; !ended; std::this_thread::yield()) clock_.Advance(absl::Milliseconds(100));
    });
    thread.join();
    ended = true;
    time.join();
  }

  ManualClock clock_;
  std::unique_ptr<Cache> cache_;
};

// The same in front of a store that can be told to fail.
class StoreFixture : public CacheFixture {
 protected:
  void Open(CacheOptions options = {}) {
    options.backing = store_;
    CacheFixture::Open(std::move(options));
  }

  // What the store has: the value, "-" if there is no row, or the error. Not counted as a call.
  std::string Stored(std::string_view key, std::string_view space = "users") {
    return ValueAt(*rows_, space, key);
  }

  // Another process writes.
  void Store(std::string_view key, std::string_view value,
             const std::vector<std::string>& tags = {}) {
    EXPECT_TRUE(WriteRow(*rows_, "users", TaggedRow(key, value, tags)).ok());
  }

  // The next call to the store stops at the gate before it has any effect; those after it pass.
  void HoldUpTheNextCall(Gate& gate) {
    store_->OnCall([&gate, held = std::make_shared<std::atomic<bool>>(false)] {
      if (!held->exchange(true)) gate.Pass();
    });
  }

  // How many calls to the store there were since the last time.
  size_t TakeCalls() {
    const size_t before = std::exchange(calls_, store_->calls());
    return calls_ - before;
  }

  std::shared_ptr<MemoryBacking> rows_ = std::make_shared<MemoryBacking>(&clock_);
  std::shared_ptr<FaultyBacking> store_ = std::make_shared<FaultyBacking>(rows_);

 private:
  size_t calls_ = 0;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_ENGINE_CACHE_FIXTURE_H_
