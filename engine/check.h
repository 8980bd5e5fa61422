// Assertions for our own mistakes. Never for what a user, a file or the network may send.
#ifndef TRIVET_ENGINE_CHECK_H_
#define TRIVET_ENGINE_CHECK_H_

#include <string_view>

#include "absl/base/optimization.h"

namespace trivet::engine {

// Writes file, line, condition and message to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view message);

}  // namespace trivet::engine

// Aborts unless the condition holds, in every build. The message is a literal or a std::string; it
// is made only on failure. Keys and values have no place in it.
//
//   TRIVET_CHECK(size_ == 0, "entries left behind: " + std::to_string(size_));
#define TRIVET_CHECK(condition, message)           \
  (ABSL_PREDICT_TRUE(static_cast<bool>(condition)) \
       ? static_cast<void>(0)                      \
       : ::trivet::engine::CheckFailed(__FILE__, __LINE__, #condition, (message)))

// The same in builds without NDEBUG; in others the arguments are compiled and never evaluated.
#ifdef NDEBUG
#define TRIVET_DCHECK(condition, message) \
  while (false) TRIVET_CHECK(condition, message)
#else
#define TRIVET_DCHECK(condition, message) TRIVET_CHECK(condition, message)
#endif

#endif  // TRIVET_ENGINE_CHECK_H_
