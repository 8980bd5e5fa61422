#include "engine/shard.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/check.h"
#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

// A value may be at most this part of its shard's budget, so that one cannot empty the shard.
constexpr size_t kLargestPart = 8;

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

Shard::Shard(const Arena& arena, size_t shards, std::unique_ptr<Policy> policy, ShardBudget budget,
             Millis now)
    : index_(arena, shards), policy_(std::move(policy)), wheel_(now) {
  MutexLock lock(mu);
  SetBudget(budget);
}

void Shard::SetBudget(ShardBudget budget) {
  budget_ = budget;
  const bool in_bytes = budget.bytes != 0;
  policy_->SetCapacity({.weight = in_bytes ? budget.bytes : budget.entries, .in_bytes = in_bytes});
}

Millis Shard::IdleDueOf(const Entry* entry) {
  return std::min<Millis>(entry->expires, entry->accessed + entry->idle() + IdleSlack(entry));
}

RemovalCause Shard::CauseOfDeath(const Entry* entry, Millis now) {
  return now < DueOf(entry) ? RemovalCause::kInvalidated : RemovalCause::kExpired;
}

Entry* Shard::FindLive(const KeyRef& key, Millis now, Removals* removals) {
  return FindLive(key, key.space->epoch(), now, removals);
}

Entry* Shard::FindLive(const KeyRef& key, uint32_t epoch, Millis now, Removals* removals) {
  Entry* entry = index_.Find(key.space, key.hash, key.key);
  if (entry == nullptr || IsLiveAt(entry, epoch, now)) return entry;
  Remove(entry, CauseOfDeath(entry, now), removals);
  return nullptr;
}

void Shard::RecordAccess(Entry* entry, Millis now) {
  // The wheel still has the old due time; when that comes, Maintain looks at DueOf again.
  // `now` may lie before the stamp: others read their clocks, too.
  if (now >= entry->accessed + std::max<Millis>(IdleSlack(entry), 1)) entry->accessed = now;
}

bool Shard::Fits(size_t charge) const {
  return budget_.bytes == 0 || charge <= budget_.bytes / kLargestPart;
}

void Shard::Link(Entry* fresh, Entry* old, TagRecords* records, size_t reserved, Millis now,
                 Removals* removals) {
  // All that a reader looks at, before the index shows the entry.
  fresh->accessed = now;
  tag_groups_.Add(fresh, records);
  if (old == nullptr) {
    if (Entry* crowded = index_.Crowded(fresh->hash())) Evict(crowded, now, removals);
    TRIVET_CHECK(index_.Insert(fresh), "out of memory");
    policy_->Insert(fresh);
  } else {
    index_.Replace(old, fresh);
    policy_->Replace(old, fresh);
    Unlink(old, RemovalCause::kReplaced, removals);
  }
  if (const Millis due = DueOf(fresh); due != kNever) wheel_.Schedule(fresh, due);
  Stats& counters = this->counters(fresh->space());
  ++counters.sets;
  ++counters.entries;
  counters.bytes += fresh->charge();
  entry_bytes_ += fresh->charge();
  EvictToBudget(reserved, std::numeric_limits<size_t>::max(), now, removals);
}

void Shard::Remove(Entry* entry, RemovalCause cause, Removals* removals) {
  index_.Remove(entry);
  policy_->Remove(entry);
  Unlink(entry, cause, removals);
}

// What leaving the shard means for everything but index and policy.
void Shard::Unlink(Entry* entry, RemovalCause cause, Removals* removals) {
  if (wheel_.IsScheduled(entry)) wheel_.Cancel(entry);
  if (!entry->tags().empty()) {
    std::vector<std::unique_ptr<TagGroup>> emptied;
    tag_groups_.Remove(entry, &emptied);
    removals->AddGroups(entry->space(), std::move(emptied));
  }
  Stats& counters = this->counters(entry->space());
  ++(counters.*CounterOf(cause));
  --counters.entries;
  counters.bytes -= entry->charge();
  entry_bytes_ -= entry->charge();
  removals->Add(entry, cause);
}

void Shard::Move(Entry* old, Entry* fresh, Removals* removals) {
  fresh->epoch = old->epoch;
  tag_groups_.Move(old, fresh);
  policy_->Move(old, fresh);
  index_.Replace(old, fresh);
  if (wheel_.IsScheduled(old)) {
    const Millis due = old->due_ms;
    wheel_.Cancel(old);
    wheel_.Schedule(fresh, due);
  }
  removals->AddMoved(old);
}

void Shard::SetExpiry(Entry* entry, Millis expires) {
  entry->expires = expires;
  if (wheel_.IsScheduled(entry)) wheel_.Cancel(entry);
  if (const Millis due = DueOf(entry); due != kNever) wheel_.Schedule(entry, due);
}

bool Shard::IsOverBudget(size_t reserved) const {
  if (budget_.entries != 0 && index_.size() > budget_.entries) return true;
  return budget_.bytes != 0 && entry_bytes_ + overhead_bytes() + reserved > budget_.bytes;
}

bool Shard::EvictToBudget(size_t reserved, size_t work_max, Millis now, Removals* removals) {
  size_t work = 0;
  while (IsOverBudget(reserved)) {
    Entry* victim = policy_->Victim();
    // The last entry stays if it fits: it may be the one that was just linked.
    if (victim == nullptr || (index_.size() == 1 && Fits(victim->charge()))) return false;
    if (work++ == work_max) return true;
    Evict(victim, now, removals);
  }
  return false;
}

void Shard::Evict(Entry* victim, Millis now, Removals* removals) {
  if (!IsLive(victim, now)) {
    Remove(victim, CauseOfDeath(victim, now), removals);
    return;
  }
  index_.Remove(victim);
  policy_->Evict(victim);
  Unlink(victim, RemovalCause::kEvicted, removals);
}

bool Shard::Maintain(Millis now, uint64_t clears, size_t* budget, Removals* removals) {
  const auto spend = [budget] { *budget -= *budget > 0 ? 1 : 0; };
  const bool more_due = wheel_.Advance(now, *budget, [&](WheelNode* node) {
    mu.AssertHeld();
    spend();
    auto* entry = static_cast<Entry*>(node);
    const Millis due = DueOf(entry);
    if (due > now) {
      wheel_.Schedule(entry, due);  // read since it was scheduled
    } else {
      Remove(entry, RemovalCause::kExpired, removals);
    }
  });
  while (*budget > 0 && tag_groups_.NextDoomed() != nullptr) {
    spend();
    Remove(tag_groups_.NextDoomed(), RemovalCause::kInvalidated, removals);
  }
  const bool more_doomed = tag_groups_.NextDoomed() != nullptr;
  const bool more_old = PurgeOldEpochs(now, clears, budget, removals);
  return more_due || more_doomed || more_old;
}

bool Shard::PurgeOldEpochs(Millis now, uint64_t clears, size_t* budget, Removals* removals) {
  if (purged_clears_ == clears && purge_position_ == 0) return false;
  while (*budget > 0) {
    if (purge_position_ == 0) purging_clears_ = clears;  // a new pass
    --*budget;
    const bool more = index_.VisitBucket(&purge_position_, [&](Entry* entry) {
      mu.AssertHeld();
      if (!IsLive(entry, now)) Remove(entry, CauseOfDeath(entry, now), removals);
    });
    if (!more) {
      purged_clears_ = purging_clears_;
      if (purged_clears_ == clears) return false;
    }
  }
  return true;
}

Stats& Shard::counters(const NamespaceState* space) {
  if (space->id() >= counters_.size()) counters_.resize(space->id() + 1);
  return counters_[space->id()];
}

const Stats* Shard::FindCounters(uint32_t namespace_id) const {
  return namespace_id < counters_.size() ? &counters_[namespace_id] : nullptr;
}

size_t Shard::overhead_bytes() const {
  return index_.bytes() + policy_->bytes() + tag_groups_.bytes() +
         counters_.capacity() * sizeof(Stats);
}

void Shard::CheckInvariants() {
  index_.CheckInvariants();
  policy_->CheckInvariants(index_.size());
  wheel_.CheckInvariants();
  tag_groups_.CheckInvariants();
  std::vector<Stats> seen(counters_.size());
  size_t scheduled = 0;
  uint64_t position = 0;
  bool more = true;
  while (more) {
    more = index_.VisitBucket(&position, [&](Entry* entry) {
      ++seen[entry->space()->id()].entries;
      seen[entry->space()->id()].bytes += entry->charge();
      const bool has_due = DueOf(entry) != kNever;
      TRIVET_CHECK(wheel_.IsScheduled(entry) == has_due,
                   "an entry is not on the wheel, or wrongly");
      TRIVET_CHECK(!has_due || entry->due_ms <= DueOf(entry), "the wheel would be late");
      if (has_due) ++scheduled;
      for (const TagMembership& membership : entry->tags()) {
        TRIVET_CHECK(membership.group != nullptr, "an entry without its tag group");
      }
    });
  }
  TRIVET_CHECK(scheduled == wheel_.size(), "the wheel holds strangers");
  size_t bytes = 0;
  for (size_t id = 0; id < seen.size(); ++id) {
    TRIVET_CHECK(seen[id].entries == counters_[id].entries, "entries are miscounted");
    TRIVET_CHECK(seen[id].bytes == counters_[id].bytes, "bytes are miscounted");
    bytes += seen[id].bytes;
  }
  TRIVET_CHECK(bytes == entry_bytes_, "the bytes of the shard are miscounted");
  TRIVET_CHECK(index_.size() <= 1 || !IsOverBudget(0), "the shard is over its budget");
}

}  // namespace trivet::engine
