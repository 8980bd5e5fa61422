// A process of a test's own.
#ifndef TRIVET_TESTS_SUPPORT_CHILD_PROCESS_H_
#define TRIVET_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace trivet::testing {

// A loopback port that nobody listens on.
uint16_t FreePort();

// Killed at the end; a test that crashes takes it along. What it prints goes nowhere, but errors.
//
// Thread-safety: one call at a time.
class ChildProcess {
 public:
  ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() { Kill(); }

  // The program, which is looked for in PATH, and its arguments. REQUIRES: none runs.
  void Start(const std::vector<std::string>& command);

  void Kill();
  // Hangs: connections stand, and nothing is answered.
  void Pause();
  void Resume();
  // Until it ends by itself. True: without an error.
  bool AwaitEnd();

 private:
  void Signal(int signal);

  pid_t pid_ = -1;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_CHILD_PROCESS_H_
