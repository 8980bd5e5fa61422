// What is done with all shards together: resizing, maintenance, figures.
#include <algorithm>

#include "engine/capacity.h"
#include "engine/memory_tier.h"

namespace trivet::engine {
namespace {

// Memory that was not needed for so long goes back to the system.
constexpr Millis kTrimPeriod = 1000;
// Entries that a long operation handles before it lets others have the shard.
constexpr size_t kWorkPerLock = 256;

}  // namespace

void MemoryTier::EvictTheRest(Shard& shard) {
  bool more = true;
  while (more) {
    Removals removals = NewRemovals();
    MutexLock lock(shard.mu);
    more = shard.EvictToBudget(Reserved(), kWorkPerLock, now(), &removals);
  }
}

void MemoryTier::Resize(const Capacity& capacity) {
  {
    // All shards get the same one of several new capacities.
    MutexLock resizing(resizing_mu_);
    SetMemoryBytes(capacity.memory_bytes);
    MeasureSlack();  // of which only a part of the new budget counts
    for (size_t i = 0; i < shards_.size(); ++i) {
      MutexLock lock(shards_[i]->mu);
      shards_[i]->SetBudget(PartOf(capacity, i, shards_.size()));
    }
  }
  for (const auto& shard : shards_) EvictTheRest(*shard);
  reclaimer_.Reclaim();
  arena_.Trim();
  MeasureSlack();
  MutexLock lock(moving_mu_);
  slack_left_ = 0;  // there is more to win than before
}

bool MemoryTier::Maintain(size_t budget) {
  reclaimer_.Reclaim();
  arena_.CollectFromEndedThreads();
  arena_.TrimAgain();
  Millis due = next_trim_.load(std::memory_order_relaxed);
  if (now() >= due && next_trim_.compare_exchange_strong(due, now() + kTrimPeriod)) {
    arena_.TrimUnused();
  }
  MeasureSlack();
  // A part of the budget, so that neither waits for the other.
  size_t moving_budget = budget / 4 + (budget % 4 != 0 ? 1 : 0);
  budget -= moving_budget;
  bool any_more = MoveTogether(&moving_budget);
  budget += moving_budget;
  const uint64_t clears = clears_.load(std::memory_order_acquire);
  const size_t first = next_maintained_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < shards_.size(); ++i) {
    const size_t index = (first + i) % shards_.size();
    bool more = true;
    while (more) {
      if (budget == 0) {
        next_maintained_.store(index, std::memory_order_relaxed);
        return true;
      }
      size_t work = std::min(budget, kWorkPerLock);
      budget -= work;
      Removals removals = NewRemovals();
      MutexLock lock(shards_[index]->mu);
      more = shards_[index]->Maintain(now(), clears, &work, &removals);
      budget += work;
    }
    any_more = any_more || more;
  }
  return any_more;
}

void MemoryTier::AddStats(uint32_t namespace_id, Stats* stats) const {
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mu);
    if (const Stats* counters = shard->FindCounters(namespace_id)) *stats += *counters;
  }
  reclaimer_.records().ForEach([&](const ThreadRecord& record) {
    const ReadCounters* counters = record.FindCounters(namespace_id);
    if (counters == nullptr) return;
    stats->hits += counters->hits.load(std::memory_order_relaxed);
    stats->misses += counters->misses.load(std::memory_order_relaxed);
  });
}

void MemoryTier::SetTotals(Stats* stats) {
  reclaimer_.Reclaim();  // so that what is left is pinned
  stats->index_bytes = 0;
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mu);
    stats->index_bytes += shard->overhead_bytes();
  }
  stats->pinned_bytes = reclaimer_.retired_bytes();  // and what a reader holds up at this moment
  stats->memory_bytes = stats->bytes + stats->index_bytes + stats->pinned_bytes;
  stats->memory_limit = memory_bytes_.load(std::memory_order_relaxed);
}

size_t MemoryTier::pinned_entries() {
  reclaimer_.Reclaim();
  size_t pinned = reclaimer_.retired_entries();
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mu);
    uint64_t position = 0;
    while (shard->index().VisitBucket(
        &position, [&](Entry* entry) { pinned += EntryLedger::IsPinned(entry) ? 1 : 0; })) {
    }
  }
  return pinned;
}

size_t MemoryTier::flights() const {
  size_t flights = 0;
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mu);
    flights += shard->flights().size();
  }
  return flights;
}

size_t MemoryTier::mapped_bytes() {
  size_t bytes = arena_.block_bytes();
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mu);
    bytes += shard->index().bytes();
  }
  return bytes;
}

void MemoryTier::CheckInvariants() {
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mu);
    shard->CheckInvariants();
  }
  arena_.CheckInvariants();
}

}  // namespace trivet::engine
