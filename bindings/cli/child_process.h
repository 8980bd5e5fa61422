// A program that runs beside this one, and never longer.
#ifndef TRIVET_BINDINGS_CLI_CHILD_PROCESS_H_
#define TRIVET_BINDINGS_CLI_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivet::cli {

// The file of a program, as a shell would find it on the PATH. NotFound.
absl::StatusOr<std::string> FindProgram(const std::string& name);

// Killed with its owner, and by the system if the thread that started it ends first.
//
// Thread-safety: one thread at a time.
class ChildProcess {
 public:
  // `words` are the program's file and its arguments. Standard input and output are /dev/null;
  // standard error is ours. Internal if the system has no room for another process; what cannot be
  // executed exits with 127.
  static absl::StatusOr<ChildProcess> Start(std::vector<std::string> words);

  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), exit_(other.exit_) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(exit_, other.exit_);
    return *this;
  }
  ~ChildProcess() { Kill(); }

  // Whether it still runs.
  bool IsRunning();

  // At once, with SIGKILL, and waits for its end. Nothing if it has ended.
  void Kill();

  // Waits for its end, at most so long. Its exit status; 128 + the signal that ended it.
  // DeadlineExceeded: it still runs.
  absl::StatusOr<int> Await(absl::Duration timeout);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  void NoteEnd(int status);

  pid_t pid_ = -1;  // -1: it has ended
  int exit_ = 0;    // once it has
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_CHILD_PROCESS_H_
