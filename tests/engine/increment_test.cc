// Numbers kept as text, in memory and through the store alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::Eq;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::ScaledCount;
using testing::StatusIs;
using testing::Text;

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

class StoreIncrementTest : public testing::StoreFixture {
 protected:
  void SetUp() override { Open(); }

  virtual bool HasStore() const { return true; }
  Namespace users() { return cache_->In("users", {.use_backing = HasStore()}); }
};

// The parameter: whether there is a store.
class IncrementTest : public StoreIncrementTest, public ::testing::WithParamInterface<bool> {
 protected:
  bool HasStore() const override { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(MemoryAndStore, IncrementTest, ::testing::Bool(),
                         [](const auto& with_store) {
                           return with_store.param ? "WithStore" : "MemoryOnly";
                         });

TEST_P(IncrementTest, AddsToWhatIsThere) {
  ASSERT_THAT(users().Set("n", "40"), IsOk());
  EXPECT_THAT(users().Increment("n"), IsOkAndHolds(41));
  EXPECT_THAT(users().Increment("n", 10), IsOkAndHolds(51));
  EXPECT_THAT(users().Increment("n", -100), IsOkAndHolds(-49));
  EXPECT_THAT(users().Increment("n", 0), IsOkAndHolds(-49));
  EXPECT_EQ(Text(users().Get("n")), "-49");
}

TEST_P(IncrementTest, AMissingEntryCountsAsZero) {
  EXPECT_THAT(users().Increment("n", 5), IsOkAndHolds(5));
  EXPECT_EQ(Text(users().Get("n")), "5");
  ASSERT_THAT(users().Delete("n"), IsOkAndHolds(true));
  EXPECT_THAT(users().Increment("n"), IsOkAndHolds(1));
}

TEST_P(IncrementTest, AMissingEntryGetsTheTtlOfTheNamespace) {
  Namespace counters =
      cache_->In("counters", {.ttl = absl::Seconds(10), .use_backing = GetParam()});
  ASSERT_THAT(counters.Increment("n"), IsOkAndHolds(1));
  EXPECT_THAT(counters.Ttl("n"), IsOkAndHolds(Eq(absl::Seconds(10))));
  clock_.Advance(absl::Seconds(4));
  ASSERT_THAT(counters.Increment("n"), IsOkAndHolds(2));
  EXPECT_THAT(counters.Ttl("n"), IsOkAndHolds(Eq(absl::Seconds(6)))) << "that which it has";
  clock_.Advance(absl::Seconds(6));
  EXPECT_THAT(counters.Increment("n"), IsOkAndHolds(1));
}

TEST_P(IncrementTest, KeepsTtlAndTags) {
  ASSERT_THAT(users().Set("n", "1", {.ttl = absl::Seconds(10), .tags = {"a", "b"}}), IsOk());
  clock_.Advance(absl::Seconds(3));
  ASSERT_THAT(users().Increment("n"), IsOkAndHolds(2));
  EXPECT_THAT(users().Ttl("n"), IsOkAndHolds(Eq(absl::Seconds(7))));
  ASSERT_THAT(users().DeleteTag("b"), IsOk());
  EXPECT_EQ(Text(users().Get("n")), "-");
}

TEST_P(IncrementTest, EachSumIsANewVersion) {
  uint64_t last = users().Set("n", "1")->version;
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_THAT(users().Increment("n"), IsOk());
    const uint64_t version = users().Get("n")->version;
    EXPECT_GT(version, last);
    last = version;
  }
}

TEST_P(IncrementTest, ReachesTheEndsOfSixtyFourBits) {
  EXPECT_THAT(users().Increment("high", kHighest), IsOkAndHolds(kHighest));
  EXPECT_THAT(users().Increment("low", kLowest), IsOkAndHolds(kLowest));
  EXPECT_THAT(users().Increment("high", kLowest), IsOkAndHolds(-1));
  EXPECT_THAT(users().Increment("low", kHighest), IsOkAndHolds(-1));
}

TEST_P(IncrementTest, OverflowInEitherDirectionChangesNothing) {
  const struct {
    int64_t number;
    int64_t by;
  } kCases[] = {{kHighest, 1}, {1, kHighest}, {kLowest, -1}, {-1, kLowest}, {kLowest, kLowest}};
  for (const auto& c : kCases) {
    ASSERT_THAT(users().Set("n", std::to_string(c.number)), IsOk());
    EXPECT_THAT(users().Increment("n", c.by), StatusIs(absl::StatusCode::kOutOfRange));
    EXPECT_EQ(Text(users().Get("n")), std::to_string(c.number));
  }
}

TEST_P(IncrementTest, WhatIsNoNumberStaysAsItIs) {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("1x"), std::string(" 1"), std::string("1 "),
        std::string("+1"), std::string("1.5"), std::string("0x10"), std::string("-"),
        std::string("9223372036854775808"), std::string("-9223372036854775809"),
        std::string("1\0", 2)}) {
    ASSERT_THAT(users().Set("n", text), IsOk());
    EXPECT_THAT(users().Increment("n"), StatusIs(absl::StatusCode::kFailedPrecondition)) << text;
    EXPECT_EQ(Text(users().Get("n")), text);
  }
}

TEST_P(IncrementTest, NoneIsLostBetweenThreads) {
  const size_t turns = ScaledCount(2000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Namespace view = users();
      for (size_t turn = 0; turn < turns; ++turn) EXPECT_THAT(view.Increment("n"), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Text(users().Get("n")), std::to_string(4 * turns));
}

TEST_P(IncrementTest, NoneIsLostBetweenThreadsThatDeleteAndInvalidate) {
  const size_t turns = ScaledCount(1000);
  std::atomic<int64_t> taken{0};
  std::thread adder([&] {
    Namespace view = users();
    for (size_t turn = 0; turn < turns; ++turn) EXPECT_THAT(view.Increment("n"), IsOk());
  });
  std::thread taker([&] {
    Namespace view = users();
    for (size_t turn = 0; turn < turns; ++turn) {
      const auto value = view.Take("n");
      EXPECT_THAT(value, IsOk());
      if (*value) taken += std::stoll(Text(*value));
    }
  });
  adder.join();
  taker.join();
  const auto left = users().Take("n");
  if (*left) taken += std::stoll(Text(*left));
  EXPECT_EQ(taken, static_cast<int64_t>(turns));
}

// --- Through the store --------------------------------------------------------------------------

TEST_F(StoreIncrementTest, TheStoreHasTheNumber) {
  Store("n", "40");
  EXPECT_THAT(users().Increment("n", 2), IsOkAndHolds(42));
  EXPECT_EQ(Stored("n"), "42");
  EXPECT_EQ(Text(users().Find("n")), "42");
  Store("n", "100");
  EXPECT_THAT(users().Increment("n"), IsOkAndHolds(101)) << "whatever memory has";
  EXPECT_EQ(Text(users().Find("n")), "101");
}

TEST_F(StoreIncrementTest, AChangeByAnotherProcessInBetweenIsNotLost) {
  Store("n", "1");
  int calls = 0;
  // The first call reads, the second one writes.
  store_->OnCall([&] {
    if (++calls == 2) Store("n", "100");
  });
  EXPECT_THAT(users().Increment("n", 5), IsOkAndHolds(105));
  EXPECT_EQ(Stored("n"), "105");
  EXPECT_EQ(calls, 4);
}

TEST_F(StoreIncrementTest, ARowThatAppearsOrGoesInBetweenIsNotLost) {
  int calls = 0;
  store_->OnCall([&] {
    if (++calls == 2) Store("n", "100");
  });
  EXPECT_THAT(users().Increment("n", 5), IsOkAndHolds(105));
  calls = 0;
  store_->OnCall([&] {
    const std::string_view key = "n";
    if (++calls == 2) {
      EXPECT_THAT(rows_->Delete("users", {&key, 1}), IsOk());
    }
  });
  EXPECT_THAT(users().Increment("n", 5), IsOkAndHolds(5));
}

TEST_F(StoreIncrementTest, ARowThatNeverStandsStillIsGivenUp) {
  Store("n", "1");
  store_->OnCall([&] { Store("n", "1"); });
  EXPECT_THAT(users().Increment("n"), StatusIs(absl::StatusCode::kAborted));
  store_->OnCall(nullptr);
  EXPECT_EQ(Stored("n"), "1");
  EXPECT_THAT(users().Increment("n"), IsOkAndHolds(2)) << "the key is free again";
}

}  // namespace
}  // namespace trivet
