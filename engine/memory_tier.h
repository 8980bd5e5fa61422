// The in-process store: all shards, and what is done with one key in memory.
#ifndef TRIVET_ENGINE_MEMORY_TIER_H_
#define TRIVET_ENGINE_MEMORY_TIER_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/statusor.h"
#include "engine/arena.h"
#include "engine/entry_ledger.h"
#include "engine/key_hash.h"
#include "engine/moving_pass.h"
#include "engine/namespace_state.h"
#include "engine/reclaimer.h"
#include "engine/shard.h"
#include "trivet/clock.h"
#include "trivet/options.h"
#include "trivet/result.h"
#include "trivet/stats.h"

namespace trivet::engine {

// A value on its way into memory, with everything decided.
struct NewValue {
  std::string_view value = {};
  LiveObject* object = nullptr;  // if not null, the value; the entry takes it over
  std::span<const std::string> tags = {};
  uint64_t version = 0;  // 0: none yet
  Millis expires = kNever;
  Millis idle = kNever;
};

// What is known of a live entry, without reading it in the sense of eviction and idle TTL.
struct Peeked {
  Value value = {};
  uint64_t version = 0;
  Millis expires = kNever;
  Millis idle = kNever;
  std::vector<std::string> tags = {};
};

// When a Set in memory may take effect.
struct SetCondition {
  SetWhen when = SetWhen::kAlways;
  uint64_t version = 0;
  // With kIfVersion, if not null, in place of a version: this very entry, which the caller pins.
  const Entry* entry = nullptr;
};

// Owns the shards. Loads, write-through, invalidation and scans build on it in files of their own
// (memory_loads.h, memory_writes.h, memory_invalidation.h, memory_scan.h).
//
// Reads take no lock, unless the policy wants to be told of hits, or the entry that they find is
// dead and has to go.
//
// Thread-safety: all methods, on any thread. Each takes one shard's lock at a time; listeners run
// on the calling thread when it holds none.
class MemoryTier {
 public:
  // REQUIRES: `options` are valid.
  MemoryTier(const CacheOptions& options, const Clock& clock);
  MemoryTier(const MemoryTier&) = delete;
  MemoryTier& operator=(const MemoryTier&) = delete;
  ~MemoryTier();

  // --- One key ----------------------------------------------------------------------------------

  KeyRef Ref(NamespaceState* space, std::string_view key) const {
    return {space, key, hash_(space->id(), key)};
  }

  // Calls `use(Entry*)` with the live entry, and counts a hit; the entry may leave the cache while
  // that runs, but stays readable. False: there is none, nothing counted.
  template <typename Use>
  bool TryRead(KeyRef key, Use use);

  // The same; counts a miss if there is none.
  template <typename Use>
  bool Read(KeyRef key, Use use) {
    if (TryRead(key, use)) return true;
    CountMiss(key.space);
    return false;
  }

  // The value, pinned; counts as a read.
  Value Find(const KeyRef& key);

  // The same with all that is known of it.
  std::optional<Result> Get(const KeyRef& key);

  // Brings what reads of the keys will look at into the cache of the processor.
  void Prefetch(std::span<const KeyRef> keys) const;

  std::optional<Peeked> Peek(const KeyRef& key);

  // Sets the value if the condition holds; fences loads of the key. ResourceExhausted if it can
  // never fit, and while pinned values fill the room; then nothing is changed.
  absl::StatusOr<SetResult> Set(const KeyRef& key, const NewValue& value, SetCondition condition);

  // Drops the entry and fences loads of the key. Returns what was there.
  std::optional<Value> Remove(const KeyRef& key, RemovalCause cause);

  // False: no live entry.
  bool SetExpiry(const KeyRef& key, Millis expires);

  // Bytes or an object that no shard links, in the shape of a value.
  Value Detached(const KeyRef& key, const NewValue& value);

  // --- All shards -------------------------------------------------------------------------------

  // As Cache::Resize. REQUIRES: the capacity is valid.
  void Resize(const Capacity& capacity);

  // As Cache::Maintain, for memory.
  bool Maintain(size_t budget);

  // Lets Maintain look for what a Clear killed.
  void NoteClear() { clears_.fetch_add(1, std::memory_order_acq_rel); }

  // Adds the figures of one namespace.
  void AddStats(uint32_t namespace_id, Stats* stats) const;
  // Sets the gauges that belong to no namespace.
  void SetTotals(Stats* stats);

  // Entries that a Value holds, and loads and writes in progress.
  size_t pinned_entries();
  size_t flights() const;

  // Bytes of blocks and buckets; of the pages that blocks lie in.
  size_t mapped_bytes();
  size_t page_bytes() { return arena_.page_bytes(); }

  void CheckInvariants();

  // --- For the files that build on this ---------------------------------------------------------

  size_t shard_count() const { return shards_.size(); }
  Shard& shard(size_t index) const { return *shards_[index]; }
  Shard& ShardOf(uint64_t hash) const { return *shards_[hash & shard_mask_]; }
  const Clock& clock() const { return clock_; }
  Millis now() const { return static_cast<Millis>(clock_.ElapsedMillis()); }
  EntryLedger& ledger() { return ledger_; }
  Removals NewRemovals() { return Removals(&reclaimer_, &listener_); }

  void CountHit(const NamespaceState* space) {
    ReadCounters::Count(reclaimer_.records().Mine().CountersOf(space->id()).hits);
  }
  void CountMiss(const NamespaceState* space) {
    ReadCounters::Count(reclaimer_.records().Mine().CountersOf(space->id()).misses);
  }

  // The entry for a value, not yet linked; the caller sets its epoch. Null if the arena has no
  // block for it. Frees what it can where that is needed; so not under a lock.
  EntryPtr Prepare(const KeyRef& key, const NewValue& value, size_t tag_count, Millis now);
  // The same where the arena has none: an entry that is never linked. Never null.
  EntryPtr PrepareOnHeap(const KeyRef& key, const NewValue& value, Millis now);

  // Whether pinned values, and what slow readers hold up, fill the room that they may fill. To be
  // asked after Prepare and before the lock: what the write itself lets go of does not count.
  bool IsPinnedFull() const {
    const size_t pinned = ledger_.pinned_bytes();
    return pinned > pinned_max_.load(std::memory_order_relaxed) ||
           pinned + reclaimer_.waiting_bytes() > waiting_max_.load(std::memory_order_relaxed);
  }

  // To be called after Link, without the lock: a large entry takes the place of more small ones
  // than that evicts.
  void KeepToBudget(Shard& shard) {
    if (shard.is_over_budget()) [[unlikely]]
      EvictTheRest(shard);
  }

  // To be called after a write, when all that waits for it has gone on: the same, and now and then
  // a write has to help to win memory back.
  void HelpIfNeeded(Shard& shard) {
    KeepToBudget(shard);
    if (writes_help_.load(std::memory_order_relaxed)) [[unlikely]]
      HelpMoving();
  }

  // Takes `fresh` over and links it, and does a little maintenance, since writes pay for it.
  // KeepToBudget has to follow. False: there is no memory for its place, and nothing is changed.
  [[nodiscard]] bool Link(const KeyRef& key, Shard& shard, EntryPtr& fresh, Entry* old,
                          TagRecords* records, Millis now, Removals* removals)
      TRIVET_REQUIRES(shard.mu);

  // Of each shard's budget, what pinned values and the slack of the arena take. Not what waits for
  // its grace period: that was evicted just now, and must not be the reason to evict more.
  size_t Reserved() const {
    return (ledger_.pinned_bytes() + slack_bytes_.load(std::memory_order_relaxed)) >>
           std::popcount(shard_mask_);
  }

  // The answer for an entry in memory. `proven_at` is NamespaceState::proven_at() from before the
  // look that found it: a later proof may rest on its having gone.
  Result ResultOf(const NamespaceState* space, Entry* entry, Millis now, Millis proven_at);
  // The same under the lock of the shard that links it.
  Result ResultOf(const NamespaceState* space, Entry* entry, Millis now) {
    return ResultOf(space, entry, now, space->proven_at());
  }

 private:
  void EvictTheRest(Shard& shard);
  void HelpMoving();
  // TryRead where an entry is dead, or the policy wants to be told. Apart, so that what every hit
  // does stays in registers; for their sake the arguments are values, too.
  template <typename Use>
  ABSL_ATTRIBUTE_NOINLINE bool TryReadLocked(KeyRef key, Use use);
  // Finds the live entry under the lock, tells the policy, and removes it if it is dead.
  Value LookUpLocked(const KeyRef& key, Entry** entry);
  // The budget, and what is a part of it.
  void SetMemoryBytes(size_t memory_bytes);

  // In memory_slack.cc.
  void MeasureSlack();
  void MeasureSlackIfDue();  // costs two loads if it is not
  // Moves entries and tables out of slabs that the arena picked; `*budget` as in Maintain. True:
  // this thread may go on.
  bool MoveTogether(size_t* budget);
  void BeginMoving() TRIVET_REQUIRES(moving_mu_);
  void NoteEndOfMoving() TRIVET_REQUIRES(moving_mu_);
  bool MoveSome(size_t* budget);
  // Some of one shard. True: there are more.
  bool MoveEntries(Shard& shard, uint64_t* position, size_t* budget, Removals* removals)
      TRIVET_REQUIRES(shard.mu);

  const Clock& clock_;
  const RemovalListener listener_;
  const KeyHash hash_;
  const EntryHash entry_hash_;
  Arena arena_;
  EntryLedger ledger_;
  Reclaimer reclaimer_;
  bool hits_are_told_ = false;  // the policy wants to know them
  std::atomic<size_t> memory_bytes_{0};
  // Beyond so much, writes are refused: of what handles pin, and of that together with what waits
  // for readers that do not leave.
  std::atomic<size_t> pinned_max_{0};
  std::atomic<size_t> waiting_max_{0};
  std::atomic<size_t> slack_bytes_{0};  // of the arena, as far as it is too much; see MeasureSlack
  std::atomic<size_t> slack_measured_{0};
  std::atomic<size_t> pages_measured_{0};
  std::atomic<uint64_t> clears_{0};
  std::atomic<Millis> next_trim_{0};
  std::atomic<size_t> next_maintained_{0};  // the shard that Maintain begins with
  // The pass over all entries and tables that moves some, and when the next one may begin.
  MovingPass moving_;
  std::atomic<bool> writes_help_{false};
  Mutex resizing_mu_;  // held while budgets change
  Mutex moving_mu_;
  bool has_begun_ TRIVET_GUARDED_BY(moving_mu_) = false;  // and its end was not noted
  size_t slack_begun_ TRIVET_GUARDED_BY(moving_mu_) = 0;  // when the slabs were picked
  size_t slack_left_ TRIVET_GUARDED_BY(moving_mu_) = 0;  // by the last pass, less what is forgotten
  size_t slack_then_ TRIVET_GUARDED_BY(moving_mu_) = 0;  // when that ended
  Millis moving_since_ TRIVET_GUARDED_BY(moving_mu_) = 0;
  Millis next_urgent_ TRIVET_GUARDED_BY(moving_mu_) = 0;
  size_t shard_mask_ = 0;  // the number of shards is a power of two
  std::vector<std::unique_ptr<Shard>> shards_;
};

template <typename Use>
bool MemoryTier::TryRead(KeyRef key, Use use) {
  if (!hits_are_told_) [[likely]] {
    ThreadRecord& record = reclaimer_.records().Mine();
    const Reclaimer::Reading reading(reclaimer_, record);
    // Before the look: what this proof rests on has been done to memory by then.
    const Millis served_until = key.space->served_until();
    const Shard& shard = ShardOf(key.hash);
    Entry* const entry = shard.lookup().Find(key.space->id(), key.hash, key.key);
    if (entry == nullptr) return false;
    // A clock of this very moment: a process that was stopped must not trust an older one.
    Millis now = 0;
    bool is_due = false;
    if (entry->has_ttl() || served_until != kNever) {
      now = this->now();
      if (now >= served_until) [[unlikely]]
        return false;
      is_due = Shard::IsDue(entry, now);
    }
    if (!is_due && shard.IsCurrent(entry, key.space)) [[likely]] {
      Shard::RecordUse(entry, now);
      ReadCounters::Count(record.CountersOf(key.space->id()).hits);
      use(entry);
      return true;
    }
  }
  // No longer reading: the listener that is told of a dead entry may take its time.
  return TryReadLocked(key, use);
}

template <typename Use>
bool MemoryTier::TryReadLocked(KeyRef key, Use use) {
  Entry* entry = nullptr;
  const Value pinned = LookUpLocked(key, &entry);
  if (entry == nullptr) return false;
  CountHit(key.space);
  use(entry);
  return true;
}

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MEMORY_TIER_H_
