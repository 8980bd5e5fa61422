#include "sync/redis_lease_keeper.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/strings.h"
#include "sync/lease_scripts.h"
#include "sync/redis_status.h"
#include "sync/reply.h"
#include "sync/subscriber.h"

namespace trivet {

absl::Status Validate(const RedisLeaseKeeperOptions& options) {
  if (absl::Status status = Validate(options.redis); !status.ok()) return status;
  if (options.lease_max < absl::Milliseconds(100) || options.lease_max > absl::Hours(1)) {
    return absl::InvalidArgumentError("lease_max: must be 100 ms to an hour");
  }
  if (options.silence_max < absl::Milliseconds(1) || options.silence_max > absl::Minutes(10)) {
    return absl::InvalidArgumentError("silence_max: must be 1 ms to ten minutes");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<LeaseKeeper>> OpenRedisLeaseKeeper(
    const RedisLeaseKeeperOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<sync::RedisClient>> client =
      sync::RedisClient::Open(options.redis);
  if (!client.ok()) return client.status();
  return std::make_unique<sync::RedisLeaseKeeper>(options, *std::move(client));
}

}  // namespace trivet

namespace trivet::sync {
namespace {

constexpr std::string_view kLocks = "tv1:{locks}:";

// A counter that was lost is made up by the clock, so that it need not stay for ever; and as long
// as it stays, tokens grow also if the clock of the server is turned back.
constexpr absl::Duration kCounterLife = absl::Hours(24 * 7);

std::string Named(const NameRoot& names, std::string_view what, std::string_view name = {}) {
  return std::string(names.prefix).append(kLocks).append(what).append(name);
}

std::string ChannelOf(const NameRoot& names) {
  return Named(names, "c", std::to_string(names.database));
}

std::string BytesOf(const LeaseOwner& owner) { return std::string(owner.data(), owner.size()); }

std::string Millis(absl::Duration duration) {
  return std::to_string(absl::ToInt64Milliseconds(duration));
}

absl::Status NotWhatWasExpected() {
  return MakeRedisStatus(RedisError::kProtocol, Executed::kMaybe, "not the reply of the script");
}

class RedisLeaseWatch final : public LeaseWatch, private ChannelListener {
 public:
  static absl::StatusOr<std::unique_ptr<LeaseWatch>> Start(const RedisLeaseKeeperOptions& options,
                                                           const NameRoot& names,
                                                           LeaseListener& listener) {
    auto subscriber =
        Subscriber::Open({.redis = options.redis, .silence_max = options.silence_max});
    if (!subscriber.ok()) return subscriber.status();
    std::unique_ptr<RedisLeaseWatch> made(new RedisLeaseWatch(*std::move(subscriber), listener));
    auto started = made->subscriber_->Subscribe({ChannelOf(names)}, *made);
    if (!started.ok()) return started.status();
    made->subscription_ = *std::move(started);
    return made;
  }

 private:
  RedisLeaseWatch(std::unique_ptr<Subscriber> subscriber, LeaseListener& listener)
      : listener_(listener), subscriber_(std::move(subscriber)) {}

  // Who waits asks now and then in any case, so a gap need not be told.
  void OnSubscribed(const ServerInfo&) override {}
  void OnMessage(std::string_view, std::string_view payload) override {
    listener_.OnReleased(payload);
  }
  void OnLost(const absl::Status&) override {}

  LeaseListener& listener_;
  const std::unique_ptr<Subscriber> subscriber_;
  std::unique_ptr<Subscription> subscription_;  // last: calls the others
};

}  // namespace

RedisLeaseKeeper::RedisLeaseKeeper(const RedisLeaseKeeperOptions& options,
                                   std::unique_ptr<RedisClient> client)
    : options_(options), client_(std::move(client)) {}

std::string RedisLeaseKeeper::Name(std::string_view what, std::string_view name) const {
  return Named(client_->names(), what, name);
}

absl::StatusOr<LeaseAnswer> RedisLeaseKeeper::Acquire(std::string_view name,
                                                      const LeaseOwner& owner, absl::Duration lease,
                                                      absl::Duration deadline) {
  ScriptWords words(ScriptsOfLeases().acquire);
  words.Key(Name("l:", name)).Key(Name("f:", name)).Key(Name("m"));
  words.Argument(BytesOf(owner)).Argument(Millis(lease)).Argument(Millis(options_.lease_max));
  words.Argument(Millis(kCounterLife)).Argument(options_.trust_empty ? "1" : "0");
  const absl::StatusOr<Reply> reply = Run(words, deadline);
  if (!reply.ok()) return reply.status();
  const std::vector<Reply>& fields = reply->elements;
  if (fields.size() != 2 || !fields[0].is_string() || !fields[1].is_integer() ||
      fields[1].integer < 0) {
    return NotWhatWasExpected();
  }
  const std::string& word = fields[0].text;
  if (word == "acquired") {
    return LeaseAnswer{.state = LeaseAnswer::State::kAcquired,
                       .token = static_cast<uint64_t>(fields[1].integer),
                       .remaining = lease};
  }
  if (word != "busy" && word != "grace") return NotWhatWasExpected();
  return LeaseAnswer{
      .state = word == "busy" ? LeaseAnswer::State::kBusy : LeaseAnswer::State::kGrace,
      .remaining = absl::Milliseconds(fields[1].integer)};
}

absl::StatusOr<bool> RedisLeaseKeeper::Renew(std::string_view name, const LeaseOwner& owner,
                                             absl::Duration lease, absl::Duration deadline) {
  ScriptWords words(ScriptsOfLeases().renew);
  words.Key(Name("l:", name)).Argument(BytesOf(owner)).Argument(Millis(lease));
  return RunYesOrNo(words, deadline);
}

absl::StatusOr<bool> RedisLeaseKeeper::Release(std::string_view name, const LeaseOwner& owner,
                                               absl::Duration deadline) {
  ScriptWords words(ScriptsOfLeases().release);
  words.Key(Name("l:", name)).Argument(BytesOf(owner));
  words.Argument(ChannelOf(client_->names())).Argument(std::string(name));
  return RunYesOrNo(words, deadline);
}

absl::StatusOr<bool> RedisLeaseKeeper::RunYesOrNo(const ScriptWords& words,
                                                  absl::Duration deadline) {
  const absl::StatusOr<Reply> reply = Run(words, deadline);
  if (!reply.ok()) return reply.status();
  if (!reply->is_integer()) return NotWhatWasExpected();
  return reply->integer == 1;
}

absl::StatusOr<Reply> RedisLeaseKeeper::Run(const ScriptWords& words, absl::Duration deadline) {
  absl::StatusOr<std::vector<Reply>> replies = client_->RunMany({&words.call(), 1}, deadline);
  if (!replies.ok()) {
    // A connection that ended in between.
    if (!absl::IsUnavailable(replies.status()) || !MaybeExecuted(replies.status())) {
      return replies.status();
    }
    return absl::UnknownError(replies.status().message());
  }
  Reply& reply = replies->front();
  if (absl::Status status = StatusOf(reply); !status.ok()) return status;
  return std::move(reply);
}

absl::StatusOr<std::unique_ptr<LeaseWatch>> RedisLeaseKeeper::Watch(LeaseListener& listener) {
  return RedisLeaseWatch::Start(options_, client_->names(), listener);
}

}  // namespace trivet::sync
