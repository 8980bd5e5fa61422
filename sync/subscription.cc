#include "sync/subscription.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"
#include "sync/command.h"
#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

// How soon a stop is noticed while there is no socket to wait for.
constexpr absl::Duration kStopNoticed = absl::Milliseconds(20);

absl::Status NotWhatWasExpected() {
  return MakeRedisStatus(RedisError::kProtocol, Executed::kNo, "not a message");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subscription>> Subscription::Start(const Options& options,
                                                                  Listener& listener) {
  if (absl::Status status = Validate(options.redis); !status.ok()) return status;
  if (options.channels.empty()) return absl::InvalidArgumentError("channels: are none");
  if (options.silence_max <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("silence_max: must be more than zero");
  }
  absl::StatusOr<RedisUrl> url = ParseRedisUrl(options.redis.url);
  if (!url.ok()) return url.status();
  return std::unique_ptr<Subscription>(new Subscription(*url, options, listener));
}

Subscription::Subscription(const RedisUrl& url, const Options& options, Listener& listener)
    : options_(options),
      clock_(options.redis.clock != nullptr ? *options.redis.clock : *Clock::System()),
      listener_(listener),
      link_(url, options.redis, clock_),
      thread_([this] { Run(); }) {}

Subscription::~Subscription() {
  stopped_ = true;
  stop_bell_.Ring();
  thread_.join();
}

void Subscription::Run() {
  while (!stopped_) {
    absl::Status status = Reach();
    if (status.ok() && !stopped_) status = Listen();
    if (link_.ready()) link_.Close();
    if (!stopped_) listener_.OnLost(status);
  }
}

// Until the link is ready, an attempt fails, or it is time to stop. The pause after a failure is
// spent here, so that each attempt is told of once.
absl::Status Subscription::Reach() {
  stop_bell_.AwaitUntil(clock_, link_.resting_until());
  while (!stopped_ && !link_.ready()) {
    const absl::Status status = link_.Reach(clock_.Elapsed() + kStopNoticed);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Subscription::Listen() {
  Commands subscribe;
  std::vector<std::string_view> words = {"SUBSCRIBE"};
  words.insert(words.end(), options_.channels.begin(), options_.channels.end());
  if (absl::Status status = subscribe.Add(words); !status.ok()) return status;
  if (absl::Status status = SendAll(subscribe.bytes()); !status.ok()) return status;
  Commands ping;
  TRIVET_CHECK(ping.Add({"PING"}).ok(), "a short command");

  acknowledged_ = 0;
  bool asked = false;
  absl::Duration heard_at = clock_.Elapsed();
  std::vector<Reply> replies;
  while (!stopped_) {
    const absl::Duration patience = heard_at + options_.silence_max * (asked ? 2 : 1);
    const Awaited awaited = Await(*link_.socket(), false, &stop_bell_, clock_, patience);
    if (awaited.in) {
      const absl::Status received = link_.Receive(replies);
      if (!replies.empty()) {
        heard_at = clock_.Elapsed();
        asked = false;
      }
      for (const Reply& reply : std::exchange(replies, {})) {
        if (stopped_) break;
        if (absl::Status status = Take(reply); !status.ok()) return status;
      }
      if (!received.ok()) return received;
    } else if (!awaited.bell && asked) {
      return MakeRedisStatus(RedisError::kTimeout, Executed::kNo, "the server is silent");
    } else if (!awaited.bell) {
      if (absl::Status status = SendAll(ping.bytes()); !status.ok()) return status;
      asked = true;
    }
  }
  return absl::OkStatus();
}

// What a subscriber sends is little, so that it fits into the socket's buffer unless nobody reads.
absl::Status Subscription::SendAll(std::string_view bytes) {
  const absl::Duration deadline = clock_.Elapsed() + options_.silence_max;
  while (!bytes.empty()) {
    const absl::StatusOr<size_t> sent = link_.socket()->Send(bytes);
    if (!sent.ok()) return sent.status();
    bytes.remove_prefix(*sent);
    if (bytes.empty()) break;
    if (!Await(*link_.socket(), true, nullptr, clock_, deadline).out &&
        clock_.Elapsed() >= deadline) {
      return MakeRedisStatus(RedisError::kTimeout, Executed::kNo, "the server reads nothing");
    }
  }
  return absl::OkStatus();
}

// ["subscribe", channel, count], ["message", channel, payload] or ["pong", ""].
absl::Status Subscription::Take(const Reply& reply) {
  if (absl::Status status = StatusOf(reply); !status.ok()) return status;
  const std::vector<Reply>& parts = reply.elements;
  if (!reply.is_array() || parts.empty() || !parts[0].is_string()) return NotWhatWasExpected();
  const std::string_view what = parts[0].text;
  if (what == "pong") return absl::OkStatus();
  if (parts.size() != 3 || !parts[1].is_string()) return NotWhatWasExpected();
  if (what == "subscribe" && parts[2].is_integer()) {
    if (++acknowledged_ == options_.channels.size()) listener_.OnSubscribed(link_.server());
    return absl::OkStatus();
  }
  if (what == "message" && parts[2].is_string()) {
    listener_.OnMessage(parts[1].text, parts[2].text);
    return absl::OkStatus();
  }
  return NotWhatWasExpected();
}

}  // namespace trivet::sync
