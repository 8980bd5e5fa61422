// What a program may choose instead of going past memory that is not proven: CoherenceOptions and
// WithoutProof.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/support/fleet.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet::testing {
namespace {

TEST(WithoutProofTest, MemoryMayBeServedForAWhile) {
  Fleet fleet({.namespace_defaults = {.without_proof = WithoutProof::kServeMemory,
                                      .unproven_max = absl::Seconds(10)}});
  EXPECT_THAT(fleet.users(0).Set("42", "Ada"), IsOk());
  fleet.line(0).FailAll(absl::UnavailableError("the line is cut"));
  fleet.Pass(absl::Seconds(11));
  EXPECT_EQ(InMemory(fleet.users(0), "42"), "Ada");
  fleet.Pass(absl::Seconds(1));
  EXPECT_EQ(InMemory(fleet.users(0), "42"), "-");
}

TEST(WithoutProofTest, MemoryMayBeServedAlways) {
  Fleet fleet({.namespace_defaults = {.without_proof = WithoutProof::kServeMemory}});
  EXPECT_THAT(fleet.users(0).Set("42", "Ada"), IsOk());
  fleet.line(0).FailAll(absl::UnavailableError("the line is cut"));
  fleet.Pass(absl::Hours(1), absl::Minutes(1));
  EXPECT_EQ(InMemory(fleet.users(0), "42"), "Ada");
}

TEST(WithoutProofTest, ReadsMayFail) {
  Fleet fleet({.namespace_defaults = {.without_proof = WithoutProof::kFail}});
  EXPECT_THAT(fleet.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(Text(fleet.users(0).Get("42")), "Ada");
  fleet.line(0).FailAll(absl::UnavailableError("the line is cut"));
  fleet.Pass(absl::Seconds(3));
  EXPECT_EQ(InMemory(fleet.users(0), "42"), "-");
  EXPECT_THAT(fleet.users(0).Get("42"), StatusIs(absl::StatusCode::kUnavailable));
  const std::vector<std::string_view> keys = {"42"};
  EXPECT_THAT(fleet.users(0).MGet(keys)[0], StatusIs(absl::StatusCode::kUnavailable));
}

// Nobody could say whether there is nothing, or nobody to ask.
TEST(WithoutProofTest, WithoutAStoreHasAndTtlMayFailToo) {
  Fleet fleet({.with_store = false, .namespace_defaults = {.without_proof = WithoutProof::kFail}});
  EXPECT_THAT(fleet.users(0).Set("42", "Ada"), IsOk());
  EXPECT_THAT(fleet.users(1).Has("42"), IsOkAndHolds(true));
  fleet.line(1).FailAll(absl::UnavailableError("the line is cut"));
  fleet.Pass(absl::Seconds(3));
  EXPECT_THAT(fleet.users(1).Has("42"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(fleet.users(1).Ttl("42"), StatusIs(absl::StatusCode::kUnavailable));
}

class NoBusTest : public ::testing::Test {
 protected:
  Fleet fleet_{{.coherence = {.bus = Bus::kNone, .claim_wait = absl::ZeroDuration()},
                .namespace_defaults = {.ttl = absl::Seconds(10)}}};
};

TEST_F(NoBusTest, ACopyIsServedUntilItsTtlRunsOut) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(fleet_.users(1).Get("42")->tier, Tier::kShared);
  fleet_.Pass(absl::Seconds(5));
  EXPECT_THAT(fleet_.users(0).Set("42", "Grace"), IsOk());
  fleet_.Pass(absl::Seconds(4));
  const auto copy = fleet_.users(1).Get("42");
  EXPECT_EQ(Text(copy), "Ada");
  EXPECT_EQ(copy->tier, Tier::kMemory);
  EXPECT_EQ(copy->staleness, absl::InfiniteDuration());
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Grace");
  fleet_.Pass(absl::Seconds(1));
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Grace");
}

TEST_F(NoBusTest, AReaderMayAskForLessStaleness) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  EXPECT_THAT(fleet_.users(0).Set("42", "Grace"), IsOk());
  EXPECT_EQ(Text(fleet_.users(1).Get("42", {.staleness_max = absl::Seconds(2)})), "Grace");
  EXPECT_EQ(Text(fleet_.users(1).Get("42", {.staleness_max = absl::ZeroDuration()})), "Grace");
}

TEST_F(NoBusTest, MemoryOutlivesWhatOthersAndTheServerDo) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada"), IsOk());
  EXPECT_THAT(fleet_.users(1).Clear(), IsOk());
  fleet_.server().Flush();
  fleet_.Pass(absl::Seconds(5));
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "Ada");
  EXPECT_EQ(fleet_.users(0).stats().shared_resyncs, 0U);
}

TEST_F(NoBusTest, EntriesWithoutATtlAreRefused) {
  const Namespace pages = fleet_.cache(0).In("pages", {.use_backing = false});
  EXPECT_THAT(pages.status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace trivet::testing
