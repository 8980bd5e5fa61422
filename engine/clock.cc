#include "trivet/clock.h"

#include <time.h>

#include <algorithm>
#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/check.h"

namespace trivet {
namespace {

// It is read on hits of entries with a TTL, so it takes the coarse clock: a few nanoseconds where
// the precise one costs about twenty. It moves in steps of the kernel's tick (1 to 10 ms) and
// is at most one step behind, which TTLs do not notice; latencies are not measured with it. Like
// every CLOCK_MONOTONIC it stands still while the machine is suspended.
class SystemClock final : public Clock {
 public:
  absl::Duration Elapsed() const override {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return absl::DurationFromTimespec(now);
  }

  int64_t ElapsedMillis() const override {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  }

  absl::Duration Suspended() const override {
    timespec with;
    timespec without;
    clock_gettime(CLOCK_BOOTTIME, &with);
    clock_gettime(CLOCK_MONOTONIC, &without);
    return absl::DurationFromTimespec(with) - absl::DurationFromTimespec(without);
  }

  // The precise clock: the coarse one is a step behind when a lease ends.
  absl::Duration ElapsedWithSuspend() const override {
    timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return absl::DurationFromTimespec(now);
  }

  absl::Time WallTime() const override { return absl::Now(); }

  // A thread that slept for all of it may still read an Elapsed() one step before its deadline, and
  // sleeps again for what is left of the step: one more reason for callers to loop.
  absl::Duration WaitSlice(absl::Duration deadline) const override {
    return std::max(absl::ZeroDuration(), deadline - Elapsed());
  }
};

constexpr absl::Duration kManualWaitSlice = absl::Milliseconds(1);

// 2020-01-01 00:00 UTC.
constexpr absl::Time kManualEpoch = absl::FromUnixSeconds(1577836800);

// Nanoseconds in 64 bits reach 292 years: enough for any test, and small enough to be atomic.
int64_t ToNanoseconds(absl::Duration duration) {
  TRIVET_CHECK(absl::AbsDuration(duration) < absl::Hours(24 * 365 * 100),
               "manual clocks move by less than a century at a time");
  return absl::ToInt64Nanoseconds(duration);
}

}  // namespace

Clock* Clock::System() {
  // Never destroyed: threads may read the time while the program ends.
  static Clock* const clock = new SystemClock;
  return clock;
}

absl::Duration ManualClock::Elapsed() const { return absl::Nanoseconds(elapsed_ns_.load()); }

absl::Time ManualClock::WallTime() const {
  return kManualEpoch + Elapsed() + absl::Nanoseconds(wall_offset_ns_.load());
}

absl::Duration ManualClock::WaitSlice(absl::Duration deadline) const {
  return deadline <= Elapsed() ? absl::ZeroDuration() : kManualWaitSlice;
}

void ManualClock::Advance(absl::Duration by) {
  TRIVET_CHECK(by >= absl::ZeroDuration(), "elapsed time never decreases");
  elapsed_ns_.fetch_add(ToNanoseconds(by));
}

absl::Duration ManualClock::Suspended() const { return absl::Nanoseconds(suspended_ns_.load()); }

void ManualClock::Suspend(absl::Duration by) {
  TRIVET_CHECK(by >= absl::ZeroDuration(), "nobody sleeps backwards");
  suspended_ns_.fetch_add(ToNanoseconds(by));
  JumpWallTime(by);
}

void ManualClock::JumpWallTime(absl::Duration by) { wall_offset_ns_.fetch_add(ToNanoseconds(by)); }

}  // namespace trivet
