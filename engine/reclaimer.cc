#include "engine/reclaimer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/tag_groups.h"

namespace trivet::engine {
namespace {

// One membarrier, a few microseconds here and an interruption there, for so many; yet so few that
// their blocks are still in the processor's cache when they are used again.
constexpr size_t kEntriesPerBatch = 1024;

// Entries that are fetched while others are freed.
constexpr size_t kPrefetched = 8;

}  // namespace

Reclaimer::~Reclaimer() {
  records_.ForEach([this](ThreadRecord& record) {
    MutexLock lock(record.mu);
    Free(record.collected);
    for (Batch& batch : record.sealed) Free(batch.garbage);
  });
}

void Reclaimer::Retire(std::span<Entry* const> entries, std::span<std::unique_ptr<TagGroup>> groups,
                       size_t bytes) {
  ThreadRecord& record = records_.Mine();
  {
    OwnerLock lock(record.mu);
    Garbage& collected = record.collected;
    for (Entry* entry : entries) {
      collected.entries.push_back(entry);
      if (EntryLedger::IsPinned(entry)) [[unlikely]]
        collected.pinned_bytes += entry->charge();
    }
    for (std::unique_ptr<TagGroup>& group : groups) collected.groups.push_back(std::move(group));
    collected.bytes += bytes;
    record.collected_bytes = collected.bytes;
    record.collected_entries = collected.entries.size();
    record.has_garbage = true;
    if (collected.entries.size() + collected.groups.size() < kEntriesPerBatch &&
        collected.bytes < batch_bytes_.load(std::memory_order_relaxed) &&
        collected.pinned_bytes < batch_pinned_bytes_.load(std::memory_order_relaxed)) {
      return;
    }
    Seal(record);
  }
  const uint64_t oldest = OldestEraInUse();
  std::vector<Batch> old;
  {
    OwnerLock lock(record.mu);
    old = TakeOlder(record, oldest);
  }
  Free(std::move(old));
}

void Reclaimer::Reclaim() {
  records_.ForEach([this](ThreadRecord& record) {
    if (!record.has_garbage) return;
    MutexLock lock(record.mu);
    if (!record.collected.empty()) Seal(record);
  });
  const uint64_t oldest = OldestEraInUse();
  // Relaxed: a hint.
  held_up_in_.store(oldest, std::memory_order_relaxed);
  records_.ForEach([this, oldest](ThreadRecord& record) {
    if (!record.has_garbage) return;
    std::vector<Batch> old;
    {
      MutexLock lock(record.mu);
      old = TakeOlder(record, oldest);
    }
    Free(std::move(old));
  });
}

void Reclaimer::ReclaimUnlessHeldUp() {
  const uint64_t era = held_up_in_.load(std::memory_order_relaxed);
  bool is_held_up = false;
  bool is_any = false;
  records_.ForEach([&](const ThreadRecord& record) {
    is_any = is_any || record.has_garbage;
    is_held_up = is_held_up || (era != 0 && record.reading.load(std::memory_order_relaxed) == era);
  });
  if (is_any && !is_held_up) Reclaim();
}

void Reclaimer::Seal(ThreadRecord& record) {
  Garbage garbage = std::move(record.collected);
  record.collected.entries.reserve(garbage.entries.size());  // there will be as many again
  waiting_bytes_.fetch_add(garbage.bytes, std::memory_order_relaxed);
  waiting_entries_.fetch_add(garbage.entries.size(), std::memory_order_relaxed);
  record.collected_bytes = 0;
  record.collected_entries = 0;
  // Release: pairs with the load in Enter.
  const uint64_t era = era_.fetch_add(1, std::memory_order_seq_cst);
  record.sealed.push_back({era, std::move(garbage)});
}

uint64_t Reclaimer::OldestEraInUse() const {
  // A batch that is sealed from here on has not been fenced.
  uint64_t oldest = era_.load(std::memory_order_seq_cst);
  FenceMarks(fence_);
  records_.ForEach([&oldest](const ThreadRecord& record) {
    const uint64_t era = record.reading.load(std::memory_order_seq_cst);
    if (era != 0) oldest = std::min(oldest, era);
  });
  return oldest;
}

std::vector<Batch> Reclaimer::TakeOlder(ThreadRecord& record, uint64_t era) {
  std::vector<Batch>& sealed = record.sealed;
  const auto end = std::find_if(sealed.begin(), sealed.end(),
                                [era](const Batch& batch) { return batch.era >= era; });
  std::vector<Batch> old(std::make_move_iterator(sealed.begin()), std::make_move_iterator(end));
  sealed.erase(sealed.begin(), end);
  record.has_garbage = !sealed.empty() || !record.collected.empty();
  return old;
}

void Reclaimer::Free(std::vector<Batch> batches) {
  for (Batch& batch : batches) {
    const size_t bytes = batch.garbage.bytes;
    const size_t entries = batch.garbage.entries.size();
    Free(batch.garbage);
    waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    // Release: pairs with retired_entries().
    waiting_entries_.fetch_sub(entries, std::memory_order_release);
  }
}

void Reclaimer::Free(Garbage& garbage) {
  const std::vector<Entry*>& entries = garbage.entries;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kPrefetched < entries.size()) __builtin_prefetch(entries[i + kPrefetched], 1);
    ledger_.Drop(entries[i]);
  }
  garbage.entries.clear();
  garbage.groups.clear();
}

size_t Reclaimer::retired_bytes() const {
  size_t bytes = waiting_bytes() + ledger_.pinned_bytes();
  records_.ForEach([&bytes](const ThreadRecord& record) { bytes += record.collected_bytes; });
  return bytes;
}

size_t Reclaimer::retired_entries() const {
  size_t entries = waiting_entries_.load(std::memory_order_acquire) + ledger_.pinned_entries();
  records_.ForEach([&entries](const ThreadRecord& record) { entries += record.collected_entries; });
  return entries;
}

}  // namespace trivet::engine
