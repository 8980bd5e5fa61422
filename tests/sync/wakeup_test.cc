#include "sync/wakeup.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/time/time.h"
#include "tests/support/random_test.h"
#include "trivet/clock.h"

namespace trivet::sync {
namespace {

TEST(WakeupTest, WithoutAWordTheDeadlineOfTheClockDecides) {
  Wakeup wakeup;
  EXPECT_EQ(wakeup.Await(*Clock::System(), Clock::System()->Elapsed() + absl::Milliseconds(2)), 0u);
  ManualClock clock;
  std::thread mover([&] { clock.Advance(absl::Seconds(1)); });
  EXPECT_EQ(wakeup.Await(clock, absl::Seconds(1)), 0u);
  mover.join();
  wakeup.Tell(7);
  EXPECT_EQ(wakeup.Await(clock, absl::ZeroDuration()), 7u);
}

TEST(WakeupTest, WhatWasWrittenBeforeIsSeenAfter) {
  for (size_t i = 0; i < trivet::testing::ScaledCount(2000); ++i) {
    Wakeup* wakeup = new Wakeup;
    size_t written = 0;
    std::thread teller([&, wakeup] {
      written = i + 1;
      wakeup->Tell(1);
    });
    EXPECT_EQ(wakeup->Await(*Clock::System(), absl::InfiniteDuration()), 1u);
    EXPECT_EQ(written, i + 1);
    delete wakeup;  // perhaps before Tell returns
    teller.join();
  }
}

}  // namespace
}  // namespace trivet::sync
