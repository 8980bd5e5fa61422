#include "store/row_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace trivet::store {
namespace {

constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

TEST(RowTimeTest, ExpiryIsRoundedUpAndThePresentDown) {
  const absl::Time whole = absl::FromUnixMillis(1000);
  EXPECT_EQ(ToRowTime(whole), 1000);
  EXPECT_EQ(ToRowTime(whole + absl::Nanoseconds(1)), 1001);
  EXPECT_EQ(ToRowNow(whole), 1000);
  EXPECT_EQ(ToRowNow(whole + absl::Microseconds(999)), 1000);
}

TEST(RowTimeTest, BeforeNineteenSeventyTheDirectionsAreTheSame) {
  const absl::Time whole = absl::FromUnixMillis(-1000);
  EXPECT_EQ(ToRowTime(whole + absl::Nanoseconds(1)), -999);
  EXPECT_EQ(ToRowNow(whole - absl::Nanoseconds(1)), -1001);
}

TEST(RowTimeTest, NeverIsNoTime) {
  EXPECT_EQ(ToRowTime(absl::InfiniteFuture()), std::nullopt);
  EXPECT_EQ(FromRowTime(std::nullopt), absl::InfiniteFuture());
}

TEST(RowTimeTest, TimesBeyondReachAreMovedToTheEnds) {
  EXPECT_EQ(ToRowTime(absl::InfinitePast()), kFirst);
  EXPECT_EQ(ToRowTime(absl::FromUnixSeconds(kLast)), kLast);
  EXPECT_EQ(ToRowTime(absl::FromUnixSeconds(kFirst)), kFirst);
}

TEST(RowTimeTest, ARowIsDeadFromItsExpiryOn) {
  EXPECT_TRUE(IsLive(1000, 999));
  EXPECT_FALSE(IsLive(1000, 1000));
  EXPECT_FALSE(IsLive(1000, 1001));
  EXPECT_TRUE(IsLive(std::nullopt, kLast));
}

TEST(RowTimeTest, NothingExpiresBeforeItsTime) {
  const absl::Time start = absl::FromUnixMillis(5000);
  for (int ns = 0; ns < 3'000'000; ns += 100'003) {
    const absl::Time expiry = start + absl::Nanoseconds(ns);
    EXPECT_TRUE(IsLive(ToRowTime(expiry), ToRowNow(expiry - absl::Nanoseconds(1))));
    EXPECT_FALSE(IsLive(ToRowTime(expiry), ToRowNow(expiry + absl::Milliseconds(1))));
  }
}

}  // namespace
}  // namespace trivet::store
