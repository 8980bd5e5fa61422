#include "engine/reclaimer.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/check.h"
#include "engine/tag_groups.h"

namespace trivet::engine {
namespace {

// One membarrier, a few microseconds, for so many.
constexpr size_t kEntriesPerBatch = 512;

std::atomic<bool> reader_fence_forced{false};

long Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

}  // namespace

GraceFence BestGraceFence() {
  static const bool registered = Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
                                 Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
  const bool forced = reader_fence_forced.load(std::memory_order_relaxed);
  return registered && !forced ? GraceFence::kMembarrier : GraceFence::kReader;
}

void ForceReaderFence(bool force) { reader_fence_forced.store(force, std::memory_order_relaxed); }

Reclaimer::~Reclaimer() {
  records_.ForEach([this](ThreadRecord& record) {
    MutexLock lock(record.mu);
    Free(record.garbage);
  });
  MutexLock lock(batches_mu_);
  for (Batch& batch : batches_) Free(batch.garbage);
}

void Reclaimer::FenceReaders() const {
#if !defined(__SANITIZE_THREAD__)
  if (fence_ == GraceFence::kMembarrier) {
    TRIVET_CHECK(Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0,
                 "membarrier(2) worked when the cache was opened, and is forbidden now");
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
#endif
}

void Reclaimer::Retire(std::span<Entry* const> entries, std::span<std::unique_ptr<TagGroup>> groups,
                       size_t bytes) {
  ThreadRecord& record = records_.Mine();
  Garbage full;
  {
    MutexLock lock(record.mu);
    Garbage& collected = record.garbage;
    collected.entries.insert(collected.entries.end(), entries.begin(), entries.end());
    for (std::unique_ptr<TagGroup>& group : groups) collected.groups.push_back(std::move(group));
    collected.bytes += bytes;
    if (collected.entries.size() + collected.groups.size() >= kEntriesPerBatch ||
        collected.bytes >= batch_bytes_.load(std::memory_order_relaxed)) {
      full = std::move(collected);
    }
  }
  if (full.empty()) return;
  Seal(std::move(full));
  FreeOldBatches(false);
}

void Reclaimer::Reclaim() {
  records_.ForEach([this](ThreadRecord& record) {
    Garbage collected;
    {
      MutexLock lock(record.mu);
      collected = std::move(record.garbage);
    }
    if (!collected.empty()) Seal(std::move(collected));
  });
  FreeOldBatches(true);
}

void Reclaimer::Seal(Garbage garbage) {
  MutexLock lock(batches_mu_);
  // Release: pairs with the load in Enter.
  const uint64_t era = era_.fetch_add(1, std::memory_order_seq_cst);
  batches_.push_back({era, std::move(garbage)});
}

void Reclaimer::FreeOldBatches(bool wait) {
  std::vector<Batch> old;
  if (wait) {
    freeing_.Lock();
  } else if (!freeing_.TryLock()) {
    return;
  }
  // A batch that is sealed from here on has not been fenced.
  uint64_t oldest = era_.load(std::memory_order_seq_cst);
  FenceReaders();
  records_.ForEach([&oldest](const ThreadRecord& record) {
    const uint64_t era = record.reading.load(std::memory_order_seq_cst);
    if (era != 0) oldest = std::min(oldest, era);
  });
  {
    MutexLock lock(batches_mu_);
    while (!batches_.empty() && batches_.front().era < oldest) {
      old.push_back(std::move(batches_.front()));
      batches_.pop_front();
    }
  }
  freeing_.Unlock();
  for (Batch& batch : old) Free(batch.garbage);
}

void Reclaimer::Free(Garbage& garbage) {
  size_t bytes = 0;
  for (Entry* entry : garbage.entries) {
    bytes += entry->charge();
    ledger_.Release(entry);
  }
  ledger_.RemoveWaiting(bytes);
  garbage.entries.clear();
  garbage.groups.clear();
}

}  // namespace trivet::engine
