#include "tests/support/child_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "engine/check.h"

namespace trivet::testing {

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  TRIVET_CHECK(bound, "no port is free");
  return ntohs(address.sin_port);
}

void ChildProcess::Start(const std::vector<std::string>& command) {
  // setpriv becomes the program.
  std::vector<std::string> words = {"setpriv", "--pdeathsig", "KILL"};
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  TRIVET_CHECK(posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) == 0,
               "this test needs setpriv, of util-linux");
  posix_spawn_file_actions_destroy(&actions);
}

void ChildProcess::Kill() {
  if (pid_ <= 0) return;
  Signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ChildProcess::Pause() {
  Signal(SIGSTOP);
  waitpid(pid_, nullptr, WUNTRACED);
}

void ChildProcess::Resume() { Signal(SIGCONT); }

bool ChildProcess::AwaitEnd() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return status == 0;
}

void ChildProcess::Signal(int signal) {
  TRIVET_CHECK(pid_ > 0 && kill(pid_, signal) == 0, "the process is not there");
}

}  // namespace trivet::testing
