#include "sync/redis_client.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "sync/redis_status.h"
#include "sync/redis_url.h"

namespace trivet::sync {
namespace {

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

// EVAL and EVALSHA, which differ in how they name the script.
std::vector<std::string_view> Invocation(std::string_view verb, std::string_view script,
                                         std::string_view key_count,
                                         std::span<const std::string_view> keys,
                                         std::span<const std::string_view> arguments) {
  std::vector<std::string_view> words = {verb, script, key_count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisClient>> RedisClient::Open(const RedisOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<RedisUrl> url = ParseRedisUrl(options.url);
  if (!url.ok()) return url.status();
  return std::unique_ptr<RedisClient>(new RedisClient(*url, options));
}

RedisClient::RedisClient(const RedisUrl& url, const RedisOptions& options)
    : clock_(options.clock != nullptr ? *options.clock : *Clock::System()),
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
                                                         absl::Duration deadline) {
  RedisConnection& connection = ConnectionOfThisThread();
  if (absl::Status status = AskBreaker(connection, deadline); !status.ok()) return status;
  absl::StatusOr<std::vector<Reply>> replies = Send(connection, commands, deadline);
  if (KindOf(replies.status()) == RedisError::kDisconnected && !MaybeExecuted(replies.status())) {
    return Send(connection, commands, deadline);
  }
  return replies;
}

absl::StatusOr<Reply> RedisClient::Run(Script& script, std::span<const std::string_view> keys,
                                       std::span<const std::string_view> arguments,
                                       absl::Duration deadline) {
  const std::string key_count = std::to_string(keys.size());
  std::string digest = script.digest();
  if (digest.empty()) {
    // Who has no right to this command may still have that to EVAL.
    absl::StatusOr<Reply> told = Call({"SCRIPT", "LOAD", script.text()}, deadline);
    if (told.ok() && told->is_string()) {
      digest = told->text;
      script.set_digest(digest);
    } else if (!told.ok() && KindOf(told.status()) != RedisError::kNoPermission) {
      return told;
    }
  }
  if (!digest.empty()) {
    absl::StatusOr<Reply> reply =
        Call(Invocation("EVALSHA", digest, key_count, keys, arguments), deadline);
    if (KindOf(reply.status()) != RedisError::kNoScript) return reply;
  }
  // The server was started again, or another one took its place. EVAL teaches it the script.
  return Call(Invocation("EVAL", script.text(), key_count, keys, arguments), deadline);
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
                                                     absl::Duration deadline) {
  absl::StatusOr<std::vector<Reply>> replies = connection.Call(commands, deadline);
  if (replies.ok()) {
    breaker_.Answered();
  } else if (KindOf(replies.status()) == RedisError::kTimeout) {
    breaker_.TimedOut();
  }
  return replies;
}

}  // namespace trivet::sync
