// One namespace, shared with other processes.
#ifndef TRIVET_ENGINE_SHARED_SPACE_H_
#define TRIVET_ENGINE_SHARED_SPACE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/millis.h"
#include "engine/mutex.h"
#include "engine/part_tracker.h"
#include "engine/untold_changes.h"
#include "trivet/clock.h"
#include "trivet/options.h"
#include "trivet/result.h"
#include "trivet/shared_tier.h"
#include "trivet/stats.h"

namespace trivet::engine {

class MemoryTier;
class NamespaceState;

// What the parts of a namespace are told, what they tell, and what memory does about it. The rules
// are those of docs/protocol.md.
//
// Where a namespace has several parts, memory is served while all of them are proven, and what one
// of them missed kills the whole namespace: a hit then looks at one deadline and at one epoch.
//
// Thread-safety: all methods, on any thread, once Listen has returned.
class SharedSpace final : private SharedListener, private PartTracker::Memory {
 public:
  // All must outlive the space. `wake` is called, on any thread, when a handshake is needed.
  SharedSpace(SharedTier& tier, const CoherenceOptions& options, MemoryTier& memory,
              NamespaceState& state, std::function<void()> wake);
  ~SharedSpace() override;

  // Begins to listen, where there is something to be heard (CoherenceOptions::bus), and ends it;
  // after the end no call of the subscription is running.
  absl::Status Listen();
  void StopListening();

  NamespaceState& state() { return state_; }
  SharedTier& tier() { return tier_; }
  const CoherenceOptions& options() const { return options_; }
  const Clock& clock() const;
  uint32_t parts() const { return static_cast<uint32_t>(parts_.size()); }
  uint32_t PartOf(std::string_view key) const { return tier_.PartOf(key); }
  // The end of a command that begins now.
  absl::Duration Deadline() const;

  // Counted next to the I/O that they count.
  struct Counters {
    std::atomic<uint64_t> reads{0};
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> stores{0};
    std::atomic<uint64_t> errors{0};
    std::atomic<uint64_t> messages{0};
    std::atomic<uint64_t> resyncs{0};
  };
  Counters& counters() { return counters_; }
  void AddStats(Stats* stats) const;

  // --- For loads --------------------------------------------------------------------------------

  // Where to ask for a value, if its part may be asked and proved itself after `not_before`.
  std::optional<SharedPart> Ask(uint32_t part, absl::Duration not_before) const;
  void Distrust(uint32_t part);
  // A command to the part came to nothing. If the tier is not there, nobody waits for it again
  // before the upkeep has found that it is back.
  void NoteError(uint32_t part, const absl::Status& error);
  // What was read there at that time was true no longer ago than this.
  absl::Duration PartStaleness(uint32_t part, absl::Duration now) const;

  // --- For changes ------------------------------------------------------------------------------

  // Tells a part with `command`, after a handshake where one is needed, and again under the new
  // generation where it has one. An error: it was not told, as far as is known.
  absl::StatusOr<SharedAnswer> Command(
      uint32_t part, absl::FunctionRef<absl::StatusOr<SharedAnswer>(const SharedPart&)> command);

  // Tells every part that the changes concern, of the kinds that TellPart takes. What cannot be
  // told is kept, and told later; until then nothing of those parts is read. Memory is the
  // caller's.
  Coherence Tell(std::span<const SharedRecord> changes);
  // Keeps them for later at once.
  void TellLater(uint32_t part, std::span<const SharedRecord> changes);

  // A write of this cache has this token: its own message does not drop what it stored.
  void NoteOwnWrite(uint64_t token);

  size_t untold() const;

  // --- Upkeep -----------------------------------------------------------------------------------

  bool NeedsHandshake() const;
  // Shakes hands with the parts that need it, and tells what they could not be told. OK: each part
  // may be asked for a proof. Goes no further where the tier is away.
  absl::Status Mend();

  // See PartTracker.
  void FinishHeartbeat(uint32_t part, const PartState& state, absl::Duration asked,
                       bool log_is_clean);
  // All that is in memory is over, as if messages had been missed.
  void ForgetAll();

 private:
  struct Part {
    explicit Part(SharedSpace& space) : tracker(space, space.options_.staleness_max) {}
    PartTracker tracker;
    UntoldChanges untold;
    Mutex handshake;  // held by who shakes hands
    // Until then no program waits for a handshake.
    std::atomic<Millis> rests_until{0};
  };

  SharedPart Named(uint32_t part) const;
  absl::Status ShakeHands(uint32_t part);
  void Rest(uint32_t part);
  bool Rests(uint32_t part) const;
  void PublishProof();

  // SharedListener.
  void OnListening() override;
  void OnMessage(size_t part, SharedMessage message) override;
  void OnUnreadable(size_t part) override;
  void OnLost(const absl::Status& why) override;

  // PartTracker::Memory.
  void Apply(const SharedRecord& record) override;
  void Forget() override;

  bool IsOwnWrite(uint64_t token) const;

  SharedTier& tier_;
  const CoherenceOptions options_;
  const bool hears_;  // what others change
  MemoryTier& memory_;
  NamespaceState& state_;
  const std::function<void()> wake_;
  std::vector<std::unique_ptr<Part>> parts_;
  Mutex proof_mu_;  // held by who publishes a proof

  // The newest tokens of own writes. A message overtaken by so many writes drops what its write
  // stored, which costs a load.
  static constexpr size_t kOwnWrites = 64;
  std::array<std::atomic<uint64_t>, kOwnWrites> own_writes_ = {};
  std::atomic<size_t> next_own_write_{0};

  Counters counters_;

  std::unique_ptr<SharedSubscription> subscription_;  // last: calls the others
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SHARED_SPACE_H_
