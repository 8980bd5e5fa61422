// How one thread tells another that sleeps what has become of it.
#ifndef TRIVET_SYNC_WAKEUP_H_
#define TRIVET_SYNC_WAKEUP_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "trivet/clock.h"

namespace trivet::sync {

// A word that changes from 0 to something else, and one thread that sleeps until it does. A mutex
// and a condition variable would do; they take twice the system calls, for the woken thread finds
// the mutex still held by the one that woke it, and sleeps again.
//
// What was written before Tell() is seen after Await(). Tell() does not touch the object once Await
// can return, so that it may be gone by then.
class Wakeup {
 public:
  // Of any one thread; once, or again with another word for good reason. REQUIRES: `word` is not 0.
  void Tell(uint32_t word);

  // The word, or 0 if `until` (of Clock::Elapsed) passed first.
  uint32_t Await(const Clock& clock, absl::Duration until);

 private:
  std::atomic<uint32_t> word_{0};
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_WAKEUP_H_
