// How the shared tier is told of changes.
#ifndef TRIVET_ENGINE_TELL_PART_H_
#define TRIVET_ENGINE_TELL_PART_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/clock.h"
#include "trivet/shared_tier.h"

namespace trivet::engine {

// Tokens and generations: a random number other than 0, so long that no two are the same.
uint64_t NewToken();

// Whether the error means that nobody is there who would answer anything else. All other errors
// concern what was asked.
bool IsAway(const absl::Status& error);

// Tells one part, with one command for all keys and one for all tags. Records of the kinds kKey,
// kTag, kPattern and kClear; their tokens are not looked at. `timeout` is for each command; a
// pattern, which takes the server a look at every key, has more. An answer that is not current, or
// an error: some may have been told. Repeating does no harm.
absl::StatusOr<SharedAnswer> TellPart(SharedTier& tier, const SharedPart& part,
                                      std::span<const SharedRecord> changes, const Clock& clock,
                                      absl::Duration timeout);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TELL_PART_H_
