#include "tests/live/redis_process.h"

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
  const std::vector<std::string> words = {"redis-server",
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
  process_.Start(words);
  const absl::Time give_up = absl::Now() + kStartTime;
  while (!Do({"PING"}).is_status("PONG")) {
    TRIVET_CHECK(absl::Now() < give_up, "redis-server does not start");
    absl::SleepFor(absl::Milliseconds(5));
  }
}

sync::Reply RedisProcess::Do(std::initializer_list<std::string_view> words) {
  auto reply = client_->Call(words, client_->In(kAnswerTime));
  return reply.ok() ? *std::move(reply) : sync::Reply();
}

void RedisProcess::RunEndlessScript() {
  const auto client = NewClient();
  client->Call({"EVAL", "while true do end", "0"}, client->In(absl::Minutes(1))).IgnoreError();
}

}  // namespace trivet::testing
