// One stripe of the memory tier: entries whose keys hash to it, under one lock.
#ifndef TRIVET_ENGINE_SHARD_H_
#define TRIVET_ENGINE_SHARD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/entry.h"
#include "engine/entry_ledger.h"
#include "engine/flights.h"
#include "engine/hash_index.h"
#include "engine/mutex.h"
#include "engine/namespace_state.h"
#include "engine/policy.h"
#include "engine/relaxed.h"
#include "engine/removals.h"
#include "engine/shares.h"
#include "engine/table_mover.h"
#include "engine/tag_groups.h"
#include "engine/timing_wheel.h"
#include "trivet/stats.h"

namespace trivet::engine {

// A key as it is looked up.
struct KeyRef {
  NamespaceState* space;
  std::string_view key;
  uint64_t hash;
};

// The part of the cache's budget that belongs to one shard. 0: no limit.
struct ShardBudget {
  size_t bytes = 0;
  size_t entries = 0;
};

// Keeps index, eviction policy, timing wheel and tag groups of its entries in step: an entry is in
// all of them or in none. Takes no decision about keys, conditions or tiers: MemoryTier does,
// holding `mu`. What must happen without the lock (listeners, frees) goes into the caller's
// Removals.
//
// Expiry has one timer for each bucket of the index, not for each entry: it fires no later than the
// first of the bucket's entries is due, and then looks at all of them, some nine. So a TTL costs an
// entry nothing but its deadline, and overwriting one with a later deadline touches no timer.
//
// Liveness is one predicate, IsLive; a dead entry found by a look-up is removed on the spot.
class Shard {
 public:
  using PolicyMaker = std::function<std::unique_ptr<Policy>()>;

  // One of `shards`.
  Shard(Arena& arena, const EntryHash& hash_of, size_t shards, PolicyMaker make_policy,
        ShardBudget budget, Millis now);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  SpinMutex mu;

  // The live entry of the key, or null. A caller that links an entry by what it found passes the
  // epoch that it gives to that entry: a Clear needs no lock, and may come in between.
  Entry* FindLive(const KeyRef& key, uint32_t epoch, Millis now, Removals* removals)
      TRIVET_REQUIRES(mu);
  Entry* FindLive(const KeyRef& key, Millis now, Removals* removals) TRIVET_REQUIRES(mu);

  // For reading without the lock: only HashIndex::Find and the prefetches.
  const HashIndex& lookup() const TRIVET_NO_THREAD_SAFETY_ANALYSIS { return index_; }

  // Notes in the entry that it was read, as eviction and idle TTL want it. Needs no lock.
  static void RecordUse(Entry* entry, Millis now) {
    // Written only if that changes it: then a hot entry stays in every core's cache.
    if (const uint8_t uses = entry->uses; uses < Entry::kUsesMax) {
      entry->uses = static_cast<uint8_t>(uses + 1);
    }
    if (entry->has_idle()) [[unlikely]]
      RecordAccess(entry, now);
  }
  // Tells the policy, where it wants to be told. What that takes may be over the budget: then
  // others go for it, as in Link.
  void RecordHit(Entry* entry, size_t reserved, Millis now, Removals* removals) TRIVET_REQUIRES(mu);

  // Whether an entry of that size may be held: at most an eighth of the budget,
  bool Fits(size_t charge) const TRIVET_REQUIRES(mu) {
    return budget_.bytes == 0 || charge <= budget_.bytes / kLargestPart;
  }
  // and of the quota of its namespace.
  bool Fits(NamespaceState* space, size_t charge) TRIVET_REQUIRES(mu) {
    const Share& share = ShareOf(space);
    return Fits(charge) && (share.policy == nullptr || charge <= share.quota / kLargestPart);
  }

  // Links a new entry of the key in place of `old` (null if there is none), then evicts some
  // entries until the budget is kept; where they are not enough, EvictToBudget has to follow (see
  // is_over_budget). `*records` are the tags of the entry; the holds that the shard took over are
  // removed from it. `reserved` bytes of the budget are taken by others (pinned values). False: the
  // arena, or the system, has no memory for its place; nothing is changed, but that another entry
  // may have made room, and the entry is the caller's still.
  [[nodiscard]] bool Link(const KeyRef& key, Entry* fresh, Entry* old, TagRecords* records,
                          size_t reserved, Millis now, Removals* removals) TRIVET_REQUIRES(mu);

  void Remove(Entry* entry, RemovalCause cause, Removals* removals) TRIVET_REQUIRES(mu) {
    Remove(entry, hash_of_(entry), cause, removals);
  }
  // The same where the hash of the key is known.
  void Remove(Entry* entry, uint64_t hash, RemovalCause cause, Removals* removals)
      TRIVET_REQUIRES(mu);

  // `fresh`, a copy, takes the place of an entry in everything. A reader that stamps an idle TTL at
  // this moment may stamp the old one: then the entry goes early, as if it were evicted.
  void Move(Entry* old, Entry* fresh, Removals* removals) TRIVET_REQUIRES(mu);

  // Shows the mover the tables of the policies.
  void MoveTables(TableMover* mover) TRIVET_REQUIRES(mu);

  // Gives the entry of the key another absolute expiry.
  void SetExpiry(const KeyRef& key, Entry* entry, Millis expires) TRIVET_REQUIRES(mu);

  // Evicts until budget and quotas are kept or `work_max` entries have gone. True: more is over.
  bool EvictToBudget(size_t reserved, size_t work_max, Millis now, Removals* removals)
      TRIVET_REQUIRES(mu);
  // Whether something was left to EvictToBudget. Needs no lock.
  bool is_over_budget() const { return is_over_budget_; }

  // Frees expired and invalidated entries until `*budget`, which it counts down, is used up: a unit
  // is an entry looked at, or a bucket. True if there may be more to do. `clears` is how often any
  // namespace was cleared so far: when it has changed since the last pass, the entries of older
  // epochs are looked for.
  bool Maintain(Millis now, uint64_t clears, size_t* budget, Removals* removals)
      TRIVET_REQUIRES(mu) {
    if (wheel_.IsQuiet(now) && tag_groups_.NextDoomed() == nullptr && IsPurged(clears)) [[likely]]
      return false;
    return MaintainMore(now, clears, budget, removals);
  }

  void SetBudget(ShardBudget budget) TRIVET_REQUIRES(mu);

  // A version greater than all that this shard gave out.
  uint64_t NextVersion() TRIVET_REQUIRES(mu) { return ++version_; }

  // Needs no lock. `now` may be anything where the entry has no TTL.
  bool IsLive(Entry* entry, const NamespaceState* space, Millis now) const {
    return IsLiveAt(entry, space->epoch(), now);
  }
  // The two halves of that, for the hit that asks for the time only where it matters: neither
  // cleared nor invalidated by a tag, and not expired.
  bool IsCurrent(Entry* entry, const NamespaceState* space) const {
    return IsCurrentAt(entry, space->epoch());
  }
  static bool IsDue(const Entry* entry, Millis now) { return now >= DueOf(entry); }
  // Of an entry that is not live: expired, or invalidated.
  static RemovalCause CauseOfDeath(const Entry* entry, Millis now);

  HashIndex& index() TRIVET_REQUIRES(mu) { return index_; }
  TagGroups& tag_groups() TRIVET_REQUIRES(mu) { return tag_groups_; }
  Flights& flights() TRIVET_REQUIRES(mu) { return flights_; }

  // The counters of one namespace in this shard.
  Stats& counters(NamespaceState* space) TRIVET_REQUIRES(mu) { return ShareOf(space).stats; }
  // The same for reading: null if the namespace was never seen here.
  const Stats* FindCounters(uint32_t namespace_id) const TRIVET_REQUIRES(mu);

  // Memory that does not belong to one entry.
  size_t overhead_bytes() const TRIVET_REQUIRES(mu);

  // Aborts if index, policy, wheel, groups and counters disagree. For tests; O(size).
  void CheckInvariants() TRIVET_REQUIRES(mu);

 private:
  // A value may be at most this part of its shard's budget, so that one cannot empty the shard.
  static constexpr size_t kLargestPart = 8;

  Share& ShareOf(NamespaceState* space) TRIVET_REQUIRES(mu) {
    if (Share* share = shares_.Find(space->id())) [[likely]]
      return *share;
    return AddShare(space);
  }
  Share& ShareOf(const Entry* entry) TRIVET_REQUIRES(mu) { return shares_[entry->space_id()]; }
  Share& AddShare(NamespaceState* space) TRIVET_REQUIRES(mu);
  Policy& PolicyOf(const Share& share) TRIVET_REQUIRES(mu) {
    return share.policy != nullptr ? *share.policy : *policy_;
  }
  // The one whose entries fill the largest part of what they may.
  Policy& FullestPolicy() TRIVET_REQUIRES(mu);
  // Tells the common policy what budget and quotas leave it.
  void SetCommonCapacity() TRIVET_REQUIRES(mu);

  bool IsCurrentAt(Entry* entry, uint32_t epoch) const TRIVET_NO_THREAD_SAFETY_ANALYSIS {
    return entry->epoch == epoch && !tag_groups_.IsDoomed(entry);
  }
  bool IsLiveAt(Entry* entry, uint32_t epoch, Millis now) const {
    return IsCurrentAt(entry, epoch) && !IsDue(entry, now);
  }
  bool IsLive(Entry* entry, Millis now) TRIVET_REQUIRES(mu) {
    return IsLive(entry, ShareOf(entry).space, now);
  }
  static void RecordAccess(Entry* entry, Millis now);
  static Millis IdleDueOf(const Entry* entry);
  static Millis DueOf(const Entry* entry) {
    return entry->has_idle() ? IdleDueOf(entry) : entry->expires();
  }
  // The bucket's timer fires by then. Where the system has no memory for a timer, what is due goes
  // when it is looked up, or evicted.
  void ScheduleBy(size_t bucket, Millis due) TRIVET_REQUIRES(mu);
  // After the index had `before` buckets: their timers follow.
  void FollowBuckets(size_t before) TRIVET_REQUIRES(mu);
  void Expire(size_t bucket, Millis now, size_t* budget, Removals* removals) TRIVET_REQUIRES(mu);
  bool IsOverBudget(size_t reserved) const TRIVET_REQUIRES(mu) {
    if (budget_.entries != 0 && index_.size() > budget_.entries) return true;
    return budget_.bytes != 0 && entry_bytes_ + overhead_bytes() + reserved > budget_.bytes;
  }
  // Both evict at most `*work` entries, which they count down. True: more is over.
  bool EvictWhileOver(size_t reserved, size_t* work, Millis now, Removals* removals)
      TRIVET_REQUIRES(mu);
  bool EvictToQuota(const Share& share, size_t* work, Millis now, Removals* removals)
      TRIVET_REQUIRES(mu);
  void Evict(Entry* victim, Millis now, Removals* removals) TRIVET_REQUIRES(mu);
  void RemoveFromIndex(Entry* entry, uint64_t hash) TRIVET_REQUIRES(mu);
  // What leaving the shard means for everything but index and policy.
  void Unlink(Entry* entry, RemovalCause cause, Removals* removals) TRIVET_REQUIRES(mu);
  void LeaveGroups(const Share& share, Entry* entry, Removals* removals) TRIVET_REQUIRES(mu);
  // Adds to the figures, modulo 2^64: a difference may be negative.
  void Charge(Share& share, size_t bytes) TRIVET_REQUIRES(mu);
  // What is left of that when the figures are right.
  void LetGo(Share& share, Entry* entry, RemovalCause cause, Removals* removals)
      TRIVET_REQUIRES(mu);
  bool MaintainMore(Millis now, uint64_t clears, size_t* budget, Removals* removals)
      TRIVET_REQUIRES(mu);
  bool IsPurged(uint64_t clears) const TRIVET_REQUIRES(mu) {
    return purge_ == Purge::kNone && purged_clears_ == clears;
  }
  // Entries of epochs that are over.
  static size_t OldEntriesOf(const Share& share);
  bool PurgeOldEpochs(Millis now, uint64_t clears, size_t* budget, Removals* removals)
      TRIVET_REQUIRES(mu);

  const EntryHash& hash_of_;
  const size_t shards_;
  const PolicyMaker make_policy_;
  ShardBudget budget_ TRIVET_GUARDED_BY(mu);
  PolicyCapacity common_capacity_ TRIVET_GUARDED_BY(mu);  // of namespaces without a quota
  HashIndex index_ TRIVET_GUARDED_BY(mu);
  const std::unique_ptr<Policy> policy_ TRIVET_PT_GUARDED_BY(mu);  // of those
  TimingWheel wheel_ TRIVET_GUARDED_BY(mu);  // a timer for each bucket of the index
  TagGroups tag_groups_ TRIVET_GUARDED_BY(mu);
  Flights flights_ TRIVET_GUARDED_BY(mu);
  Shares shares_ TRIVET_GUARDED_BY(mu);
  std::vector<uint32_t> quotas_ TRIVET_GUARDED_BY(mu);  // of namespaces that have one, the ids
  size_t entry_bytes_ TRIVET_GUARDED_BY(mu) = 0;
  Relaxed<bool> is_over_budget_ = false;  // changed under `mu`
  uint64_t version_ TRIVET_GUARDED_BY(mu) = 0;

  // The pass that looks for entries of older epochs: how many there are is counted in the shares,
  // then the index is gone through until so many have gone.
  enum class Purge : uint8_t { kNone, kCounts, kRemoves };
  Purge purge_ TRIVET_GUARDED_BY(mu) = Purge::kNone;
  uint64_t purged_clears_ TRIVET_GUARDED_BY(mu) = 0;   // clears that a whole pass has seen
  uint64_t purging_clears_ TRIVET_GUARDED_BY(mu) = 0;  // clears when the running pass began
  uint64_t purge_position_ TRIVET_GUARDED_BY(mu) = 0;
  // What is left to find: never too few, unless there was another Clear, after which there is
  // another pass.
  size_t purge_left_ TRIVET_GUARDED_BY(mu) = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SHARD_H_
