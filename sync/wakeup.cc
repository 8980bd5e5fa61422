#include "sync/wakeup.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace trivet::sync {

// The kernel sleeps on plain memory, and std::atomic adds nothing to it here.
static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t) &&
              std::atomic<uint32_t>::is_always_lock_free);

void Wakeup::Tell(uint32_t word) {
  std::atomic<uint32_t>* const address = &word_;
  word_.store(word);
  // Only the address counts from here on. If something else lives there by now, a thread that waits
  // on it is woken for no reason, as can happen at any time.
  syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

uint32_t Wakeup::Await(const Clock& clock, absl::Duration until) {
  while (true) {
    if (const uint32_t word = word_.load(); word != 0) return word;
    if (clock.Elapsed() >= until) return 0;
    // An hour at most, so that infinite durations fit.
    const timespec timeout = absl::ToTimespec(std::min(clock.WaitSlice(until), absl::Hours(1)));
    syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, 0, &timeout, nullptr, 0);
  }
}

}  // namespace trivet::sync
