// A real redis-server of a test's own, on a unix socket and a loopback port.
#ifndef TRIVET_TESTS_SYNC_REDIS_SERVER_H_
#define TRIVET_TESTS_SYNC_REDIS_SERVER_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sync/redis_client.h"
#include "tests/store/temp_folder.h"
#include "trivet/redis_options.h"

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

class RedisServer {
 public:
  // `settings` as on the command line: {"--requirepass", "secret"}. Starts at once.
  explicit RedisServer(std::vector<std::string> settings = {})
      : settings_(std::move(settings)), port_(FreePort()) {
    Start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { Kill(); }

  std::string UnixUrl() const { return "unix://" + folder_.File("redis.sock"); }
  std::string TcpUrl(const std::string& host = "127.0.0.1") const {
    return "redis://" + host + ":" + std::to_string(port_);
  }

  // Starts it again, empty, after Kill, and waits until it listens.
  void Start() {
    const std::string socket = folder_.File("redis.sock");
    unlink(socket.c_str());
    // A test that crashes takes its servers along: setpriv becomes the server.
    std::vector<std::string> words = {"setpriv",
                                      "--pdeathsig",
                                      "KILL",
                                      "redis-server",
                                      "--port",
                                      std::to_string(port_),
                                      "--bind",
                                      "127.0.0.1",
                                      "--unixsocket",
                                      socket,
                                      "--dir",
                                      folder_.path(),
                                      "--save",
                                      "",
                                      "--appendonly",
                                      "no",
                                      "--daemonize",
                                      "no",
                                      "--enable-debug-command",
                                      "local"};
    words.insert(words.end(), settings_.begin(), settings_.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ASSERT_EQ(posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ), 0)
        << "these tests need setpriv and redis-server";
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_TRUE(Eventually([&] { return access(socket.c_str(), F_OK) == 0 && Answers(); }));
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

  // Any answer will do: some servers want a password.
  bool Answers() const {
    auto client = sync::RedisClient::Open({.url = UnixUrl()});
    const auto reply = (*client)->Call({"PING"}, (*client)->In(kLong));
    return reply.ok() || !absl::IsUnavailable(reply.status());
  }

  static uint16_t FreePort() {
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

  const TempFolder folder_;
  const std::vector<std::string> settings_;
  const uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_REDIS_SERVER_H_
