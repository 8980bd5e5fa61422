// Grace periods: what readers may still look at is kept until they have gone.
#ifndef TRIVET_ENGINE_RECLAIMER_H_
#define TRIVET_ENGINE_RECLAIMER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "engine/entry_ledger.h"
#include "engine/mutex.h"
#include "engine/thread_records.h"

namespace trivet::engine {

// How a reader's mark is made visible to whoever reclaims.
enum class GraceFence {
  kMembarrier,  // by membarrier(2), which who reclaims pays for
  kReader,      // by a fence in each read, where the system has no membarrier
};

// kMembarrier, if this system has it. What a cache takes when it is opened.
GraceFence BestGraceFence();

// For tests: caches that are opened from now on take kReader (true), or the best (false).
void ForceReaderFence(bool force);

// Epoch-based reclamation (K. Fraser, "Practical Lock-Freedom", 2004) with asymmetric fences.
//
// A reader marks its record with the era, looks, and takes the mark away: three plain instructions
// on a cache line of its own. What leaves a shard is first unlinked, then collected in the record
// of the thread that did it; a full collection is sealed into a batch with the number of the era,
// and a new era begins. A reader that may have seen something of the batch began in its era or
// before. So when all marks are younger, the batch is freed.
//
// That a mark is visible although the reader has no fence is the work of membarrier(2): it makes
// every running thread of the process pass a full fence. Either the mark was set before that, then
// it is seen; or after, then the reader's looks come after, too, and find nothing of the batch.
//
// A reader that never leaves stops all freeing, but not its counting (EntryLedger::retired_bytes),
// and writes are refused when that is too much.
//
// Thread-safety: all methods, on any thread; not under a shard's lock.
class Reclaimer {
 public:
  Reclaimer(EntryLedger& ledger, GraceFence fence) : ledger_(ledger), fence_(fence) {}
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;
  // REQUIRES: nobody reads.
  ~Reclaimer();

  // While it lives, nothing that this thread can find is freed. May be nested.
  class [[nodiscard]] Reading {
   public:
    Reading(const Reclaimer& reclaimer, ThreadRecord& record)
        : record_(record), is_outer_(record.reading.load(std::memory_order_relaxed) == 0) {
      if (is_outer_) [[likely]]
        reclaimer.Enter(record);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
      // Release: all that was looked at, was before.
      if (is_outer_) [[likely]]
        record_.reading.store(0, std::memory_order_release);
    }

   private:
    ThreadRecord& record_;
    const bool is_outer_;
  };

  ThreadRecords& records() { return records_; }
  const ThreadRecords& records() const { return records_; }
  EntryLedger& ledger() { return ledger_; }

  // After a grace period drops the shard's references on the entries, which were unlinked, and
  // deletes the groups. `bytes` is what that brings, about.
  void Retire(std::span<Entry* const> entries, std::span<std::unique_ptr<TagGroup>> groups,
              size_t bytes);

  // Seals what all threads have collected, and frees what may be freed.
  void Reclaim();

  // A thread's collection is sealed when it has so many bytes.
  void SetBatchBytes(size_t bytes) { batch_bytes_.store(bytes, std::memory_order_relaxed); }

 private:
  struct Batch {
    uint64_t era;
    Garbage garbage;
  };

  void Enter(ThreadRecord& record) const {
    // Acquire: in a new era the unlinking that it began with is seen.
    const uint64_t era = era_.load(std::memory_order_acquire);
#if defined(__SANITIZE_THREAD__)
    // TSan knows neither membarrier nor fences.
    record.reading.exchange(era, std::memory_order_seq_cst);
#else
    // Release: a mark that replaces an older one (0) still says that its looks are over.
    record.reading.store(era, std::memory_order_release);
    if (fence_ == GraceFence::kReader) [[unlikely]] {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    } else {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
#endif
  }
  void FenceReaders() const;
  void Seal(Garbage garbage);
  // Frees what is old enough. If another thread is at it: waits and goes on, or leaves it to that.
  void FreeOldBatches(bool wait);
  void Free(Garbage& garbage);

  EntryLedger& ledger_;
  const GraceFence fence_;
  std::atomic<uint64_t> era_{1};
  std::atomic<size_t> batch_bytes_{size_t{1} << 20};
  ThreadRecords records_;
  Mutex freeing_;  // one thread frees at a time; the others need not wait for it
  Mutex batches_mu_;
  std::deque<Batch> batches_ TRIVET_GUARDED_BY(batches_mu_);
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_RECLAIMER_H_
