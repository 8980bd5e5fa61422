// Time inside the cache.
#ifndef TRIVET_ENGINE_MILLIS_H_
#define TRIVET_ENGINE_MILLIS_H_

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace trivet::engine {

// Milliseconds of Clock::Elapsed().
using Millis = uint64_t;
inline constexpr Millis kNever = std::numeric_limits<Millis>::max();

// What Clock::Elapsed() reads may be so far behind: CLOCK_MONOTONIC_COARSE where the kernel ticks a
// hundred times a second.
inline constexpr absl::Duration kClockStep = absl::Milliseconds(10);

// Milliseconds, rounded up; kNever for infinity.
Millis CeilMillis(absl::Duration duration);
// A TTL, which may be negative, as an expiry.
Millis ExpiryAfter(Millis now, absl::Duration ttl);
// What is left until `expires`.
absl::Duration RemainingUntil(Millis expires, Millis now);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MILLIS_H_
