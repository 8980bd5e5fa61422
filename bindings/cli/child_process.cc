#include "bindings/cli/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <thread>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace trivet::cli {
namespace {

constexpr int kCannotExecute = 127;
constexpr std::chrono::milliseconds kLookEvery{2};

// Between fork and exec: only what is safe in a signal handler. Other threads may have held locks.
[[noreturn]] void Become(char* const* words, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotExecute);  // it ended before the line above
  const int null = open("/dev/null", O_RDWR);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
    _exit(kCannotExecute);
  }
  execv(words[0], words);
  _exit(kCannotExecute);
}

}  // namespace

absl::StatusOr<std::string> FindProgram(const std::string& name) {
  const char* const path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "" : path, ':')) {
    if (folder.empty()) continue;
    const std::string file = std::string(folder) + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return absl::NotFoundError(name + " is not on the PATH");
}

absl::StatusOr<ChildProcess> ChildProcess::Start(std::vector<std::string> words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, "cannot start " + words[0]);
  if (pid == 0) Become(arguments.data(), parent);
  return ChildProcess(pid);
}

void ChildProcess::NoteEnd(int status) {
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
}

bool ChildProcess::IsRunning() {
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) NoteEnd(status);
  return pid_ > 0;
}

void ChildProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  NoteEnd(status);
}

absl::StatusOr<int> ChildProcess::Await(absl::Duration timeout) {
  const absl::Time give_up = absl::Now() + timeout;
  while (IsRunning()) {
    if (absl::Now() > give_up) return absl::DeadlineExceededError("a process does not end");
    std::this_thread::sleep_for(kLookEvery);
  }
  return exit_;
}

}  // namespace trivet::cli
