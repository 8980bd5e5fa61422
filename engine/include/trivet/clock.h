// Time as the cache sees it: a seam, so that tests move time by hand and never sleep.
#ifndef TRIVET_CLOCK_H_
#define TRIVET_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace trivet {

// Two readings of time. Deadlines inside the process use Elapsed(), which no operator and no time
// server can turn back; what is written to a store for other processes uses WallTime().
//
// Thread-safety: all methods may be called from any thread at any time.
class Clock {
 public:
  virtual ~Clock() = default;

  // Time since an arbitrary fixed point. Never decreases. A few nanoseconds.
  virtual absl::Duration Elapsed() const = 0;

  // The same in whole milliseconds, rounded down. Hits on entries with a TTL read it.
  virtual int64_t ElapsedMillis() const { return absl::ToInt64Milliseconds(Elapsed()); }

  // For how long the machine has been suspended, while Elapsed() stood still; never decreases.
  virtual absl::Duration Suspended() const { return absl::ZeroDuration(); }

  // Elapsed() and Suspended() together, as exactly as the clock can: for what others give us for a
  // limited time, which goes on passing while we are suspended. Never decreases.
  virtual absl::Duration ElapsedWithSuspend() const { return Elapsed() + Suspended(); }

  // The calendar time, for what outlives the process. May jump.
  virtual absl::Time WallTime() const = 0;

  // How long a waiting thread may really sleep before it must look at Elapsed() again, when it
  // wants to be awake at `deadline` (a value of Elapsed()). Never negative.
  virtual absl::Duration WaitSlice(absl::Duration deadline) const = 0;

  // The clock of the operating system; lives for ever.
  static Clock* System();
};

// A clock that stands still until it is moved. For tests.
class ManualClock final : public Clock {
 public:
  // Starts at an elapsed time of zero, on 2020-01-01 00:00 UTC.
  ManualClock() = default;

  absl::Duration Elapsed() const override;
  absl::Duration Suspended() const override;
  absl::Time WallTime() const override;
  // Threads that wait on this clock look at it every millisecond of real time.
  absl::Duration WaitSlice(absl::Duration deadline) const override;

  // Moves both readings forward. REQUIRES: `by` is not negative.
  void Advance(absl::Duration by);

  // As if the machine had been suspended.
  void Suspend(absl::Duration by);

  // Moves the calendar alone, as an operator or a time server would; `by` may be negative.
  void JumpWallTime(absl::Duration by);

 private:
  std::atomic<int64_t> elapsed_ns_{0};
  std::atomic<int64_t> suspended_ns_{0};
  std::atomic<int64_t> wall_offset_ns_{0};
};

}  // namespace trivet

#endif  // TRIVET_CLOCK_H_
