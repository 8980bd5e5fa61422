// A server process of a test's own, on a loopback port.
#ifndef TRIVET_TESTS_SYNC_SERVER_PROCESS_H_
#define TRIVET_TESTS_SYNC_SERVER_PROCESS_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trivet::testing {

// Long enough for a loaded machine; a test that waits for it has failed.
inline constexpr absl::Duration kLong = absl::Seconds(30);

// Waits for a condition that another thread or process brings about.
template <typename Condition>
bool Eventually(const Condition& condition) {
  const absl::Time give_up = absl::Now() + kLong;
  while (!condition()) {
    if (absl::Now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

inline uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// Killed at the end; a test that crashes takes it along.
class ServerProcess {
 public:
  ServerProcess() = default;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() { Kill(); }

  // REQUIRES: it does not run.
  void Start(const std::vector<std::string>& command) {
    // setpriv becomes the server.
    std::vector<std::string> words = {"setpriv", "--pdeathsig", "KILL"};
    words.insert(words.end(), command.begin(), command.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ASSERT_EQ(posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ), 0)
        << "these tests need setpriv and redis-server";
    posix_spawn_file_actions_destroy(&actions);
  }

  void Kill() {
    if (pid_ <= 0) return;
    Signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // Hangs: connections stand, and nothing is answered.
  void Pause() {
    Signal(SIGSTOP);
    waitpid(pid_, nullptr, WUNTRACED);
  }
  void Resume() { Signal(SIGCONT); }

 private:
  void Signal(int signal) { ASSERT_EQ(kill(pid_, signal), 0); }

  pid_t pid_ = -1;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_SERVER_PROCESS_H_
