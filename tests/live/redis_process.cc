#include "tests/live/redis_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/check.h"

namespace trivet::testing {
namespace {

constexpr absl::Duration kAnswerTime = absl::Seconds(1);
constexpr absl::Duration kStartTime = absl::Seconds(20);

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

}  // namespace

RedisProcess::RedisProcess(std::string folder) : folder_(std::move(folder)), port_(FreePort()) {
  std::filesystem::create_directories(folder_);
  client_ = NewClient();
}

std::unique_ptr<sync::RedisClient> RedisProcess::NewClient() const {
  auto client = sync::RedisClient::Open({.url = absl::StrCat("redis://127.0.0.1:", port_),
                                         .connections = 1,
                                         .client_name = "nemesis",
                                         .backoff_min = absl::Milliseconds(1),
                                         .backoff_max = absl::Milliseconds(20),
                                         .abandoned_max = absl::Minutes(1)});
  TRIVET_CHECK(client.ok(), client.status().ToString());
  return *std::move(client);
}

void RedisProcess::Start(bool empty) {
  if (empty) unlink(SavedFile().c_str());
  std::vector<std::string> words = {"setpriv",
                                    "--pdeathsig",
                                    "KILL",
                                    "redis-server",
                                    "--port",
                                    absl::StrCat(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--dir",
                                    folder_,
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "no",
                                    "--repl-diskless-load",
                                    "on-empty-db",
                                    "--repl-diskless-sync-delay",
                                    "0"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  TRIVET_CHECK(posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) == 0,
               "this needs setpriv and redis-server");
  posix_spawn_file_actions_destroy(&actions);
  const absl::Time give_up = absl::Now() + kStartTime;
  while (!Do({"PING"}).is_status("PONG")) {
    TRIVET_CHECK(absl::Now() < give_up, "redis-server does not start");
    absl::SleepFor(absl::Milliseconds(5));
  }
}

void RedisProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::Pause() { kill(pid_, SIGSTOP); }

void RedisProcess::Resume() { kill(pid_, SIGCONT); }

sync::Reply RedisProcess::Do(std::initializer_list<std::string_view> words) {
  auto reply = client_->Call(words, client_->In(kAnswerTime));
  return reply.ok() ? *std::move(reply) : sync::Reply();
}

void RedisProcess::RunEndlessScript() {
  const auto client = NewClient();
  client->Call({"EVAL", "while true do end", "0"}, client->In(absl::Minutes(1))).IgnoreError();
}

}  // namespace trivet::testing
