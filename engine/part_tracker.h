// What this process knows of one part of the shared tier, and for how long that is good.
#ifndef TRIVET_ENGINE_PART_TRACKER_H_
#define TRIVET_ENGINE_PART_TRACKER_H_

#include <cstdint>

#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/shared_messages.h"
#include "trivet/shared_tier.h"

namespace trivet::engine {

// The rules of docs/protocol.md for one part, without any I/O: somebody else listens, shakes hands
// and asks, and reports here.
//
//   Listening, Receive, Missed, Lost    the subscription
//   FinishHandshake                     an answer to SharedTier::Fence
//   FinishHeartbeat                     an answer to SharedTier::ReadStates
//
// What follows from them is done to memory by a Memory, in the order of the messages.
//
// Thread-safety: all methods, on any thread. What takes effect on memory is one at a time and may
// take as long as memory needs for it; Trusted, MayAsk and Distrust never wait for that.
class PartTracker {
 public:
  // Called one call at a time, without a lock that readers or writers of memory wait for.
  class Memory {
   public:
    virtual ~Memory() = default;
    // Another process, or this one, changed something.
    virtual void Apply(const SharedRecord& record) = 0;
    // Changes were missed: all that is older is over.
    virtual void Forget() = 0;
  };

  // A heartbeat proves that memory is fresh for `bound` from the moment it was asked. `memory` must
  // outlive the tracker.
  PartTracker(Memory& memory, absl::Duration bound) : memory_(memory), bound_(bound) {}
  PartTracker(const PartTracker&) = delete;
  PartTracker& operator=(const PartTracker&) = delete;

  // --- What may be done -------------------------------------------------------------------------

  // Where commands go.
  struct Address {
    uint64_t generation = 0;
    uint64_t server = 0;
    // False: a handshake comes first.
    bool trusted = false;
  };
  Address address() const;

  // Whether values of the part may be read and claimed.
  bool MayAsk(absl::Duration now) const;

  // When the question was asked that proved last that memory is fresh; the infinite past if none
  // did. And the same for the part itself.
  absl::Duration memory_proven_at() const;
  absl::Duration part_proven_at() const;

  // Something is not as it should be: nothing is sent before a handshake.
  void Distrust();

  // --- Messages ---------------------------------------------------------------------------------

  void Listening();
  void Lost();
  void Receive(const SharedMessage& message);
  // Something came that could not be read, or time passed that the clock did not see: what was
  // proven is so no more.
  void Missed();

  // --- Handshake --------------------------------------------------------------------------------

  bool NeedsHandshake() const;
  // To be taken before the question, and handed over with the answer: what went wrong in between
  // makes the answer worthless.
  uint64_t troubles() const;
  void FinishHandshake(const PartState& state, uint64_t troubles_before);

  // --- Heartbeat --------------------------------------------------------------------------------

  // The answer to a question asked at `asked`. `log_is_clean`: no row of the change log was overdue
  // then.
  void FinishHeartbeat(const PartState& state, absl::Duration asked, bool log_is_clean);

 private:
  // What readers ask for; guarded by a mutex of its own, held for a moment only.
  struct Standing {
    Address address = {};
    bool listening = false;  // the subscription stands
    bool covered = false;    // it stood at the last handshake, and nothing was missed since
    uint64_t troubles = 0;
    absl::Duration memory_proven_at = -absl::InfiniteDuration();
    absl::Duration part_proven_at = -absl::InfiniteDuration();
  };

  Standing standing() const;
  void ApplyRecord(uint64_t generation, uint64_t sequence, const SharedRecord& record)
      TRIVET_REQUIRES(order_);
  void Prove(absl::Duration asked);

  Memory& memory_;
  const absl::Duration bound_;

  // Held while something takes effect on memory.
  Mutex order_;
  uint64_t applied_ TRIVET_GUARDED_BY(order_) = 0;  // sequence of the last record
  // A proof that waits for messages under way.
  bool awaits_ TRIVET_GUARDED_BY(order_) = false;
  uint64_t awaited_sequence_ TRIVET_GUARDED_BY(order_) = 0;
  absl::Duration awaited_at_ TRIVET_GUARDED_BY(order_) = absl::ZeroDuration();

  mutable Mutex mu_;  // may be taken while order_ is held
  Standing standing_ TRIVET_GUARDED_BY(mu_);
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_PART_TRACKER_H_
