// Several caches over one shared tier, without a store: it holds the values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/support/fleet.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet::testing {
namespace {

class SharedMemoryTest : public ::testing::Test {
 protected:
  Fleet fleet_{{.with_store = false}};
};

TEST_F(SharedMemoryTest, TheSharedTierHoldsTheValues) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "Ada");
  EXPECT_EQ(fleet_.users(1).Get("42")->tier, Tier::kShared);
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  EXPECT_THAT(fleet_.users(1).Delete("42"), IsOkAndHolds(true));
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "-");
}

TEST_F(SharedMemoryTest, WhatIsThereIsSeenByAllWaysToAsk) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada", {.ttl = absl::Seconds(10)}), IsOk());
  EXPECT_THAT(fleet_.users(1).Has("42"), IsOkAndHolds(true));
  EXPECT_THAT(fleet_.users(1).Has("43"), IsOkAndHolds(false));
  const auto ttl = fleet_.users(1).Ttl("42");
  ASSERT_THAT(ttl, IsOk());
  ASSERT_TRUE(ttl->has_value());
  EXPECT_LE(**ttl, absl::Seconds(10));
  EXPECT_EQ(InMemory(fleet_.users(1), "42"), "-") << "Has and Ttl bring nothing into memory";
  EXPECT_EQ(fleet_.users(1).stats().misses, 1U) << "and are no reads; only this one was";
}

// Their marks meet there: one of the two values stays.
TEST_F(SharedMemoryTest, OfTwoSetsAtATimeOneStays) {
  bool first_call = true;
  fleet_.line(0).OnCall([&] {
    // Between the mark and the end of the other one.
    if (std::exchange(first_call, false)) return;
    fleet_.line(0).OnCall(nullptr);
    EXPECT_THAT(fleet_.users(1).Set("42", "Grace"), IsOk());
  });
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
}

TEST_F(SharedMemoryTest, WhatNeedsATruthIsRefused) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada", {.when = SetWhen::kIfAbsent}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(fleet_.users(0).Set("42", "1"), IsOk());
  EXPECT_THAT(fleet_.users(0).Take("42"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "1");
  EXPECT_THAT(fleet_.users(0).Increment("42"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(fleet_.users(0).Touch("42", absl::Seconds(1)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SharedMemoryTest, AValueThatNobodyTakesIsAnError) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  fleet_.line(0).FailAll(absl::UnavailableError("the line is cut"));
  EXPECT_THAT(fleet_.users(0).Set("42", "Grace"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "-");
  fleet_.line(0).FailAll(absl::OkStatus());
  fleet_.Beat();
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "-");
}

}  // namespace
}  // namespace trivet::testing
