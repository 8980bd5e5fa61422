// Whether what several threads saw of one key could have happened one after the other.
#ifndef TRIVET_TESTS_SUPPORT_REGISTER_HISTORY_H_
#define TRIVET_TESTS_SUPPORT_REGISTER_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace trivet::testing {

// One operation on the key, and what it answered. Values are numbers, each written at most once;
// 0 is none. A value carries the tag `value % kTags`.
struct RegisterOp {
  static constexpr uint64_t kTags = 3;
  static constexpr uint64_t kSomeValue = ~uint64_t{0};  // there was one; which was not told

  enum class Kind {
    kSet,
    kSetIfAbsent,
    kSetIfPresent,
    kSetIfVersion,
    kRemove,      // Delete, Take
    kRead,        // Get
    kLook,        // Find: memory alone
    kDrop,        // Invalidate, Clear
    kDropTagged,  // InvalidateTag
  };

  // See RegisterRules::may_expire.
  static bool IsMortal(uint64_t value) { return value % kTags == 0; }

  Kind kind = Kind::kRead;
  // When it was called and when it returned, by a counter that all threads share.
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t argument = 0;  // the value to set; the tag to drop
  uint64_t if_version = 0;
  bool applied = false;  // sets
  uint64_t value = 0;    // reads and removals
  uint64_t version = 0;  // sets and reads; 0 where it was not told
};

// The key as it is between two operations.
struct RegisterState {
  uint64_t value = 0;
  uint64_t version = 0;
  uint64_t newest_version = 0;  // of all writes so far
  friend bool operator==(const RegisterState&, const RegisterState&) = default;
};

struct RegisterRules {
  bool may_lose = false;       // evicted values are gone
  bool may_expire = false;     // mortal values are gone some time
  bool look_may_miss = false;  // memory need not have what is there
};

// True if there is an order of the operations that agrees with their times, with their answers, and
// with `initial`: the key is linearizable (M. Herlihy, J. Wing, 1990). Searched for as by J. Wing
// and C. Gong, "Testing and Verifying Concurrent Objects", 1993, with a memory of dead ends; the
// cost grows with the number of operations at one time, not with their number.
//
// REQUIRES: at most 64 operations.
bool IsLinearizable(std::vector<RegisterOp> ops, const RegisterState& initial, RegisterRules rules);

// For failures.
std::string ToString(const std::vector<RegisterOp>& ops);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_REGISTER_HISTORY_H_
