// Writes that are refused when a later holder of a lock has written.
#ifndef TRIVET_WRITE_FENCE_H_
#define TRIVET_WRITE_FENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trivet {

// Names of locks as fences have them: those of Lock::fence(), or any others.
inline constexpr size_t kFenceNameBytesMax = 1024;
inline constexpr uint64_t kFenceTokenMax = uint64_t{1} << 62;

// Says for which lock a write is done, and by which of its holders; see docs/locks.md. The database
// keeps the greatest token it has seen for each name. A write with a smaller one comes from a
// holder that lost the lock without noticing: it changes nothing and is answered with an error that
// IsFencedOut() knows. Both happen in the transaction of the write itself.
//
//   absl::StatusOr<trivet::Lock> lock = users.Lock("rebuild");
//   users.Set("42", json, {.fence = lock->fence()});
struct WriteFence {
  std::string lock = {};  // 1 to kFenceNameBytesMax bytes
  uint64_t token = 0;     // 1 to kFenceTokenMax

  friend bool operator==(const WriteFence&, const WriteFence&) = default;
};

// InvalidArgument naming the field, which is of `of`, or OK.
absl::Status Validate(const WriteFence& fence, std::string_view of = "WriteFence");

// FailedPrecondition: a holder with a greater token has written.
absl::Status FencedOutError();
// Whether it is that error.
bool IsFencedOut(const absl::Status& status);

}  // namespace trivet

#endif  // TRIVET_WRITE_FENCE_H_
