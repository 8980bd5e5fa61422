#include "bindings/cli/redis_trial.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sync/redis_names.h"
#include "trivet/clock.h"
#include "trivet/redis_tier.h"
#include "trivet/shared_tier.h"

namespace trivet::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeout{2};
constexpr const char* kTrialKey = "key";

// Waits for the subscription to stand, and for the message of one change.
class Ear final : public SharedListener {
 public:
  void OnListening() override {
    Set([this] { listening_ = true; });
  }
  void OnMessage(size_t, SharedMessage message) override {
    Set([&] {
      newest_ = message.sequence + message.records.size() - 1;
      heard_at_ = SteadyClock::now();
    });
  }
  void OnUnreadable(size_t) override {}
  void OnLost(const absl::Status& why) override {
    Set([&] { lost_ = why; });
  }

  absl::Status AwaitListening() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kTimeout, [this] { return listening_ || !lost_.ok(); });
    if (listening_) return absl::OkStatus();
    return lost_.ok() ? absl::DeadlineExceededError("SUBSCRIBE was not answered") : lost_;
  }

  // When the message with that number came; nullopt: it did not.
  std::optional<SteadyClock::time_point> Await(uint64_t sequence) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kTimeout, [&] { return newest_ >= sequence; })) return {};
    return heard_at_;
  }

 private:
  template <typename Change>
  void Set(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool listening_ = false;
  absl::Status lost_;
  uint64_t newest_ = 0;
  SteadyClock::time_point heard_at_;
};

uint64_t NewToken() {
  std::random_device random;
  return (uint64_t{random()} << 32 | random()) | 1;
}

absl::Duration Deadline() { return Clock::System()->Elapsed() + absl::FromChrono(kTimeout); }

absl::Status Otherwise(const char* what) { return absl::InternalError(what); }

// A value is written, read and invalidated. `*sequence` is the number of the last change.
absl::Status TryValues(SharedTier& tier, SharedPart& part, uint64_t* sequence) {
  const auto state = tier.Fence(part, NewToken(), Deadline());
  if (!state.ok()) return state.status();
  part.generation = state->generation;
  part.server = state->server;
  *sequence = state->sequence;

  const uint64_t token = NewToken();
  const auto begun = tier.BeginWrite(part, kTrialKey, token, Deadline());
  if (!begun.ok()) return begun.status();
  const std::vector<std::string> tags = {"tag"};
  const SharedWrite write{.value = "value",
                          .version = 1,
                          .tags = tags,
                          .birth = begun->sequence,
                          .ttl = absl::FromChrono(kTimeout)};
  const auto ended = tier.EndWrite(part, kTrialKey, token, write.version, write, Deadline());
  if (!ended.ok()) return ended.status();
  if (!ended->won) return Otherwise("a value that was written is not there");

  const SharedRequest request{.key = kTrialKey};
  const auto read = tier.Read(part, {&request, 1}, Deadline());
  if (!read.ok()) return read.status();
  if (!read->current || read->found[0].state != SharedFound::State::kValue ||
      read->found[0].value.value != write.value) {
    return Otherwise("a value that was written is read otherwise");
  }

  const std::string_view tag = tags[0];
  const auto untagged = tier.InvalidateTags(part, {&tag, 1}, Deadline());
  if (!untagged.ok()) return untagged.status();
  const auto again = tier.Read(part, {&request, 1}, Deadline());
  if (!again.ok()) return again.status();
  if (!again->current || again->found[0].state == SharedFound::State::kValue) {
    return Otherwise("a value is there although its tag was invalidated");
  }
  *sequence = untagged->sequence;
  return absl::OkStatus();
}

// Tells a change, and measures until its message comes.
absl::Status TryMessages(SharedTier& tier, const SharedPart& part, Ear& ear, uint64_t* ns) {
  const SharedChange change{.key = kTrialKey};
  const SteadyClock::time_point before = SteadyClock::now();
  const auto told = tier.InvalidateKeys(part, {&change, 1}, Deadline());
  if (!told.ok()) return told.status();
  const auto heard_at = ear.Await(told->sequence);
  if (!heard_at.has_value()) return absl::DeadlineExceededError("a message did not come");
  *ns = static_cast<uint64_t>(std::chrono::nanoseconds(*heard_at - before).count());
  return absl::OkStatus();
}

}  // namespace

void TryRedis(const std::string& url, sync::RedisClient& client, RedisFacts& facts) {
  const absl::StatusOr<std::unique_ptr<SharedTier>> tier =
      OpenRedisTier({.redis = {.url = url, .connections = 1}});
  if (!tier.ok()) {
    facts.values = facts.messages = tier.status();
    return;
  }
  const std::string space = absl::StrCat("trivet-doctor-", NewToken());
  SharedPart part{.space = space};
  Ear ear;
  const auto subscription = (*tier)->Subscribe({&part, 1}, ear);
  facts.messages = subscription.ok() ? ear.AwaitListening() : subscription.status();
  uint64_t sequence = 0;
  facts.values = TryValues(**tier, part, &sequence);
  if (facts.messages.ok() && facts.values.ok()) {
    facts.messages = TryMessages(**tier, part, ear, &facts.message_ns);
  }
  const sync::RedisNames names(client.names(), part);
  (void)client.Call({"UNLINK", names.hash(), names.Key(kTrialKey)},
                    client.In(absl::FromChrono(kTimeout)));
}

}  // namespace trivet::cli
