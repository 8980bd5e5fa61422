// The commands of the fake, one by one as docs/protocol.md has them.
#include "tests/support/fake_shared_tier.h"

#include <functional>
#include <utility>

#include "engine/glob.h"

namespace trivet::testing {
namespace {

using engine::MutexLock;
using Kind = SharedRecord::Kind;

constexpr SharedAnswer kStale = {.current = false};

}  // namespace

// What Subscribe returns.
class FakeSharedServer::Subscription final : public SharedSubscription {
 public:
  Subscription(FakeSharedServer* server, uint64_t id) : server_(*server), id_(id) {}
  ~Subscription() override { server_.Unsubscribe(id_); }

 private:
  FakeSharedServer& server_;
  const uint64_t id_;
};

FakeSharedTier::FakeSharedTier(FakeSharedServer* server)
    : server_(*server), origin_([server] {
        MutexLock lock(server->mutex_);
        return ++server->origins_;
      }()) {}

uint32_t FakeSharedTier::PartOf(std::string_view key) const {
  return static_cast<uint32_t>(std::hash<std::string_view>()(key) % parts());
}

absl::Status FakeSharedTier::Check(absl::Duration deadline) const {
  if (server_.clock_.Elapsed() < deadline) return absl::OkStatus();
  return absl::DeadlineExceededError("the deadline passed");
}

absl::Status FakeSharedTier::CheckMemory() const {
  return server_.full_ ? absl::ResourceExhaustedError("no memory left") : absl::OkStatus();
}

// --- How a part stands --------------------------------------------------------------------------

absl::StatusOr<PartState> FakeSharedTier::Fence(const SharedPart& name,
                                                uint64_t proposed_generation,
                                                absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  PartState state;
  {
    MutexLock lock(server_.mutex_);
    FakeSharedServer::Part& part = server_.parts_[FakeSharedServer::NameOf(name)];
    if (part.generation == 0 || part.fenced_run != server_.run_) {
      part.generation = proposed_generation;
      part.fenced_run = server_.run_;
      server_.Publish(name, part, origin_, {{.kind = Kind::kFence}});
      part.forgotten = part.sequence;
      part.stamps.clear();
      part.slots.clear();
    }
    state = {.generation = part.generation, .sequence = part.sequence, .server = server_.run_};
  }
  server_.CallListeners();
  return state;
}

absl::StatusOr<std::vector<absl::StatusOr<PartState>>> FakeSharedTier::ReadStates(
    std::span<const SharedPart> names, absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  MutexLock lock(server_.mutex_);
  std::vector<absl::StatusOr<PartState>> states;
  for (const SharedPart& name : names) {
    const FakeSharedServer::Part& part = server_.parts_[FakeSharedServer::NameOf(name)];
    states.push_back(PartState{part.generation, part.sequence, server_.run_});
  }
  return states;
}

// --- Loads --------------------------------------------------------------------------------------

absl::StatusOr<SharedReading> FakeSharedTier::Read(const SharedPart& name,
                                                   std::span<const SharedRequest> requests,
                                                   absl::Duration deadline) {
  using State = FakeSharedServer::State;
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  if (requests.empty()) return SharedReading();
  MutexLock lock(server_.mutex_);
  FakeSharedServer::Part* const part = server_.Current(name);
  if (part == nullptr) return SharedReading{.current = false, .sequence = 0, .found = {}};
  SharedReading reading{.current = true, .sequence = part->sequence, .found = {}};
  for (const SharedRequest& request : requests) {
    FakeSharedServer::Slot& slot = server_.SlotOf(*part, request.key);
    SharedFound& found = reading.found.emplace_back(SharedFound{.token = slot.token});
    switch (slot.state) {
      case State::kAbsent:
        if (request.token == 0 || server_.full_) break;
        slot = server_.MarkOf(State::kClaim, request.token, 0, server_.options_.claim_life);
        found = {.state = SharedFound::State::kClaimed, .token = request.token};
        break;
      case State::kClaim:
        found.state = SharedFound::State::kClaim;
        break;
      case State::kWriting:
        found.state = SharedFound::State::kWriting;
        break;
      case State::kTomb:
        found.state = SharedFound::State::kDead;
        break;
      case State::kValue:
        found.state = SharedFound::State::kDead;
        if (server_.IsStamped(*part, slot.value.tags, slot.value.birth)) break;
        found.state = SharedFound::State::kValue;
        found.value = slot.value;
        found.value.remaining = slot.until - server_.clock_.Elapsed();
        break;
    }
  }
  return reading;
}

absl::StatusOr<std::vector<SharedAnswer>> FakeSharedTier::ClaimOverMany(
    const SharedPart& name, std::span<const SharedClaim> claims, absl::Duration deadline) {
  using State = FakeSharedServer::State;
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  MutexLock lock(server_.mutex_);
  if (absl::Status status = CheckMemory(); !status.ok()) return status;
  FakeSharedServer::Part* const part = server_.Current(name);
  if (part == nullptr) return std::vector<SharedAnswer>(claims.size(), kStale);
  std::vector<SharedAnswer> answers(claims.size());
  for (size_t i = 0; i < claims.size(); ++i) {
    const SharedClaim& claim = claims[i];
    FakeSharedServer::Slot& slot = server_.SlotOf(*part, claim.key);
    if (slot.state != State::kAbsent && slot.token != claim.instead_of) continue;
    slot = server_.MarkOf(State::kClaim, claim.token, slot.version, server_.options_.claim_life);
    answers[i] = {.won = true, .sequence = part->sequence};
  }
  return answers;
}

absl::StatusOr<std::vector<SharedAnswer>> FakeSharedTier::FillMany(
    const SharedPart& name, std::span<const SharedFill> fills, absl::Duration deadline) {
  std::vector<SharedAnswer> answers;
  for (const SharedFill& fill : fills) {
    const auto answer = Store(name, fill.key, FakeSharedServer::State::kClaim, fill.token,
                              fill.token, fill.write, deadline);
    if (!answer.ok()) return answer.status();
    answers.push_back(*answer);
  }
  return answers;
}

absl::StatusOr<SharedAnswer> FakeSharedTier::Renew(const SharedPart& name, std::string_view key,
                                                   uint64_t token, uint64_t instead_of,
                                                   const SharedWrite& write,
                                                   absl::Duration deadline) {
  return Store(name, key, FakeSharedServer::State::kValue, instead_of, token, write, deadline);
}

absl::StatusOr<SharedAnswer> FakeSharedTier::Store(const SharedPart& name, std::string_view key,
                                                   FakeSharedServer::State replaced,
                                                   uint64_t replaced_token, uint64_t token,
                                                   const SharedWrite& write,
                                                   absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  MutexLock lock(server_.mutex_);
  if (absl::Status status = CheckMemory(); !status.ok()) return status;
  FakeSharedServer::Part* const part = server_.Current(name);
  if (part == nullptr) return kStale;
  FakeSharedServer::Slot& slot = server_.SlotOf(*part, key);
  if (slot.state != replaced || slot.token != replaced_token) return SharedAnswer();
  if (server_.IsStamped(*part, write.tags, write.birth)) {
    slot = FakeSharedServer::Slot();
    return SharedAnswer();
  }
  slot = server_.ValueOf(token, write);
  return SharedAnswer{.won = true};
}

// --- Changes ------------------------------------------------------------------------------------

absl::StatusOr<SharedAnswer> FakeSharedTier::BeginWrite(const SharedPart& name,
                                                        std::string_view key, uint64_t token,
                                                        absl::Duration deadline) {
  using State = FakeSharedServer::State;
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  SharedAnswer answer{.won = true};
  {
    MutexLock lock(server_.mutex_);
    if (absl::Status status = CheckMemory(); !status.ok()) return status;
    FakeSharedServer::Part* const part = server_.Current(name);
    if (part == nullptr) return kStale;
    FakeSharedServer::Slot& slot = server_.SlotOf(*part, key);
    slot = server_.MarkOf(State::kWriting, token, slot.version, server_.options_.claim_life);
    server_.Publish(name, *part, origin_,
                    {{.kind = Kind::kWriting, .token = token, .name = std::string(key)}});
    answer.sequence = part->sequence;
  }
  server_.CallListeners();
  return answer;
}

absl::StatusOr<SharedAnswer> FakeSharedTier::EndWrite(const SharedPart& name, std::string_view key,
                                                      uint64_t token, uint64_t version,
                                                      const std::optional<SharedWrite>& write,
                                                      absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  SharedAnswer answer;
  {
    MutexLock lock(server_.mutex_);
    FakeSharedServer::Part* const part = server_.Current(name);
    if (part == nullptr) return kStale;
    FakeSharedServer::Slot& slot = server_.SlotOf(*part, key);
    const bool own = slot.state == FakeSharedServer::State::kWriting && slot.token == token;
    const bool in_order = !slot.dirtied && (version == 0 || version > slot.version);
    if (own && in_order && write && !server_.IsStamped(*part, write->tags, write->birth)) {
      slot = server_.ValueOf(token, *write);
      answer.won = true;
    } else {
      server_.Tell(slot, own, token, version);
    }
    server_.Publish(
        name, *part, origin_,
        {{.kind = Kind::kKey, .version = version, .token = token, .name = std::string(key)}});
    answer.sequence = part->sequence;
  }
  server_.CallListeners();
  return answer;
}

absl::StatusOr<SharedAnswer> FakeSharedTier::InvalidateKeys(const SharedPart& name,
                                                            std::span<const SharedChange> changes,
                                                            absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  if (changes.empty()) return SharedAnswer();
  SharedAnswer answer;
  {
    MutexLock lock(server_.mutex_);
    FakeSharedServer::Part* const part = server_.Current(name);
    if (part == nullptr) return kStale;
    std::vector<SharedRecord> records;
    for (const SharedChange& change : changes) {
      server_.Tell(server_.SlotOf(*part, change.key), false, 0, change.version);
      records.push_back(
          {.kind = Kind::kKey, .version = change.version, .name = std::string(change.key)});
    }
    server_.Publish(name, *part, origin_, std::move(records));
    answer.sequence = part->sequence;
  }
  server_.CallListeners();
  return answer;
}

absl::StatusOr<SharedAnswer> FakeSharedTier::InvalidateTags(const SharedPart& name,
                                                            std::span<const std::string_view> tags,
                                                            absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  if (tags.empty()) return SharedAnswer();
  SharedAnswer answer;
  {
    MutexLock lock(server_.mutex_);
    FakeSharedServer::Part* const part = server_.Current(name);
    if (part == nullptr) return kStale;
    std::vector<SharedRecord> records;
    for (const std::string_view tag : tags) {
      records.push_back({.kind = Kind::kTag, .name = std::string(tag)});
      part->stamps[std::string(tag)] = part->sequence + records.size();
    }
    server_.Publish(name, *part, origin_, std::move(records));
    answer.sequence = part->sequence;
  }
  server_.CallListeners();
  return answer;
}

absl::StatusOr<SharedAnswer> FakeSharedTier::InvalidatePattern(const SharedPart& name,
                                                               std::string_view pattern,
                                                               absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  const absl::StatusOr<engine::Glob> glob = engine::Glob::Compile(pattern);
  if (!glob.ok()) return glob.status();
  SharedAnswer answer;
  {
    MutexLock lock(server_.mutex_);
    FakeSharedServer::Part* const part = server_.Current(name);
    if (part == nullptr) return kStale;
    std::erase_if(part->slots, [&](const auto& slot) { return glob->Matches(slot.first); });
    server_.Publish(name, *part, origin_, {{.kind = Kind::kPattern, .name = std::string(pattern)}});
    answer.sequence = part->sequence;
  }
  server_.CallListeners();
  return answer;
}

absl::StatusOr<SharedAnswer> FakeSharedTier::Clear(const SharedPart& name, uint64_t new_generation,
                                                   absl::Duration deadline) {
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  SharedAnswer answer;
  {
    MutexLock lock(server_.mutex_);
    FakeSharedServer::Part* const part = server_.Current(name);
    if (part == nullptr) return kStale;
    part->generation = new_generation;
    server_.Publish(name, *part, origin_, {{.kind = Kind::kClear, .version = name.generation}});
    part->forgotten = answer.sequence = part->sequence;
    part->stamps.clear();
    part->slots.clear();
  }
  server_.CallListeners();
  return answer;
}

// --- Messages -----------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<SharedSubscription>> FakeSharedTier::Subscribe(
    std::span<const SharedPart> parts, SharedListener& listener) {
  if (parts.empty()) return absl::InvalidArgumentError("parts: are none");
  FakeSharedServer::Subscriber subscriber{.listener = &listener};
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!subscriber.parts.emplace(FakeSharedServer::NameOf(parts[i]), i).second) {
      return absl::InvalidArgumentError("parts: one is there twice");
    }
  }
  uint64_t id = 0;
  {
    MutexLock lock(server_.mutex_);
    id = ++server_.subscriptions_;
    server_.subscribers_[id] = std::move(subscriber);
    server_.calls_.push_back({id, [](SharedListener& one) { one.OnListening(); }});
  }
  server_.CallListeners();
  return std::make_unique<FakeSharedServer::Subscription>(&server_, id);
}

}  // namespace trivet::testing
