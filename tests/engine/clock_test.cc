#include "trivet/clock.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trivet {
namespace {

TEST(SystemClock, IsOneObject) { EXPECT_EQ(Clock::System(), Clock::System()); }

TEST(SystemClock, ElapsedTimeNeverDecreases) {
  absl::Duration last = Clock::System()->Elapsed();
  for (int i = 0; i < 100'000; ++i) {
    const absl::Duration now = Clock::System()->Elapsed();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, ElapsedTimeMoves) {
  const absl::Duration start = Clock::System()->Elapsed();
  while (Clock::System()->Elapsed() == start) continue;
}

TEST(SystemClock, WallTimeIsTheCalendar) {
  const absl::Time before = absl::Now();
  const absl::Time wall = Clock::System()->WallTime();
  EXPECT_GE(wall, before - absl::Minutes(1));
  EXPECT_LE(wall, absl::Now() + absl::Minutes(1));
}

TEST(SystemClock, WaitSliceIsWhatIsLeft) {
  const Clock& clock = *Clock::System();
  const absl::Duration now = clock.Elapsed();
  EXPECT_EQ(clock.WaitSlice(now - absl::Hours(1)), absl::ZeroDuration());
  EXPECT_EQ(clock.WaitSlice(now), absl::ZeroDuration());
  EXPECT_EQ(clock.WaitSlice(absl::InfiniteDuration()), absl::InfiniteDuration());
  const absl::Duration slice = clock.WaitSlice(now + absl::Hours(1));
  EXPECT_LE(slice, absl::Hours(1));
  EXPECT_GE(slice, absl::Minutes(1));
}

TEST(ManualClock, StartsWhereItSays) {
  const ManualClock clock;
  EXPECT_EQ(clock.Elapsed(), absl::ZeroDuration());
  EXPECT_EQ(clock.WallTime(), absl::FromCivil(absl::CivilSecond(2020, 1, 1), absl::UTCTimeZone()));
}

TEST(ManualClock, AdvanceMovesBothReadings) {
  ManualClock clock;
  const absl::Time start = clock.WallTime();
  clock.Advance(absl::Milliseconds(7));
  clock.Advance(absl::ZeroDuration());
  clock.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(clock.Elapsed(), absl::Nanoseconds(7'000'001));
  EXPECT_EQ(clock.WallTime() - start, absl::Nanoseconds(7'000'001));
}

TEST(ManualClock, JumpsOfTheCalendarLeaveElapsedTimeAlone) {
  ManualClock clock;
  const absl::Time start = clock.WallTime();
  clock.Advance(absl::Seconds(1));
  clock.JumpWallTime(-absl::Hours(1));
  EXPECT_EQ(clock.Elapsed(), absl::Seconds(1));
  EXPECT_EQ(clock.WallTime(), start + absl::Seconds(1) - absl::Hours(1));
}

TEST(ManualClock, WaitersLookEveryMillisecondUntilTheDeadline) {
  ManualClock clock;
  clock.Advance(absl::Seconds(10));
  EXPECT_EQ(clock.WaitSlice(absl::Seconds(9)), absl::ZeroDuration());
  EXPECT_EQ(clock.WaitSlice(absl::Seconds(10)), absl::ZeroDuration());
  EXPECT_EQ(clock.WaitSlice(absl::Seconds(10) + absl::Nanoseconds(1)), absl::Milliseconds(1));
  EXPECT_EQ(clock.WaitSlice(absl::InfiniteDuration()), absl::Milliseconds(1));
}

TEST(ManualClockDeathTest, RefusesToGoBack) {
  ManualClock clock;
  EXPECT_DEATH(clock.Advance(-absl::Nanoseconds(1)), "never decreases");
  EXPECT_DEATH(clock.Advance(absl::InfiniteDuration()), "century");
}

}  // namespace
}  // namespace trivet
