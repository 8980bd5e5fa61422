#include "engine/part_tracker.h"

#include <algorithm>

#include "engine/millis.h"

namespace trivet::engine {
namespace {

// Messages are on their way for at most so long.
constexpr absl::Duration kMessageTime = absl::Milliseconds(100);

}  // namespace

PartTracker::Standing PartTracker::standing() const {
  MutexLock lock(mu_);
  return standing_;
}

PartTracker::Address PartTracker::address() const { return standing().address; }

bool PartTracker::MayAsk(absl::Duration now) const {
  const Standing standing = this->standing();
  return standing.address.trusted && now + kClockStep < standing.part_proven_at + bound_;
}

absl::Duration PartTracker::memory_proven_at() const { return standing().memory_proven_at; }

absl::Duration PartTracker::part_proven_at() const { return standing().part_proven_at; }

void PartTracker::Distrust() {
  MutexLock lock(mu_);
  standing_.address.trusted = false;
  ++standing_.troubles;
}

// --- Messages -----------------------------------------------------------------------------------

void PartTracker::Listening() {
  MutexLock lock(mu_);
  standing_.listening = true;
  ++standing_.troubles;  // a handshake that began before does not know what was missed until now
}

void PartTracker::Lost() {
  MutexLock lock(mu_);
  standing_.listening = false;
  standing_.covered = false;
  ++standing_.troubles;
}

void PartTracker::Missed() {
  MutexLock order(order_);
  memory_.Forget();
  awaits_ = false;
  MutexLock lock(mu_);
  standing_.address.trusted = false;
  standing_.covered = false;
  ++standing_.troubles;
  standing_.memory_proven_at = -absl::InfiniteDuration();
  standing_.part_proven_at = -absl::InfiniteDuration();
}

void PartTracker::Receive(const SharedMessage& message) {
  MutexLock order(order_);
  uint64_t sequence = message.sequence;
  for (const SharedRecord& record : message.records) {
    ApplyRecord(message.generation, sequence++, record);
  }
  if (awaits_ && applied_ >= awaited_sequence_) {
    awaits_ = false;
    Prove(awaited_at_);
  }
}

void PartTracker::ApplyRecord(uint64_t generation, uint64_t sequence, const SharedRecord& record) {
  const Address known = address();
  const bool is_next = sequence == applied_ + 1;
  if (generation != known.generation) {
    const bool ends_ours =
        record.kind == SharedRecord::Kind::kClear && record.version == known.generation && is_next;
    if (!ends_ours) {
      // Before a handshake that is no news; were it another trouble, no handshake would ever come
      // to an end while others are busy.
      if (!known.trusted) return;
      memory_.Forget();
      Distrust();
      return;
    }
    MutexLock lock(mu_);
    standing_.address.generation = generation;
  } else if (sequence <= applied_) {
    return;
  } else if (!is_next) {
    memory_.Forget();
  }
  memory_.Apply(record);
  applied_ = sequence;
}

void PartTracker::Prove(absl::Duration asked) {
  MutexLock lock(mu_);
  standing_.memory_proven_at = std::max(standing_.memory_proven_at, asked);
}

// --- Handshake ----------------------------------------------------------------------------------

bool PartTracker::NeedsHandshake() const {
  const Standing standing = this->standing();
  return !standing.address.trusted || (standing.listening && !standing.covered);
}

uint64_t PartTracker::troubles() const { return standing().troubles; }

void PartTracker::FinishHandshake(const PartState& state, uint64_t troubles_before) {
  MutexLock order(order_);
  const Standing known = standing();
  if (known.troubles != troubles_before) return;  // the next one will do
  if (state.generation != known.address.generation || state.server != known.address.server) {
    memory_.Forget();
    applied_ = state.sequence;
    awaits_ = false;
  } else if (applied_ < state.sequence && !known.covered) {
    // Where the subscription has stood all the time, what is missing is still to come.
    memory_.Forget();
    applied_ = state.sequence;
  }
  MutexLock lock(mu_);
  if (standing_.troubles != troubles_before) {
    // What was just decided holds; but nothing is trusted on it.
    standing_.address.generation = state.generation;
    standing_.address.server = state.server;
    standing_.address.trusted = false;
    return;
  }
  standing_.address = {.generation = state.generation, .server = state.server, .trusted = true};
  standing_.covered = standing_.listening;
}

// --- Heartbeat ----------------------------------------------------------------------------------

void PartTracker::FinishHeartbeat(const PartState& state, absl::Duration asked, bool log_is_clean) {
  MutexLock order(order_);
  const Address known = address();
  if (state.generation != known.generation || state.server != known.server) {
    Distrust();
    return;
  }
  if (!log_is_clean) return;
  {
    MutexLock lock(mu_);
    standing_.part_proven_at = std::max(standing_.part_proven_at, asked);
  }
  if (applied_ >= state.sequence) {
    awaits_ = false;
    Prove(asked);
  } else if (awaits_ && asked - awaited_at_ >= kMessageTime) {
    // They were missing that long ago, and they still are: they are lost.
    awaits_ = false;
    MutexLock lock(mu_);
    standing_.address.trusted = false;
    standing_.covered = false;
    ++standing_.troubles;
  } else if (!awaits_) {
    awaits_ = true;
    awaited_at_ = asked;
    awaited_sequence_ = state.sequence;
  }
}

}  // namespace trivet::engine
