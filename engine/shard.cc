#include "engine/shard.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/check.h"
#include "engine/linear_hashing.h"
#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

// Where quotas take nearly all of the budget, the rest counts as at least this part of it.
constexpr size_t kCommonPart = 8;

// Entries that go under one lock for one that comes.
constexpr size_t kEvictedPerWrite = 256;

// Of an idle TTL: how old the stamp of the last read may be. See NamespaceOptions::idle_ttl.
Millis IdleSlack(const Entry* entry) { return entry->idle() / 16; }

uint64_t Stats::*CounterOf(RemovalCause cause) {
  switch (cause) {
    case RemovalCause::kExplicit:
      return &Stats::removed_explicit;
    case RemovalCause::kReplaced:
      return &Stats::replaced;
    case RemovalCause::kExpired:
      return &Stats::expired;
    case RemovalCause::kEvicted:
      return &Stats::evicted;
    case RemovalCause::kInvalidated:
      return &Stats::invalidated;
    case RemovalCause::kOversize:
      return &Stats::oversize;
  }
  TRIVET_CHECK(false, "unknown removal cause");
}

}  // namespace

Shard::Shard(Arena& arena, const EntryHash& hash_of, size_t shards, PolicyMaker make_policy,
             ShardBudget budget, Millis now)
    : hash_of_(hash_of),
      shards_(shards),
      make_policy_(std::move(make_policy)),
      index_(arena, hash_of, shards),
      policy_(make_policy_()),
      wheel_(now, index_.bucket_max()),
      tag_groups_(arena) {
  MutexLock lock(mu);
  SetBudget(budget);
}

void Shard::SetBudget(ShardBudget budget) {
  budget_ = budget;
  SetCommonCapacity();
}

void Shard::SetCommonCapacity() {
  common_capacity_ = {.weight = budget_.entries, .in_bytes = false};
  if (budget_.bytes != 0) {
    size_t left = budget_.bytes;
    for (const uint32_t id : quotas_) left -= std::min(left, shares_[id].quota);
    common_capacity_ = {.weight = std::max(left, budget_.bytes / kCommonPart), .in_bytes = true};
  }
  policy_->SetCapacity(common_capacity_);
}

Millis Shard::IdleDueOf(const Entry* entry) {
  return std::min(entry->expires(), entry->accessed() + entry->idle() + IdleSlack(entry));
}

RemovalCause Shard::CauseOfDeath(const Entry* entry, Millis now) {
  return now < DueOf(entry) ? RemovalCause::kInvalidated : RemovalCause::kExpired;
}

Entry* Shard::FindLive(const KeyRef& key, Millis now, Removals* removals) {
  return FindLive(key, key.space->epoch(), now, removals);
}

Entry* Shard::FindLive(const KeyRef& key, uint32_t epoch, Millis now, Removals* removals) {
  Entry* entry = index_.Find(key.space->id(), key.hash, key.key);
  if (entry == nullptr || IsLiveAt(entry, epoch, now)) return entry;
  Remove(entry, key.hash, CauseOfDeath(entry, now), removals);
  return nullptr;
}

void Shard::RecordAccess(Entry* entry, Millis now) {
  // The timer still has the old due time; when that comes, Expire looks at DueOf again.
  // `now` may lie before the stamp: others read their clocks, too.
  if (now >= entry->accessed() + std::max<Millis>(IdleSlack(entry), 1)) entry->SetAccessed(now);
}

void Shard::RecordHit(Entry* entry, size_t reserved, Millis now, Removals* removals) {
  if (!policy_->wants_hits()) return;
  PolicyOf(ShareOf(entry)).Hit(entry);
  size_t work = kEvictedPerWrite;
  if (EvictWhileOver(reserved, &work, now, removals)) is_over_budget_ = true;
}

bool Shard::Link(const KeyRef& key, Entry* fresh, Entry* old, TagRecords* records, size_t reserved,
                 Millis now, Removals* removals) {
  // All that a reader looks at, before the index shows the entry.
  if (fresh->has_idle()) fresh->SetAccessed(now);
  if (!records->empty() && !tag_groups_.Add(fresh, records)) return false;
  Share& share = ShareOf(key.space);
  if (old == nullptr) {
    if (Entry* crowded = index_.Crowded(key.hash)) Evict(crowded, now, removals);
    const size_t buckets = index_.bucket_count();
    if (!index_.Insert(fresh, key.hash)) {
      LeaveGroups(share, fresh, removals);
      return false;
    }
    FollowBuckets(buckets);
    PolicyOf(share).Insert(fresh, key.hash);
    ++share.stats.entries;
    Charge(share, fresh->charge());
  } else {
    index_.Replace(old, fresh, key.hash);
    PolicyOf(share).Replace(old, fresh);
    // In one step: figures that were just written are slow to read again (store forwarding).
    Charge(share, fresh->charge() - old->charge());
    LetGo(share, old, RemovalCause::kReplaced, removals);
  }
  if (share.epoch != fresh->epoch) [[unlikely]] {
    share.epoch = fresh->epoch;
    share.entries_of_epoch = 0;
  }
  ++share.entries_of_epoch;
  if (fresh->has_ttl()) ScheduleBy(index_.BucketOf(key.hash), DueOf(fresh));
  ++share.stats.sets;
  size_t work = kEvictedPerWrite;
  if (EvictToQuota(share, &work, now, removals) || EvictWhileOver(reserved, &work, now, removals)) {
    is_over_budget_ = true;
  }
  return true;
}

void Shard::Remove(Entry* entry, uint64_t hash, RemovalCause cause, Removals* removals) {
  RemoveFromIndex(entry, hash);
  PolicyOf(ShareOf(entry)).Remove(entry);
  Unlink(entry, cause, removals);
}

void Shard::RemoveFromIndex(Entry* entry, uint64_t hash) {
  const size_t buckets = index_.bucket_count();
  index_.Remove(entry, hash);
  FollowBuckets(buckets);
}

void Shard::Unlink(Entry* entry, RemovalCause cause, Removals* removals) {
  Share& share = ShareOf(entry);
  --share.stats.entries;
  Charge(share, size_t{0} - entry->charge());
  LetGo(share, entry, cause, removals);
}

void Shard::Charge(Share& share, size_t bytes) {
  share.stats.bytes += bytes;
  entry_bytes_ += bytes;
}

void Shard::LeaveGroups(const Share& share, Entry* entry, Removals* removals) {
  if (!entry->has_tags()) return;
  std::vector<std::unique_ptr<TagGroup>> emptied;
  tag_groups_.Remove(entry, &emptied);
  removals->AddGroups(share.space, std::move(emptied));
}

void Shard::LetGo(Share& share, Entry* entry, RemovalCause cause, Removals* removals) {
  LeaveGroups(share, entry, removals);
  if (entry->epoch == share.epoch) --share.entries_of_epoch;
  if (purge_ == Purge::kRemoves && entry->epoch != share.space->epoch()) {
    purge_left_ -= purge_left_ > 0 ? 1 : 0;
  }
  ++(share.stats.*CounterOf(cause));
  removals->Add(entry, share.space, cause);
}

void Shard::Move(Entry* old, Entry* fresh, Removals* removals) {
  fresh->epoch = old->epoch;
  tag_groups_.Move(old, fresh);
  PolicyOf(ShareOf(old)).Move(old, fresh);
  index_.Replace(old, fresh, hash_of_(fresh));
  // Once more: a reader may have stamped it since it was copied.
  if (old->has_idle()) fresh->SetAccessed(std::max(old->accessed(), fresh->accessed()));
  removals->AddMoved(old);
}

void Shard::MoveTables(TableMover* mover) {
  policy_->MoveTables(mover);
  for (const uint32_t id : quotas_) shares_[id].policy->MoveTables(mover);
}

void Shard::SetExpiry(const KeyRef& key, Entry* entry, Millis expires) {
  entry->SetExpires(expires);
  if (const Millis due = DueOf(entry); due != kNever) ScheduleBy(index_.BucketOf(key.hash), due);
}

// --- Timers

void Shard::ScheduleBy(size_t bucket, Millis due) {
  const auto timer = static_cast<uint32_t>(bucket);
  if (!wheel_.IsScheduled(timer) || due < wheel_.DueOf(timer)) wheel_.Schedule(timer, due);
}

void Shard::FollowBuckets(size_t before) {
  const size_t now = index_.bucket_count();
  if (now == before) [[likely]]
    return;
  // Of a bucket that is cut in two, both halves may hold the entry that is due first.
  const auto [from, to] =
      now > before ? std::pair(CutFrom(before), before) : std::pair(now, CutFrom(now));
  const auto timer = static_cast<uint32_t>(from);
  if (wheel_.IsScheduled(timer)) {
    ScheduleBy(to, wheel_.DueOf(timer));
    if (now < before) wheel_.Cancel(timer);
  }
  if (now < before) wheel_.Truncate(timer);
}

void Shard::Expire(size_t bucket, Millis now, size_t* budget, Removals* removals) {
  HashIndex::Chain due;
  Millis next = kNever;
  for (Entry* entry : index_.EntriesOf(bucket)) {
    *budget -= *budget > 0 ? 1 : 0;
    if (const Millis at = DueOf(entry); at > now) {
      next = std::min(next, at);
    } else {
      due.push_back(entry);
    }
  }
  // First: a removal may take the bucket away, and its timer with it.
  if (next != kNever) ScheduleBy(bucket, next);
  for (Entry* entry : due) Remove(entry, RemovalCause::kExpired, removals);
}

// --- Eviction

bool Shard::EvictToBudget(size_t reserved, size_t work_max, Millis now, Removals* removals) {
  size_t work = work_max;
  bool more = false;
  for (const uint32_t id : quotas_) more = EvictToQuota(shares_[id], &work, now, removals) || more;
  more = EvictWhileOver(reserved, &work, now, removals) || more;
  is_over_budget_ = more;
  return more;
}

bool Shard::EvictWhileOver(size_t reserved, size_t* work, Millis now, Removals* removals) {
  while (IsOverBudget(reserved)) {
    Entry* victim = FullestPolicy().Victim();
    // The last entry stays if it fits: it may be the one that was just linked.
    if (victim == nullptr || (index_.size() == 1 && Fits(victim->charge()))) return false;
    if (*work == 0) return true;
    --*work;
    Evict(victim, now, removals);
  }
  return false;
}

bool Shard::EvictToQuota(const Share& share, size_t* work, Millis now, Removals* removals) {
  if (share.policy == nullptr) [[likely]]
    return false;
  for (; share.stats.bytes > share.quota; --*work) {
    if (*work == 0) return true;
    Evict(share.policy->Victim(), now, removals);
  }
  return false;
}

Policy& Shard::FullestPolicy() {
  if (quotas_.empty()) [[likely]]
    return *policy_;
  Policy* fullest = nullptr;
  double most = 0;
  const auto consider = [&](Policy& policy, size_t weight, size_t capacity) {
    const double part = static_cast<double>(weight) / static_cast<double>(capacity);
    if (part <= most) return;
    most = part;
    fullest = &policy;
  };
  size_t bytes = entry_bytes_;
  size_t entries = index_.size();
  for (const uint32_t id : quotas_) {
    const Share& share = shares_[id];
    consider(*share.policy, share.stats.bytes, share.quota);
    bytes -= share.stats.bytes;
    entries -= share.stats.entries;
  }
  consider(*policy_, common_capacity_.in_bytes ? bytes : entries, common_capacity_.weight);
  return fullest != nullptr ? *fullest : *policy_;
}

void Shard::Evict(Entry* victim, Millis now, Removals* removals) {
  if (!IsLive(victim, now)) {
    Remove(victim, CauseOfDeath(victim, now), removals);
    return;
  }
  const uint64_t hash = hash_of_(victim);
  RemoveFromIndex(victim, hash);
  PolicyOf(ShareOf(victim)).Evict(victim, hash);
  Unlink(victim, RemovalCause::kEvicted, removals);
}

// --- Maintenance

bool Shard::MaintainMore(Millis now, uint64_t clears, size_t* budget, Removals* removals) {
  const auto spend = [budget] { *budget -= *budget > 0 ? 1 : 0; };
  const bool more_due = wheel_.Advance(now, budget, [&](uint32_t timer) {
    mu.AssertHeld();
    Expire(timer, now, budget, removals);
  });
  while (*budget > 0 && tag_groups_.NextDoomed() != nullptr) {
    spend();
    Remove(tag_groups_.NextDoomed(), RemovalCause::kInvalidated, removals);
  }
  const bool more_doomed = tag_groups_.NextDoomed() != nullptr;
  const bool more_old = PurgeOldEpochs(now, clears, budget, removals);
  return more_due || more_doomed || more_old;
}

size_t Shard::OldEntriesOf(const Share& share) {
  return share.stats.entries - (share.epoch == share.space->epoch() ? share.entries_of_epoch : 0);
}

bool Shard::PurgeOldEpochs(Millis now, uint64_t clears, size_t* budget, Removals* removals) {
  const auto spend = [budget] { *budget -= *budget > 0 ? 1 : 0; };
  while (*budget > 0 && !IsPurged(clears)) {
    spend();
    switch (purge_) {
      case Purge::kNone:
        purge_ = Purge::kCounts;
        purging_clears_ = clears;
        purge_position_ = purge_left_ = 0;
        break;
      case Purge::kCounts:
        if (shares_.VisitPiece(&purge_position_, [this](const Share& share) {
              mu.AssertHeld();
              purge_left_ += OldEntriesOf(share);
            })) {
          break;
        }
        purge_ = Purge::kRemoves;
        purge_position_ = 0;
        break;
      case Purge::kRemoves:
        if (purge_left_ > 0 && index_.VisitBucket(&purge_position_, [&](Entry* entry) {
              mu.AssertHeld();
              spend();
              if (!IsLive(entry, now)) Remove(entry, CauseOfDeath(entry, now), removals);
            })) {
          break;
        }
        purge_ = Purge::kNone;
        purged_clears_ = purging_clears_;
    }
  }
  return !IsPurged(clears);
}

// --- Figures

Share& Shard::AddShare(NamespaceState* space) {
  Share& share = shares_.Add(space->id(), space);
  const size_t quota = space->options().quota_bytes;
  if (quota == 0) return share;
  share.quota = std::max<size_t>(quota / shards_, 1);
  share.policy = make_policy_();
  share.policy->SetCapacity({.weight = share.quota, .in_bytes = true});
  quotas_.push_back(space->id());
  SetCommonCapacity();
  return share;
}

const Stats* Shard::FindCounters(uint32_t namespace_id) const {
  const Share* share = shares_.Find(namespace_id);
  return share != nullptr ? &share->stats : nullptr;
}

size_t Shard::overhead_bytes() const {
  size_t bytes =
      index_.bytes() + policy_->bytes() + tag_groups_.bytes() + wheel_.bytes() + shares_.bytes();
  for (const uint32_t id : quotas_) bytes += shares_[id].policy->bytes();
  return bytes;
}

void Shard::CheckInvariants() {
  index_.CheckInvariants();
  size_t common = index_.size();
  for (const uint32_t id : quotas_) {
    const Share& share = shares_[id];
    share.policy->CheckInvariants(share.stats.entries);
    TRIVET_CHECK(share.stats.bytes <= share.quota, "a namespace is over its quota");
    common -= share.stats.entries;
  }
  policy_->CheckInvariants(common);
  wheel_.CheckInvariants();
  tag_groups_.CheckInvariants();
  std::map<uint32_t, Share> seen;
  for (size_t bucket = 0; bucket < index_.bucket_count(); ++bucket) {
    const auto timer = static_cast<uint32_t>(bucket);
    for (Entry* entry : index_.EntriesOf(bucket)) {
      Share& share = seen[entry->space_id()];
      ++share.stats.entries;
      share.stats.bytes += entry->charge();
      if (entry->epoch == shares_[entry->space_id()].epoch) ++share.entries_of_epoch;
      TRIVET_CHECK(DueOf(entry) == kNever ||
                       (wheel_.IsScheduled(timer) && wheel_.DueOf(timer) <= DueOf(entry)),
                   "the timer of a bucket would be late");
      for (const TagMembership& membership : entry->tags()) {
        TRIVET_CHECK(membership.group != 0, "an entry without its tag group");
      }
    }
  }
  TRIVET_CHECK(wheel_.size() <= index_.bucket_count(), "a timer without a bucket");
  size_t bytes = 0;
  const auto check = [&](const Share& share) {
    const Share& counted = seen[share.space->id()];
    TRIVET_CHECK(counted.stats.entries == share.stats.entries, "entries are miscounted");
    TRIVET_CHECK(counted.stats.bytes == share.stats.bytes, "bytes are miscounted");
    TRIVET_CHECK(counted.entries_of_epoch == share.entries_of_epoch, "an epoch is miscounted");
    bytes += counted.stats.bytes;
  };
  uint64_t position = 0;
  while (shares_.VisitPiece(&position, check)) continue;
  TRIVET_CHECK(bytes == entry_bytes_, "the bytes of the shard are miscounted");
  TRIVET_CHECK(index_.size() <= 1 || !IsOverBudget(0), "the shard is over its budget");
}

}  // namespace trivet::engine
