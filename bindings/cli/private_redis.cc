#include "bindings/cli/private_redis.h"

#include <unistd.h>

#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sync/redis_client.h"

namespace trivet::cli {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(5);

}  // namespace

absl::StatusOr<PrivateRedis> PrivateRedis::In(const std::string& folder) {
  absl::StatusOr<std::string> program = FindProgram("redis-server");
  if (!program.ok()) return program.status();
  return PrivateRedis(*std::move(program), folder);
}

absl::Status PrivateRedis::Start() {
  unlink(socket_.c_str());  // that of a server that was killed
  absl::StatusOr<ChildProcess> started = ChildProcess::Start(
      {program_, "--port", "0", "--unixsocket", socket_, "--unixsocketperm", "700", "--dir",
       folder_, "--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory", "64mb",
       "--maxmemory-policy", "volatile-lru"});
  if (!started.ok()) return started.status();
  process_.emplace(*std::move(started));

  auto client = sync::RedisClient::Open({.url = url(),
                                         .connections = 1,
                                         .backoff_min = absl::Milliseconds(1),
                                         .backoff_max = absl::Milliseconds(10)});
  if (!client.ok()) return client.status();
  const absl::Time give_up = absl::Now() + kStartTimeout;
  absl::Status status;
  while (process_->IsRunning() && absl::Now() < give_up) {
    status = (*client)->Call({"PING"}, (*client)->In(absl::Seconds(1))).status();
    if (status.ok()) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  process_.reset();
  return absl::UnavailableError(
      absl::StrCat(program_, " does not come up: ", status.ok() ? "it ended" : status.message()));
}

}  // namespace trivet::cli
