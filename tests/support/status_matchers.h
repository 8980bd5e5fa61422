// What tests expect of absl::Status and absl::StatusOr.
//
//   EXPECT_THAT(users.Set("42", json), IsOk());
//   EXPECT_THAT(users.Has("42"), IsOkAndHolds(true));
//   EXPECT_THAT(users.Get(""), StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("key:")));
#ifndef TRIVET_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define TRIVET_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivet::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

MATCHER_P(IsOkAndHolds, inner, "is OK and holds what was expected") {
  if (!StatusOf(arg).ok()) {
    *result_listener << StatusOf(arg).ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(inner, *arg, result_listener);
}

MATCHER_P(StatusIs, code, "has the code " + absl::StatusCodeToString(code)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

// The same, with a matcher for the message.
MATCHER_P2(StatusIs, code, message, "has the code " + absl::StatusCodeToString(code)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code &&
         ::testing::ExplainMatchResult(message, std::string(StatusOf(arg).message()),
                                       result_listener);
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_STATUS_MATCHERS_H_
