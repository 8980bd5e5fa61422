// A process: its memory tier, its flights, and what it knows of each part of Redis.
//
// Everything here happens under the lock of a shard, at one instant. Nothing here talks to Redis or
// to the store.
#ifndef TRIVET_TESTS_SIM_MODEL_PROCESS_H_
#define TRIVET_TESTS_SIM_MODEL_PROCESS_H_

#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "tests/sim/model_redis.h"
#include "tests/sim/model_store.h"
#include "tests/sim/model_types.h"

namespace trivet::sim {

struct Entry {
  bool present = false;
  Version version = 0;
  Token token = 0;     // of the write that stored it
  uint64_t birth = 0;  // the clock of the process when its flight began
  uint32_t epoch = 0;  // of its part
  TagSet tags = 0;
};

// A load or a write of one key.
struct Flight {
  bool writes = false;
  bool open = true;
  uint32_t key = 0;
  Tick began = 0;
  uint64_t birth = 0;
  uint32_t epoch = 0;
  TagSet early_tags = 0;  // declared before the truth was read
  bool used_redis = false;
  bool poisoned = false;   // a load: what it brings is stored nowhere
  bool overtaken = false;  // a write: the same
  Version floor = 0;       // a write: the newest version that another one reported
  Token token = 0;         // of a write
  // Once it is no longer open:
  Version version = 0;
  bool fenced_by_tag = false;
};

// What the process knows of one part of Redis.
struct Domain {
  bool connected = true;    // the socket for commands
  bool subscribed = false;  // the socket for messages
  bool trusted = false;     // the handshake was made on this connection: commands may be sent
  bool covered = false;     // trusted, and no message was lost since
  uint32_t troubles = 0;    // a handshake that began before the last of them proves nothing
  bool shakes_hands = false;
  bool beats = false;  // a heartbeat is under way
  Tick next_beat = 0;

  Generation generation = 0;
  uint32_t run = 0;
  uint64_t applied = 0;  // sequence of the last record applied
  uint32_t epoch = 0;

  Tick memory_until = 0;  // the proof: until then memory is served
  Tick redis_until = 0;   // and until then Redis is asked
  // A proof that waits for messages under way.
  bool awaits = false;
  uint64_t awaited_sequence = 0;
  Tick awaited_at = 0;
};

class Process {
 public:
  Process(const Settings& settings, uint32_t index);

  uint32_t index() const { return index_; }
  uint64_t clock() const { return clock_; }
  Domain& domain(uint32_t part) { return domains_[part]; }
  Domain& domain_of(uint32_t key) { return domains_[settings_.PartOf(key)]; }

  // --- Memory
  // -------------------------------------------------------------------------------------

  // The entry if it is served now, else null.
  const Entry* Find(uint32_t key, Tick now) const;
  void Evict(uint32_t key) { entries_[key].present = false; }
  // The record of a tag goes; what it knew is remembered in one number.
  void ForgetTag(uint32_t tag);

  // --- Flights
  // ------------------------------------------------------------------------------------

  Flight& BeginLoad(uint32_t key, TagSet early_tags, Tick now);
  Flight& BeginWrite(uint32_t key, Token token, Tick now);
  bool HasOpenWrite(uint32_t key) const;
  // A load that a reader who arrives now may join, or null.
  const Flight* Joinable(uint32_t key, Tick now);
  // Whether one who joined at this time of the process's clock may have what the load brought.
  bool MayShare(const Flight& flight, uint64_t tag_clock_at_joining) const;
  uint64_t newest_tag_clock() const { return newest_tag_clock_; }

  // `may_keep`: Redis had the value, or took it.
  void EndLoad(Flight& flight, Version version, TagSet tags, bool may_keep);
  void EndWrite(Flight& flight, Version version, TagSet tags, bool told, bool stored);

  // --- Invalidation
  // -------------------------------------------------------------------------------

  // The own change, from the process itself.
  void Apply(const Change& change);
  void ApplyKey(uint32_t key, Version version, Token token);
  void BumpEpoch(uint32_t part) { ++domains_[part].epoch; }

  // --- Messages and proofs
  // ------------------------------------------------------------------------

  void Receive(uint32_t part, const Record& record);
  void FinishHandshake(uint32_t part, const Reply& reply, uint32_t troubles_before);
  // Redis answered a heartbeat whose question was asked at `asked`.
  void FinishHeartbeat(uint32_t part, const Reply& reply, Tick asked, bool log_is_clean);

  void LoseConnection(uint32_t part);
  void LoseSubscription(uint32_t part);
  // Something is not as it should be: nothing is sent before a handshake.
  void Distrust(uint32_t part);

  // --- Changes that Redis could not be told
  // -------------------------------------------------------

  void AddPending(ChangeId change, uint32_t part, bool of_a_key);
  void RemovePending(ChangeId change, uint32_t part);
  bool MayAskRedis(uint32_t part, Tick now) const;
  const std::vector<std::pair<ChangeId, uint32_t>>& pending() const { return pending_; }

 private:
  uint64_t StampOf(TagSet tags) const;
  bool IsAlive(const Entry& entry, const Domain& domain) const;
  void ApplyTag(uint32_t tag);
  void ApplyPattern(KeySet keys);
  void ApplyRecord(uint32_t part, const Record& record);
  void Keep(const Flight& flight, Version version, TagSet tags, Token token);

  const Settings& settings_;
  uint32_t index_;
  uint64_t clock_ = 0;  // counts invalidations
  std::array<uint64_t, kTagCount> tag_clocks_ = {};
  std::array<bool, kTagCount> tag_known_ = {};
  uint64_t forgotten_ = 0;
  uint64_t newest_tag_clock_ = 0;
  std::array<Entry, kMaxKeys> entries_ = {};
  std::array<Domain, kMaxParts> domains_ = {};
  std::deque<Flight> flights_;  // references to them stay valid
  std::vector<std::pair<ChangeId, uint32_t>> pending_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_PROCESS_H_
