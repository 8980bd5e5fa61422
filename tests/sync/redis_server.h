// A real redis-server of a test's own, on a unix socket and a loopback port.
#ifndef TRIVET_TESTS_SYNC_REDIS_SERVER_H_
#define TRIVET_TESTS_SYNC_REDIS_SERVER_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sync/redis_client.h"
#include "tests/store/temp_folder.h"
#include "tests/support/child_process.h"
#include "tests/support/eventually.h"
#include "trivet/redis_options.h"

namespace trivet::testing {

class RedisServer {
 public:
  // `settings` as on the command line: {"--requirepass", "secret"}. Starts at once.
  explicit RedisServer(std::vector<std::string> settings = {})
      : settings_(std::move(settings)), port_(FreePort()) {
    Start();
  }

  uint16_t port() const { return port_; }
  std::string UnixUrl() const { return "unix://" + folder_.File("redis.sock"); }
  std::string TcpUrl(const std::string& host = "127.0.0.1") const {
    return "redis://" + host + ":" + std::to_string(port_);
  }

  // Starts it again, empty, after Kill, and waits until it listens.
  void Start() {
    const std::string socket = folder_.File("redis.sock");
    unlink(socket.c_str());
    std::vector<std::string> words = {"redis-server",
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
    process_.Start(words);
    ASSERT_TRUE(Eventually([&] { return access(socket.c_str(), F_OK) == 0 && Answers(); }));
  }

  void Kill() { process_.Kill(); }
  // Hangs: connections stand, and nothing is answered.
  void Pause() { process_.Pause(); }
  void Resume() { process_.Resume(); }

 private:
  // Any answer will do: some servers want a password.
  bool Answers() const {
    auto client = sync::RedisClient::Open({.url = UnixUrl()});
    const auto reply = (*client)->Call({"PING"}, (*client)->In(kLong));
    return reply.ok() || !absl::IsUnavailable(reply.status());
  }

  const TempFolder folder_;
  const std::vector<std::string> settings_;
  const uint16_t port_;
  ChildProcess process_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_REDIS_SERVER_H_
