#include "engine/shared_space.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"
#include "engine/glob.h"
#include "engine/memory_invalidation.h"
#include "engine/memory_tier.h"
#include "engine/namespace_state.h"
#include "engine/tell_part.h"

namespace trivet::engine {
namespace {

using Kind = SharedRecord::Kind;

// Another generation each time means that others clear the namespace all the time.
constexpr int kCommandTries = 4;
// A handshake that the subscription disturbs, by coming up just then, is worth another one.
constexpr int kHandshakeTries = 3;

// Whether this thread is in a call of a tracker, which may call a RemovalListener, which may call
// the cache: it cannot wait for a handshake then, which waits for the tracker.
thread_local int tracker_calls = 0;

class TrackerCall {
 public:
  TrackerCall() { ++tracker_calls; }
  TrackerCall(const TrackerCall&) = delete;
  TrackerCall& operator=(const TrackerCall&) = delete;
  ~TrackerCall() { --tracker_calls; }
};

absl::Status DoesNotAnswer() { return absl::UnavailableError("the shared tier does not answer"); }

}  // namespace

SharedSpace::SharedSpace(SharedTier& tier, const CoherenceOptions& options, MemoryTier& memory,
                         NamespaceState& state, std::function<void()> wake)
    : tier_(tier),
      options_(options),
      hears_(options.bus != Bus::kNone),
      memory_(memory),
      state_(state),
      wake_(std::move(wake)) {
  for (uint32_t part = 0; part < tier.parts(); ++part) {
    parts_.push_back(std::make_unique<Part>(*this));
  }
}

SharedSpace::~SharedSpace() = default;

absl::Status SharedSpace::Listen() {
  if (!hears_) return absl::OkStatus();
  std::vector<SharedPart> parts;
  for (uint32_t part = 0; part < this->parts(); ++part) parts.push_back(Named(part));
  auto subscription = tier_.Subscribe(parts, *this);
  if (!subscription.ok()) return subscription.status();
  subscription_ = *std::move(subscription);
  return absl::OkStatus();
}

void SharedSpace::StopListening() { subscription_.reset(); }

const Clock& SharedSpace::clock() const { return memory_.clock(); }

absl::Duration SharedSpace::Deadline() const {
  return memory_.clock().Elapsed() + options_.timeout;
}

SharedPart SharedSpace::Named(uint32_t part) const {
  const PartTracker::Address at = parts_[part]->tracker.address();
  return {.space = state_.name(), .part = part, .generation = at.generation, .server = at.server};
}

void SharedSpace::AddStats(Stats* stats) const {
  stats->shared_reads += counters_.reads;
  stats->shared_hits += counters_.hits;
  stats->shared_stores += counters_.stores;
  stats->shared_errors += counters_.errors;
  stats->shared_messages += counters_.messages;
  stats->shared_resyncs += counters_.resyncs;
  stats->untold_changes += untold();
  stats->unproven += state_.IsServed(memory_.now()) ? 0 : 1;
}

// --- For loads ----------------------------------------------------------------------------------

std::optional<SharedPart> SharedSpace::Ask(uint32_t part, absl::Duration not_before) const {
  const Part& asked = *parts_[part];
  if (!asked.tracker.MayAsk(memory_.clock().Elapsed()) || !asked.untold.empty()) {
    return std::nullopt;
  }
  if (asked.tracker.part_proven_at() < not_before) return std::nullopt;
  return Named(part);
}

void SharedSpace::Distrust(uint32_t part) {
  parts_[part]->tracker.Distrust();
  wake_();
}

void SharedSpace::NoteError(uint32_t part, const absl::Status& error) {
  ++counters_.errors;
  if (!IsAway(error)) return;
  parts_[part]->tracker.Distrust();
  Rest(part);
  wake_();
}

// Longer than it takes the upkeep to try again.
void SharedSpace::Rest(uint32_t part) {
  const absl::Duration rest = options_.heartbeat + options_.timeout;
  parts_[part]->rests_until = memory_.now() + static_cast<Millis>(absl::ToInt64Milliseconds(rest));
}

bool SharedSpace::Rests(uint32_t part) const { return memory_.now() < parts_[part]->rests_until; }

absl::Duration SharedSpace::PartStaleness(uint32_t part, absl::Duration now) const {
  return now + kClockStep - parts_[part]->tracker.part_proven_at();
}

// --- For changes --------------------------------------------------------------------------------

absl::StatusOr<SharedAnswer> SharedSpace::Command(
    uint32_t part, absl::FunctionRef<absl::StatusOr<SharedAnswer>(const SharedPart&)> command) {
  for (int i = 0; i < kCommandTries; ++i) {
    if (!parts_[part]->tracker.address().trusted) {
      if (Rests(part)) return DoesNotAnswer();
      if (absl::Status status = ShakeHands(part); !status.ok()) return status;
    }
    absl::StatusOr<SharedAnswer> answer = command(Named(part));
    if (!answer.ok()) NoteError(part, answer.status());
    if (!answer.ok() || answer->current) return answer;
    parts_[part]->tracker.Distrust();
  }
  return absl::UnavailableError("the shared tier has another generation each time");
}

Coherence SharedSpace::Tell(std::span<const SharedRecord> changes) {
  std::vector<std::vector<SharedRecord>> of_parts(parts());
  for (const SharedRecord& change : changes) {
    if (change.kind == Kind::kKey) {
      of_parts[PartOf(change.name)].push_back(change);
    } else {
      for (std::vector<SharedRecord>& of_part : of_parts) of_part.push_back(change);
    }
  }
  Coherence coherence = Coherence::kApplied;
  for (uint32_t part = 0; part < parts(); ++part) {
    if (of_parts[part].empty()) continue;
    const auto answer = Command(part, [&](const SharedPart& at) {
      return TellPart(tier_, at, of_parts[part], memory_.clock(), options_.timeout);
    });
    if (answer.ok()) continue;
    TellLater(part, of_parts[part]);
    coherence = Coherence::kDeferred;
  }
  return coherence;
}

void SharedSpace::TellLater(uint32_t part, std::span<const SharedRecord> changes) {
  // While others are untold, the upkeep tries again and again by itself; were each new one to wake
  // it, an outage would cost a try for every write.
  if (parts_[part]->untold.Add(changes)) wake_();
}

void SharedSpace::NoteOwnWrite(uint64_t token) {
  own_writes_[next_own_write_.fetch_add(1, std::memory_order_relaxed) % kOwnWrites].store(
      token, std::memory_order_release);
}

bool SharedSpace::IsOwnWrite(uint64_t token) const {
  return token != 0 &&
         std::any_of(own_writes_.begin(), own_writes_.end(), [token](const auto& own) {
           return own.load(std::memory_order_acquire) == token;
         });
}

size_t SharedSpace::untold() const {
  size_t untold = 0;
  for (const auto& part : parts_) untold += part->untold.size();
  return untold;
}

// --- Upkeep -------------------------------------------------------------------------------------

absl::Status SharedSpace::ShakeHands(uint32_t part) {
  if (tracker_calls > 0) return absl::AbortedError("a listener cannot wait for a handshake");
  PartTracker& tracker = parts_[part]->tracker;
  const Millis rested_until = parts_[part]->rests_until;
  MutexLock lock(parts_[part]->handshake);
  if (!tracker.NeedsHandshake()) return absl::OkStatus();  // somebody was faster
  // Somebody found meanwhile that nobody answers: were all to wait for that, each would wait for
  // those before it, too.
  if (parts_[part]->rests_until != rested_until && Rests(part)) return DoesNotAnswer();
  for (int i = 0; i < kHandshakeTries; ++i) {
    const uint64_t troubles = tracker.troubles();
    const auto state = tier_.Fence(Named(part), NewToken(), Deadline());
    if (!state.ok()) {
      ++counters_.errors;
      Rest(part);
      return state.status();
    }
    parts_[part]->rests_until = 0;
    tracker.FinishHandshake(*state, troubles);
    if (tracker.address().trusted) return absl::OkStatus();
  }
  return absl::AbortedError("something happened during each handshake");
}

bool SharedSpace::NeedsHandshake() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const auto& part) { return part->tracker.NeedsHandshake(); });
}

absl::Status SharedSpace::Mend() {
  absl::Status mended;
  for (uint32_t i = 0; i < parts(); ++i) {
    Part& part = *parts_[i];
    if (part.tracker.NeedsHandshake()) {
      const absl::Status shaken = ShakeHands(i);
      if (!shaken.ok()) mended = shaken;
      if (IsAway(shaken)) return mended;
      if (!shaken.ok()) continue;
    }
    if (part.untold.empty()) continue;
    const UntoldChanges::Batch batch = part.untold.All();
    const auto told = Command(i, [&](const SharedPart& at) {
      return TellPart(tier_, at, batch.changes, memory_.clock(), options_.timeout);
    });
    if (told.ok()) part.untold.Remove(batch);
  }
  return mended;
}

void SharedSpace::FinishHeartbeat(uint32_t part, const PartState& state, absl::Duration asked,
                                  bool log_is_clean) {
  PartState heard = state;
  // Nothing is missed by who expects nothing.
  if (!hears_) heard.sequence = 0;
  parts_[part]->tracker.FinishHeartbeat(heard, asked, log_is_clean);
  PublishProof();
}

void SharedSpace::ForgetAll() {
  for (const auto& part : parts_) part->tracker.Missed();
}

void SharedSpace::PublishProof() {
  if (!hears_) return;  // it would be none
  MutexLock lock(proof_mu_);
  absl::Duration proven_at = absl::InfiniteDuration();
  for (const auto& part : parts_) {
    proven_at = std::min(proven_at, part->tracker.memory_proven_at());
  }
  if (proven_at != -absl::InfiniteDuration()) state_.SetProof(proven_at, options_.staleness_max);
}

// --- What the subscription tells ----------------------------------------------------------------

void SharedSpace::OnListening() {
  for (const auto& part : parts_) part->tracker.Listening();
  wake_();
}

void SharedSpace::OnLost(const absl::Status&) {
  for (const auto& part : parts_) part->tracker.Lost();
}

void SharedSpace::OnMessage(size_t part, SharedMessage message) {
  PartTracker& tracker = parts_[part]->tracker;
  tracker.Receive(message);
  PublishProof();
  if (tracker.NeedsHandshake()) wake_();
}

void SharedSpace::OnUnreadable(size_t part) {
  parts_[part]->tracker.Missed();
  wake_();
}

void SharedSpace::Apply(const SharedRecord& record) {
  const TrackerCall call;
  ++counters_.messages;
  switch (record.kind) {
    case Kind::kWriting:
    case Kind::kKey:
      if (IsOwnWrite(record.token)) return;
      InvalidateOlder(memory_, memory_.Ref(&state_, record.name),
                      record.kind == Kind::kWriting ? 0 : record.version);
      return;
    case Kind::kTag:
      InvalidateTag(memory_, &state_, record.name);
      return;
    case Kind::kPattern: {
      const absl::StatusOr<Glob> pattern = Glob::Compile(record.name);
      pattern.ok() ? void(InvalidatePattern(memory_, &state_, *pattern)) : Forget();
      return;
    }
    case Kind::kClear:
    case Kind::kFence:
      Forget();
      return;
  }
}

void SharedSpace::Forget() {
  if (!hears_) return;  // what was missed is no more than what is not told anyway
  const TrackerCall call;
  ++counters_.resyncs;
  Clear(memory_, &state_);
}

}  // namespace trivet::engine
