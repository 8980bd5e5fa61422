// Threads that meet at the worst moment, played step by step: what histories find by luck, pinned.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/faulty_backing.h"
#include "tests/support/memory_backing.h"
#include "trivet/cache.h"
#include "trivet/clock.h"

namespace trivet {
namespace {

using testing::FaultyBacking;
using testing::MemoryBacking;

// Lets something happen between a thread's look at the clock and what the thread does next.
class HookedClock final : public Clock {
 public:
  absl::Duration Elapsed() const override {
    const absl::Duration elapsed = clock_.Elapsed();
    if (after_reading_) std::exchange(after_reading_, nullptr)();
    return elapsed;
  }
  absl::Time WallTime() const override {
    if (before_reading_wall_time_) std::exchange(before_reading_wall_time_, nullptr)();
    return clock_.WallTime();
  }
  absl::Duration WaitSlice(absl::Duration deadline) const override {
    return clock_.WaitSlice(deadline);
  }

  void Advance(absl::Duration by) { clock_.Advance(by); }
  void JumpWallTime(absl::Duration by) { clock_.JumpWallTime(by); }
  // Called once, when the clock is read the next time, after it was read.
  void AfterReading(std::function<void()> hook) { after_reading_ = std::move(hook); }
  // Called once, when the calendar is read the next time, before it is read.
  void BeforeReadingWallTime(std::function<void()> hook) {
    before_reading_wall_time_ = std::move(hook);
  }
  // The same time, without the hooks.
  const Clock& quiet() const { return clock_; }

 private:
  ManualClock clock_;
  mutable std::function<void()> after_reading_;
  mutable std::function<void()> before_reading_wall_time_;
};

std::unique_ptr<Cache> OpenCache(CacheOptions options) {
  options.shards = 1;
  options.background_maintenance = false;
  if (options.memory_bytes == 0) options.max_entries = 100;
  return *Cache::Open(std::move(options));
}

TEST(Interleaving, AReaderWhoseClockIsBehindTheWriterSeesNoNegativeAge) {
  // With "lru" a reader looks at its clock before it waits for the lock.
  HookedClock clock;
  const auto cache = OpenCache({.policy = "lru", .clock = &clock});
  Namespace space = cache->In("space");
  clock.AfterReading([&] {
    clock.Advance(absl::Milliseconds(5));
    ASSERT_TRUE(space.Set("key", "value").ok());
  });
  const auto result = space.Get("key");
  ASSERT_EQ(result->bytes(), "value");
  EXPECT_EQ(result->age, absl::ZeroDuration());
}

TEST(Interleaving, AReaderWhoseClockIsBehindTheWriterDoesNotShortenTheIdleTtl) {
  HookedClock clock;
  const auto cache = OpenCache({.policy = "lru", .clock = &clock});
  Namespace space = cache->In("space", {.idle_ttl = absl::Milliseconds(100)});
  clock.AfterReading([&] {
    clock.Advance(absl::Milliseconds(50));
    ASSERT_TRUE(space.Set("key", "value").ok());
  });
  ASSERT_TRUE(space.Find("key"));
  clock.Advance(absl::Milliseconds(99));
  EXPECT_TRUE(space.Find("key"));
}

TEST(Interleaving, AValueThatDiesWhileItIsKeptIsStillCountedAsPinned) {
  HookedClock clock;
  const auto cache = OpenCache({.clock = &clock});
  Namespace space = cache->In("space");
  absl::StatusOr<Result> result = space.GetOrLoad("key", [&](Load& load) {
    load.SetTtl(absl::Milliseconds(1));
    // Between the moment that the TTL counts from and the one at which the value is linked.
    clock.AfterReading([&] { clock.Advance(absl::Milliseconds(1)); });
    return std::string("value");
  });
  EXPECT_EQ(result->bytes(), "value");
  EXPECT_EQ(cache->stats().entries, 0u);
  EXPECT_GT(cache->stats().pinned_bytes, 0u);
  EXPECT_EQ(cache->Close().code(), absl::StatusCode::kFailedPrecondition);
  result = Result();
  EXPECT_EQ(cache->stats().pinned_bytes, 0u);
}

TEST(Interleaving, ARowThatExpiresWhileItIsIncrementedDoesNotLiveForEver) {
  HookedClock clock;
  const auto cache =
      OpenCache({.backing = std::make_shared<MemoryBacking>(&clock.quiet()), .clock = &clock});
  Namespace space = cache->In("space");
  ASSERT_TRUE(space.Set("key", "1", {.ttl = absl::Seconds(1)}).ok());
  // Further than this process is old.
  clock.BeforeReadingWallTime([&] { clock.JumpWallTime(absl::Hours(1)); });
  EXPECT_EQ(*space.Increment("key"), 2);
  EXPECT_FALSE(space.Find("key"));
}

// Loads of two threads: the second asks when the first is in its loader (or in the store), and the
// first goes on when the second waits for it.
class JoinedLoad : public ::testing::Test {
 protected:
  // Called by the first thread where it is to wait.
  void HoldUpTheFirst() {
    if (is_held_up_.exchange(true)) return;
    while (!may_go_on_) std::this_thread::yield();
  }

  void RunBoth(const std::function<void()>& first, const std::function<void()>& between,
               const std::function<void()>& second) {
    std::thread first_thread(first);
    while (!is_held_up_) std::this_thread::yield();
    between();
    std::thread second_thread(second);
    while (cache_->stats().load_joins == 0) std::this_thread::yield();
    may_go_on_ = true;
    first_thread.join();
    second_thread.join();
  }

  ManualClock clock_;
  std::unique_ptr<Cache> cache_;

 private:
  std::atomic<bool> is_held_up_{false};
  std::atomic<bool> may_go_on_{false};
};

TEST_F(JoinedLoad, AMissOfTheStoreDoesNotAnswerOneWhoBringsALoader) {
  const auto store = std::make_shared<FaultyBacking>(std::make_shared<MemoryBacking>(&clock_));
  store->OnCall([this] { HoldUpTheFirst(); });
  cache_ = OpenCache({.backing = store, .clock = &clock_});
  Namespace space = cache_->In("space");
  RunBoth([&] { EXPECT_FALSE(*space.Get("key")); }, [] {},
          [&] {
            const auto loaded =
                space.GetOrLoad("key", [](Load&) { return std::string("of the loader"); });
            EXPECT_EQ(loaded->bytes(), "of the loader");
          });
}

TEST_F(JoinedLoad, AMissDoesNotAnswerOneWhoAskedAfterATagWasInvalidated) {
  cache_ = OpenCache({.clock = &clock_});
  Namespace space = cache_->In("space");
  std::atomic<bool> exists{false};
  const auto load_it = [&] {
    return space.GetOrLoad("key", [&](Load& load) -> Loaded {
      load.AddTag("tag");
      const bool existed = exists;
      HoldUpTheFirst();
      if (!existed) return std::nullopt;
      return "value";
    });
  };
  RunBoth([&] { EXPECT_FALSE(*load_it()); },
          [&] {
            exists = true;
            ASSERT_TRUE(space.InvalidateTag("tag").ok());
          },
          [&] { EXPECT_EQ(load_it()->bytes(), "value"); });
}

TEST(Interleaving, APatternLeavesExpiredEntriesToExpire) {
  ManualClock clock;
  std::vector<RemovalCause> causes;
  const auto cache = OpenCache(
      {.removal_listener = [&](const Removal& removal) { causes.push_back(removal.cause); },
       .clock = &clock});
  Namespace space = cache->In("space");
  ASSERT_TRUE(space.Set("key", "value", {.ttl = absl::Milliseconds(1)}).ok());
  clock.Advance(absl::Milliseconds(1));
  EXPECT_EQ(*space.InvalidatePattern("*"), 0u);
  while (cache->Maintain(100)) continue;
  EXPECT_EQ(causes, std::vector{RemovalCause::kExpired});
}

TEST(Interleaving, ResizeEvictsALastEntryThatIsTooLargeNow) {
  ManualClock clock;
  const auto cache = OpenCache({.memory_bytes = 4 << 20, .clock = &clock});
  Namespace space = cache->In("space");
  ASSERT_TRUE(space.Set("key", std::string(400'000, 'x')).ok());
  ASSERT_TRUE(cache->Resize({.memory_bytes = 64 << 10}).ok());
  EXPECT_LE(cache->stats().memory_bytes, cache->stats().memory_limit);
}

}  // namespace
}  // namespace trivet
