// Points in time as rows hold them: milliseconds since 1970, or NULL for never.
#ifndef TRIVET_STORE_ROW_TIME_H_
#define TRIVET_STORE_ROW_TIME_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

namespace trivet::store {

// Rounded up, so that nothing expires early; nullopt for the infinite future. Times beyond the
// reach of 64 bits are moved to its ends.
std::optional<int64_t> ToRowTime(absl::Time expires_at);
absl::Time FromRowTime(std::optional<int64_t> expires_at);

// The present in the same unit, rounded down.
int64_t ToRowNow(absl::Time now);

// Whether a row that expires then exists now.
inline bool IsLive(std::optional<int64_t> expires_at, int64_t now) {
  return !expires_at.has_value() || *expires_at > now;
}

}  // namespace trivet::store

#endif  // TRIVET_STORE_ROW_TIME_H_
