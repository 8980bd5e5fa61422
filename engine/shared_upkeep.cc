#include "engine/shared_upkeep.h"

#include <algorithm>
#include <utility>

#include "engine/tell_part.h"

namespace trivet::engine {
namespace {

// Parts that one question asks for.
constexpr size_t kPartsAtOnce = 256;
// The clocks with and without suspends are read one after the other.
constexpr absl::Duration kSuspendMin = absl::Milliseconds(100);

}  // namespace

SharedUpkeep::SharedUpkeep(SharedTier& tier, Backing* backing, const CoherenceOptions& options,
                           const Clock& clock, MemoryTier& memory)
    : tier_(tier),
      options_(options),
      clock_(clock),
      memory_(memory),
      relay_(backing == nullptr ? nullptr
                                : std::make_unique<ChangeRelay>(*backing, tier, options, clock)),
      next_beat_(clock.Elapsed()),
      suspended_(clock.Suspended()) {}

SharedUpkeep::~SharedUpkeep() { Stop(); }

absl::Status SharedUpkeep::Attach(NamespaceState& state) {
  if (options_.bus == Bus::kNone && state.options().ttl == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        "NamespaceOptions.ttl: must be finite where processes are not told of each other's changes "
        "(CoherenceOptions.bus)");
  }
  auto space =
      std::make_unique<SharedSpace>(tier_, options_, memory_, state, [this] { thread_.Wake(); });
  state.ShareThrough(space.get(), options_);
  if (absl::Status status = space->Listen(); !status.ok()) return status;
  MutexLock lock(mu_);
  spaces_.push_back(std::move(space));
  return absl::OkStatus();
}

void SharedUpkeep::Start() {
  thread_.Start(std::min(options_.heartbeat, options_.relay_after / 2), [this] {
    Step();
    return false;
  });
}

void SharedUpkeep::Stop() {
  MutexLock lock(stop_mu_);
  thread_.Stop();
  for (SharedSpace* space : Spaces()) {
    if (space->untold() > 0) space->Mend().IgnoreError();
    space->StopListening();
  }
}

std::vector<SharedSpace*> SharedUpkeep::Spaces() const {
  MutexLock lock(mu_);
  std::vector<SharedSpace*> spaces;
  spaces.reserve(spaces_.size());
  for (const auto& space : spaces_) spaces.push_back(space.get());
  return spaces;
}

void SharedUpkeep::ToldLogged(uint64_t first_ticket, size_t rows) {
  if (relay_ != nullptr) relay_->Told(first_ticket, rows);
}

bool SharedUpkeep::TrimLog() { return relay_ == nullptr || relay_->TakeAwayTold(); }

size_t SharedUpkeep::untold() const {
  size_t untold = 0;
  for (const SharedSpace* space : Spaces()) untold += space->untold();
  return untold;
}

void SharedUpkeep::Step() {
  MutexLock lock(step_mu_);
  ForgetAfterSuspend();
  const bool is_new = Mend();
  // Before the log is looked at: what is committed from here on is not in the proof.
  const absl::Duration asked = clock_.Elapsed();
  const Overdue overdue = relay_ == nullptr ? Overdue() : relay_->LookAround();
  if (!is_new && asked < next_beat_) return;
  next_beat_ = asked + options_.heartbeat;
  Beat(asked, overdue);
}

void SharedUpkeep::ForgetAfterSuspend() {
  const absl::Duration suspended = clock_.Suspended();
  if (suspended - std::exchange(suspended_, suspended) < kSuspendMin) return;
  // The proof's clock stood still while others went on.
  for (SharedSpace* space : Spaces()) space->ForgetAll();
}

bool SharedUpkeep::Mend() {
  bool is_new = false;
  for (SharedSpace* space : Spaces()) {
    const bool needs_handshake = space->NeedsHandshake();
    if (!needs_handshake && space->untold() == 0) continue;
    const absl::Status mended = space->Mend();
    // Who does not answer is not asked for each namespace.
    if (IsAway(mended)) break;
    is_new = is_new || (needs_handshake && mended.ok());
  }
  return is_new;
}

void SharedUpkeep::Beat(absl::Duration asked, const Overdue& overdue) {
  struct Asked {
    SharedSpace* space;
    uint32_t part;
  };
  std::vector<Asked> asked_parts;
  std::vector<SharedPart> parts;
  const auto ask = [&] {
    const auto states = tier_.ReadStates(parts, clock_.Elapsed() + options_.timeout);
    for (size_t i = 0; states.ok() && i < parts.size(); ++i) {
      const auto [space, part] = asked_parts[i];
      const absl::StatusOr<PartState>& state = (*states)[i];
      const bool log_is_clean = !overdue.Contains(parts[i].space);
      if (state.ok()) space->FinishHeartbeat(part, *state, asked, log_is_clean);
    }
    asked_parts.clear();
    parts.clear();
    return !IsAway(states.status());
  };
  for (SharedSpace* space : Spaces()) {
    for (uint32_t part = 0; part < space->parts(); ++part) {
      asked_parts.push_back({space, part});
      parts.push_back({.space = space->state().name(), .part = part});
      if (parts.size() == kPartsAtOnce && !ask()) return;
    }
  }
  if (!parts.empty()) ask();
}

}  // namespace trivet::engine
