#include "sync/backoff.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/time/time.h"

namespace trivet::sync {
namespace {

TEST(BackoffTest, PausesDoubleUpToTheMostWithAJitterOfAHalf) {
  Backoff backoff(absl::Milliseconds(10), absl::Milliseconds(35));
  for (const int most : {10, 20, 35, 35, 35}) {
    const absl::Duration pause = backoff.Failed();
    EXPECT_GE(pause, absl::Milliseconds(most) / 2);
    EXPECT_LE(pause, absl::Milliseconds(most));
  }
  backoff.Succeeded();
  EXPECT_LE(backoff.Failed(), absl::Milliseconds(10));
}

TEST(BackoffTest, NoTwoComeBackAtTheSameMoment) {
  std::set<absl::Duration> pauses;
  for (int i = 0; i < 10; ++i) {
    pauses.insert(Backoff(absl::Seconds(1), absl::Seconds(1)).Failed());
  }
  EXPECT_GT(pauses.size(), 5u);
}

}  // namespace
}  // namespace trivet::sync
