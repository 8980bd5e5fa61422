// Waiting for what another thread or process brings about.
#ifndef TRIVET_TESTS_SUPPORT_EVENTUALLY_H_
#define TRIVET_TESTS_SUPPORT_EVENTUALLY_H_

#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trivet::testing {

// Long enough for a loaded machine; a test that waits for it has failed.
inline constexpr absl::Duration kLong = absl::Seconds(30);

template <typename Condition>
bool Eventually(const Condition& condition) {
  const absl::Time give_up = absl::Now() + kLong;
  while (!condition()) {
    if (absl::Now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_EVENTUALLY_H_
