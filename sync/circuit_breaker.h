// Keeps threads from waiting for a server that has stopped answering.
#ifndef TRIVET_SYNC_CIRCUIT_BREAKER_H_
#define TRIVET_SYNC_CIRCUIT_BREAKER_H_

#include <atomic>

#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/clock.h"

namespace trivet::sync {

//   closed ──so many timeouts in a row──► open ──the pause is over──► half-open
//     ▲                                    ▲                             │ one thread probes
//     ├───────── the probe timed out ──────┘◄────────────────────────────┤
//     └───────── any answer, also to what was sent before ◄──────────────┘
//
// What counts is silence: an error reply is an answer, and a refused connection costs no time.
//
// Thread-safety: all methods may be called from any thread at any time. A few nanoseconds while
// closed, a mutex otherwise.
class CircuitBreaker {
 public:
  enum class Permit {
    kGo,
    kProbe,  // the caller asks the server for a sign of life first, and reports what came of it
    kStop,
  };
  enum class State { kClosed, kOpen, kHalfOpen };

  // `timeouts_max` in a row open it, for `pause` at a time.
  CircuitBreaker(int timeouts_max, absl::Duration pause, const Clock& clock)
      : timeouts_max_(timeouts_max), pause_(pause), clock_(clock) {}

  // May a request be sent?
  Permit Ask();

  // The server has answered something.
  void Answered();

  // A request ended by its deadline.
  void TimedOut();

  // The probe got no answer, for whatever reason. REQUIRES: after kProbe; once.
  void ProbeFailed();

  State state() const;

 private:
  void Open() TRIVET_REQUIRES(mutex_);

  const int timeouts_max_;
  const absl::Duration pause_;
  const Clock& clock_;

  std::atomic<int> timeouts_{0};      // in a row
  std::atomic<bool> is_open_{false};  // or half-open; changes under the mutex
  mutable engine::Mutex mutex_;
  bool probing_ TRIVET_GUARDED_BY(mutex_) = false;
  absl::Duration open_until_ TRIVET_GUARDED_BY(mutex_) = absl::ZeroDuration();
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_CIRCUIT_BREAKER_H_
