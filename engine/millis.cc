#include "engine/millis.h"

#include <algorithm>

namespace trivet::engine {

Millis CeilMillis(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return kNever;
  return static_cast<Millis>(
      absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))));
}

Millis ExpiryAfter(Millis now, absl::Duration ttl) {
  if (ttl == absl::InfiniteDuration()) return kNever;
  // What is left of a row may be negative by now.
  const Millis millis = CeilMillis(std::max(ttl, absl::ZeroDuration()));
  return millis == kNever ? kNever : now + millis;
}

absl::Duration RemainingUntil(Millis expires, Millis now) {
  if (expires == kNever) return absl::InfiniteDuration();
  return absl::Milliseconds(expires > now ? expires - now : 0);
}

}  // namespace trivet::engine
