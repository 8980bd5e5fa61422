#include "sync/redis_client.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "sync/redis_status.h"
#include "sync/redis_url.h"

namespace trivet::sync {
namespace {

// Rights change rarely.
constexpr absl::Duration kTeachAgain = absl::Minutes(1);

// Threads in the order in which they first called: spreads them evenly over few connections.
size_t NumberOfThisThread() {
  static std::atomic<size_t> next{0};
  thread_local const size_t number = next.fetch_add(1);
  return number;
}

absl::StatusOr<Reply> OnlyReply(absl::StatusOr<std::vector<Reply>> replies) {
  if (!replies.ok()) return replies.status();
  Reply& reply = replies->front();
  if (absl::Status status = StatusOf(reply); !status.ok()) return status;
  return std::move(reply);
}

Commands Ping() {
  Commands ping;
  (void)ping.Add({"PING"});
  return ping;
}

// By its digest, or in full where that is empty.
absl::Status AddScript(const ScriptCall& call, const std::string& digest, Commands& commands) {
  const std::string key_count = std::to_string(call.keys.size());
  std::vector<std::string_view> words = {digest.empty() ? "EVAL" : "EVALSHA",
                                         digest.empty() ? call.script->text() : digest, key_count};
  words.insert(words.end(), call.keys.begin(), call.keys.end());
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  return commands.Add(words);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisClient>> RedisClient::Open(const RedisOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<RedisUrl> url = ParseRedisUrl(options.url);
  if (!url.ok()) return url.status();
  return std::unique_ptr<RedisClient>(new RedisClient(*url, options));
}

RedisClient::RedisClient(const RedisUrl& url, const RedisOptions& options)
    : names_{.prefix = options.prefix, .database = url.database},
      clock_(options.clock != nullptr ? *options.clock : *Clock::System()),
      probe_timeout_(options.connect_timeout),
      breaker_(options.breaker_timeouts, options.breaker_pause, clock_) {
  for (size_t i = 0; i < options.connections; ++i) {
    connections_.push_back(std::make_unique<RedisConnection>(url, options));
  }
}

absl::StatusOr<Reply> RedisClient::Call(std::span<const std::string_view> arguments,
                                        absl::Duration deadline) {
  Commands commands;
  if (absl::Status status = commands.Add(arguments); !status.ok()) return status;
  return OnlyReply(CallMany(commands, deadline));
}

absl::StatusOr<std::vector<Reply>> RedisClient::CallMany(const Commands& commands,
                                                         absl::Duration deadline,
                                                         uint64_t* server) {
  // Neither says anything about the server, so the breaker need not know.
  if (commands.count() == 0) return std::vector<Reply>();
  if (clock_.Elapsed() >= deadline) {
    return MakeRedisStatus(RedisError::kTimeout, Executed::kNo, "the deadline has passed");
  }
  RedisConnection& connection = ConnectionOfThisThread();
  if (absl::Status status = AskBreaker(connection, deadline); !status.ok()) return status;
  absl::StatusOr<std::vector<Reply>> replies = Send(connection, commands, deadline, server);
  if (KindOf(replies.status()) == RedisError::kDisconnected && !MaybeExecuted(replies.status())) {
    return Send(connection, commands, deadline, server);
  }
  return replies;
}

absl::StatusOr<Reply> RedisClient::Run(Script& script, std::span<const std::string_view> keys,
                                       std::span<const std::string_view> arguments,
                                       absl::Duration deadline) {
  const ScriptCall call{.script = &script,
                        .keys = {keys.begin(), keys.end()},
                        .arguments = {arguments.begin(), arguments.end()}};
  return OnlyReply(RunMany({&call, 1}, deadline));
}

absl::StatusOr<std::vector<Reply>> RedisClient::RunMany(std::span<const ScriptCall> calls,
                                                        absl::Duration deadline, uint64_t* server) {
  Commands commands;
  for (const ScriptCall& call : calls) {
    if (absl::Status status = Teach(*call.script, deadline); !status.ok()) return status;
    if (absl::Status status = AddScript(call, call.script->digest(), commands); !status.ok()) {
      return status;
    }
  }
  absl::StatusOr<std::vector<Reply>> replies = CallMany(commands, deadline, server);
  if (!replies.ok()) return replies;

  // The server was started again, or another one took its place. EVAL teaches it the script.
  Commands in_full;
  std::vector<size_t> unknown;
  for (size_t i = 0; i < replies->size(); ++i) {
    if (KindOf(StatusOf((*replies)[i])) != RedisError::kNoScript) continue;
    unknown.push_back(i);
    if (absl::Status status = AddScript(calls[i], "", in_full); !status.ok()) return status;
  }
  if (unknown.empty()) return replies;
  uint64_t second_server = 0;
  absl::StatusOr<std::vector<Reply>> rest = CallMany(in_full, deadline, &second_server);
  if (!rest.ok()) return rest;
  for (size_t i = 0; i < unknown.size(); ++i) (*replies)[unknown[i]] = std::move((*rest)[i]);
  if (server != nullptr && *server != second_server) *server = 0;
  return replies;
}

// Lets a server tell the digest, if none has yet.
absl::Status RedisClient::Teach(Script& script, absl::Duration deadline) {
  if (!script.digest().empty()) return absl::OkStatus();
  const int64_t now = absl::ToInt64Nanoseconds(clock_.Elapsed());
  if (now < untaught_until_.load(std::memory_order_relaxed)) return absl::OkStatus();
  absl::StatusOr<Reply> told = Call({"SCRIPT", "LOAD", script.text()}, deadline);
  if (KindOf(told.status()) == RedisError::kNoPermission) {
    // There may still be the right to EVAL.
    untaught_until_.store(now + absl::ToInt64Nanoseconds(kTeachAgain), std::memory_order_relaxed);
    return absl::OkStatus();
  }
  if (!told.ok()) return told.status();
  if (told->is_string()) script.set_digest(told->text);
  return absl::OkStatus();
}

uint64_t RedisClient::connects() const {
  uint64_t sum = 0;
  for (const auto& connection : connections_) sum += connection->connects();
  return sum;
}

RedisConnection& RedisClient::ConnectionOfThisThread() {
  return *connections_[NumberOfThisThread() % connections_.size()];
}

absl::Status RedisClient::AskBreaker(RedisConnection& connection, absl::Duration deadline) {
  switch (breaker_.Ask()) {
    case CircuitBreaker::Permit::kGo:
      return absl::OkStatus();
    case CircuitBreaker::Permit::kStop:
      break;
    case CircuitBreaker::Permit::kProbe:
      static const Commands ping = Ping();
      if (Send(connection, ping, std::min(deadline, In(probe_timeout_))).ok()) {
        return absl::OkStatus();
      }
      breaker_.ProbeFailed();
      break;
  }
  return MakeRedisStatus(RedisError::kBreakerOpen, Executed::kNo,
                         "the server did not answer lately; not tried");
}

absl::StatusOr<std::vector<Reply>> RedisClient::Send(RedisConnection& connection,
                                                     const Commands& commands,
                                                     absl::Duration deadline, uint64_t* server) {
  absl::StatusOr<std::vector<Reply>> replies = connection.Call(commands, deadline, server);
  if (replies.ok()) {
    breaker_.Answered();
  } else if (KindOf(replies.status()) == RedisError::kTimeout) {
    breaker_.TimedOut();
  }
  return replies;
}

}  // namespace trivet::sync
