// Budgets that change while the cache runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::RemovalLog;
using testing::ScaledCount;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::Text;

class ResizeTest : public testing::CacheFixture {
 protected:
  void Fill(int count, size_t value_bytes = 100) {
    Namespace users = cache_->In("users");
    for (int i = 0; i < count; ++i) {
      ASSERT_THAT(users.Set(std::to_string(i), std::string(value_bytes, 'x')), IsOk());
    }
  }
  bool Has(const std::string& key) { return *cache_->In("users").Has(key); }

  RemovalLog removals_;
};

TEST_F(ResizeTest, LessRoomEvictsTheLeastRecentlyUsedBeforeItReturns) {
  Open({.max_entries = 10, .removal_listener = removals_.Listener()});
  Fill(5);
  ASSERT_TRUE(cache_->In("users").Find("0"));
  EXPECT_THAT(cache_->Resize({.max_entries = 3}), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/1 evicted", "users/2 evicted"));
  EXPECT_TRUE(Has("0"));
  EXPECT_EQ(cache_->stats().entries, 3u);
}

TEST_F(ResizeTest, FewerBytesAreInEffectWhenItReturns) {
  Open({.memory_bytes = 4 << 20, .shards = 4});
  Fill(10'000);
  for (const size_t bytes : {2 << 20, 1 << 20, 512 << 10}) {
    EXPECT_THAT(cache_->Resize({.memory_bytes = bytes}), IsOk());
    const Stats stats = cache_->stats();
    EXPECT_EQ(stats.memory_limit, bytes);
    EXPECT_LE(stats.memory_bytes, bytes);
    EXPECT_GT(stats.memory_bytes, bytes / 2);
  }
}

TEST_F(ResizeTest, MoreRoomIsUsed) {
  Open({.memory_bytes = 256 << 10});
  Fill(10'000);
  const uint64_t before = cache_->stats().entries;
  EXPECT_THAT(cache_->Resize({.memory_bytes = 1 << 20}), IsOk());
  EXPECT_EQ(cache_->stats().entries, before) << "nothing goes";
  Fill(10'000);
  EXPECT_GT(cache_->stats().entries, before * 3);
  EXPECT_LE(cache_->stats().memory_bytes, cache_->stats().memory_limit);
}

TEST_F(ResizeTest, LargerValuesFitIntoMoreRoom) {
  Open({.memory_bytes = 64 << 10});
  Namespace users = cache_->In("users");
  const std::string large(20'000, 'x');
  EXPECT_THAT(users.Set("42", large), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(cache_->Resize({.memory_bytes = 1 << 20}), IsOk());
  EXPECT_THAT(users.Set("42", large), IsOk());
}

TEST_F(ResizeTest, OneKindOfLimitMayTakeThePlaceOfTheOther) {
  Open({.max_entries = 1000});
  Fill(1000, 1000);
  EXPECT_THAT(cache_->Resize({.memory_bytes = 256 << 10}), IsOk());
  EXPECT_LE(cache_->stats().memory_bytes, uint64_t{256} << 10);
  EXPECT_THAT(cache_->Resize({.max_entries = 10}), IsOk());
  EXPECT_EQ(cache_->stats().entries, 10u);
  EXPECT_EQ(cache_->stats().memory_limit, 0u);
  Fill(100, 100'000);
  EXPECT_EQ(cache_->stats().entries, 10u);
}

TEST_F(ResizeTest, EntriesAreLimitedToTheOneInEveryShard) {
  Open({.max_entries = 10'000, .shards = 8});
  Fill(20'000);
  EXPECT_THAT(cache_->Resize({.max_entries = 1003}), IsOk());
  EXPECT_LE(cache_->stats().entries, 1003u);
  Fill(20'000);
  EXPECT_EQ(cache_->stats().entries, 1003u);
}

TEST_F(ResizeTest, WhatIsDeadGoesAsWhatItDiedOf) {
  Open({.max_entries = 10, .removal_listener = removals_.Listener()});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("expired", "v", {.ttl = absl::Seconds(1)}), IsOk());
  ASSERT_THAT(users.Set("alive", "v"), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(cache_->Resize({.max_entries = 1}), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/expired expired"));
}

TEST_F(ResizeTest, WhatIsPinnedStaysReadable) {
  Open({.max_entries = 10});
  Fill(10);
  const Value pinned = cache_->In("users").Find("0");
  EXPECT_THAT(cache_->Resize({.max_entries = 1}), IsOk());
  Fill(10);
  EXPECT_EQ(pinned.bytes(), std::string(100, 'x'));
}

TEST_F(ResizeTest, ChecksWhatOpenChecks) {
  Open({.max_entries = 100, .shards = 4, .removal_listener = removals_.Listener()});
  Fill(100);
  removals_.Take();
  const struct {
    Capacity capacity;
    const char* field;
  } kCases[] = {{{}, "CacheOptions.memory_bytes"},
                {{.memory_bytes = 1}, "CacheOptions.memory_bytes"},
                {{.max_entries = 3}, "CacheOptions.max_entries"}};
  for (const auto& c : kCases) {
    EXPECT_THAT(cache_->Resize(c.capacity),
                StatusIs(absl::StatusCode::kInvalidArgument, StartsWith(c.field)));
  }
  EXPECT_THAT(removals_.Take(), IsEmpty());
}

TEST_F(ResizeTest, OfSeveralAtOnceOneHoldsInAllShards) {
  Open({.max_entries = 1000, .shards = 16});
  for (size_t turn = 0; turn < ScaledCount(30); ++turn) {
    std::vector<std::thread> threads;
    for (const size_t entries : {160, 1600}) {
      threads.emplace_back(
          [this, entries] { EXPECT_THAT(cache_->Resize({.max_entries = entries}), IsOk()); });
    }
    for (std::thread& thread : threads) thread.join();
    Fill(4000, 1);
    EXPECT_THAT(cache_->stats().entries, AnyOf(160u, 1600u));
  }
}

TEST_F(ResizeTest, MayComeWhileThreadsReadAndWrite) {
  Open({.memory_bytes = 1 << 20, .shards = 4});
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      Namespace users = cache_->In("users");
      for (int turn = 0; !stop; ++turn) {
        const std::string key = std::to_string((turn * 7 + i) % 5000);
        EXPECT_THAT(users.Set(key, key), IsOk());
        const Value value = users.Find(key);
        EXPECT_EQ(value ? value.bytes() : key, key);
      }
    });
  }
  for (size_t turn = 0; turn < ScaledCount(100); ++turn) {
    const size_t bytes = turn % 2 == 0 ? 256 << 10 : 1 << 20;
    EXPECT_THAT(cache_->Resize({.memory_bytes = bytes}), IsOk());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(cache_->Resize({.memory_bytes = 128 << 10}), IsOk());
  EXPECT_LE(cache_->stats().memory_bytes, uint64_t{128} << 10);
}

}  // namespace
}  // namespace trivet
