// One part of a namespace in Redis: the hash with generation, sequence and tag stamps, and a slot
// per key. Every command is atomic. Redis itself keeps no promise: it forgets, and comes back as it
// was some time ago.
#ifndef TRIVET_TESTS_SIM_MODEL_REDIS_H_
#define TRIVET_TESTS_SIM_MODEL_REDIS_H_

#include <array>
#include <vector>

#include "tests/sim/model_types.h"

namespace trivet::sim {

enum class SlotState : uint8_t { kAbsent, kValue, kClaim, kTomb, kWriting };

struct Slot {
  SlotState state = SlotState::kAbsent;
  Generation generation = 0;  // is part of the name of the key
  Token token = 0;            // names this very content
  Version version = 0;        // of a value
  Version floor = 0;          // of all else: the newest version known to be committed
  bool dirtied =
      false;  // a write mark: somebody else's change, of unknown version, came in between
  TagSet tags = 0;
  uint64_t birth = 0;  // the sequence when the flight began that brought the value
  Tick until = 0;
};

enum class CommandKind : uint8_t {
  kReadSequence,  // generation and sequence
  kClaim,         // what is there, or else a claim is placed
  kClaimOver,     // a claim instead of exactly this tomb or dead value
  kReadStamps,    // the newest stamp of the given tags
  kFill,          // a value instead of exactly this claim
  kRenew,         // a value instead of exactly this value
  kBeginWrite,
  kEndWrite,  // also: an invalidation, which is the end of a write that left no mark and brings no
              // value
  kInvalidateTag,
  kClear,
  kScan,           // one step of a pattern: takes away one key
  kPatternRecord,  // its last step
  kFence,          // a new generation if there is none, or the server is not the one that gave it
};

struct Command {
  CommandKind kind = CommandKind::kReadSequence;
  uint32_t part = 0;
  Generation generation = 0;  // that the sender believes in
  uint32_t key = 0;
  uint32_t tag = 0;
  KeySet keys = 0;
  Token token = 0;
  Token instead_of = 0;
  bool with_value = false;
  Version version = 0;
  TagSet tags = 0;
  uint64_t birth = 0;
};

enum class ReplyStatus : uint8_t {
  kDone,
  kStale,  // not the current generation; nothing was done
  kLost,   // no reply came; it may be done, or not, or be done later
};

struct Reply {
  ReplyStatus status = ReplyStatus::kDone;
  Slot seen;         // of kClaim and kClaimOver: what was there before
  bool won = false;  // the claim was placed, or the value stored
  Generation generation = 0;
  uint64_t sequence = 0;
  uint64_t stamp = 0;
  uint32_t run = 0;

  static Reply Lost() {
    Reply reply;
    reply.status = ReplyStatus::kLost;
    return reply;
  }
};

enum class RecordKind : uint8_t { kWriting, kKey, kTag, kClear, kPattern, kFence };

// A message to all who subscribed.
struct Record {
  RecordKind kind = RecordKind::kKey;
  Generation generation = 0;
  Generation previous = 0;  // of kClear: the generation it ended
  uint64_t sequence = 0;
  uint32_t key = 0;
  uint32_t tag = 0;
  KeySet keys = 0;
  Version version = 0;
  Token token = 0;
};

class RedisPart {
 public:
  explicit RedisPart(const Settings& settings) : settings_(settings) {}

  Reply Execute(const Command& command, Tick now);
  // What the last command published.
  const std::vector<Record>& published() const { return published_; }

  // The value that a reader with the current generation is shown and would believe, or null.
  const Slot* Believable(uint32_t key, Tick now) const;
  bool has_generation() const { return data_.generation != 0; }

  // Faults.
  void Flush() { data_ = Data(); }
  void EvictSlot(uint32_t key) { data_.slots[key] = Slot(); }
  void EvictHash() { ForgetHash(); }
  void PruneStamp(uint32_t tag);
  void TakeSnapshot() { snapshot_ = data_; }
  void FailOver() {
    data_ = snapshot_;
    ++run_;
  }

 private:
  // All that a snapshot holds.
  struct Data {
    Generation generation = 0;  // 0: the hash is not there
    uint64_t sequence = 0;
    uint32_t fenced_run = 0;
    uint64_t forgotten = 0;  // the newest stamp that was pruned
    std::array<uint64_t, kTagCount> stamps = {};
    std::array<bool, kTagCount> known = {};
    std::array<Slot, kMaxKeys> slots = {};
  };

  void ForgetHash();
  uint64_t StampOf(TagSet tags) const;
  bool Is(const Slot& slot, SlotState state, Tick now) const;
  Record& Publish(RecordKind kind, const Command& command);

  // The generation is part of a key's name: what another one left is not there. (In the model the
  // new name takes the place of the old one, as if that had been evicted.)
  Slot& SlotOf(const Command& command, Tick now);
  void Claim(const Command& command, Tick now, Reply& reply);
  void ClaimOver(const Command& command, Tick now, Reply& reply);
  void Fill(const Command& command, Tick now, Reply& reply);
  void BeginWrite(const Command& command, Tick now, Reply& reply);
  void EndWrite(const Command& command, Tick now, Reply& reply);
  void Scan(const Command& command, Tick now);
  void Fence(const Command& command);

  const Settings& settings_;
  Data data_;
  Data snapshot_;
  uint32_t run_ = 1;
  Generation generations_ = 0;  // that there ever were; real ones are random
  std::vector<Record> published_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_REDIS_H_
