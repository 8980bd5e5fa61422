#include "engine/millis.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace trivet::engine {
namespace {

TEST(Millis, TtlsAreRoundedUp) {
  EXPECT_EQ(CeilMillis(absl::Nanoseconds(1)), 1u);
  EXPECT_EQ(CeilMillis(absl::Milliseconds(1)), 1u);
  EXPECT_EQ(CeilMillis(absl::Milliseconds(1) + absl::Nanoseconds(1)), 2u);
  EXPECT_EQ(CeilMillis(absl::InfiniteDuration()), kNever);
}

TEST(Millis, ExpiriesAndWhatIsLeft) {
  EXPECT_EQ(ExpiryAfter(100, absl::Milliseconds(5)), 105u);
  EXPECT_EQ(ExpiryAfter(100, absl::InfiniteDuration()), kNever);
  EXPECT_EQ(RemainingUntil(105, 100), absl::Milliseconds(5));
  EXPECT_EQ(RemainingUntil(105, 200), absl::ZeroDuration());
  EXPECT_EQ(RemainingUntil(kNever, 200), absl::InfiniteDuration());
}

}  // namespace
}  // namespace trivet::engine
