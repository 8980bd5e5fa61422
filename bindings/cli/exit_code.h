// What the exit status of the command says.
#ifndef TRIVET_BINDINGS_CLI_EXIT_CODE_H_
#define TRIVET_BINDINGS_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace trivet::cli {

enum class ExitCode : int {
  kOk = 0,
  kNotFound = 1,     // get, mget, del, tags show: a key is not there
  kUsage = 2,        // a wrong option or argument; nothing was done
  kFailure = 3,      // a file, database or server could not be read or written
  kCheckFailed = 4,  // demo: a stale or wrong answer; doctor: a problem
};

inline ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  return absl::IsInvalidArgument(status) ? ExitCode::kUsage : ExitCode::kFailure;
}

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_EXIT_CODE_H_
