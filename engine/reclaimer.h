// Grace periods: what readers may still look at is kept until they have gone.
#ifndef TRIVET_ENGINE_RECLAIMER_H_
#define TRIVET_ENGINE_RECLAIMER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/entry_ledger.h"
#include "engine/grace_fence.h"
#include "engine/thread_records.h"

namespace trivet::engine {

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
// Each thread frees its own batches, so that threads that write share nothing but the number of the
// era and two counters, once per batch; and the memory comes back to where it was written. What a
// thread leaves behind is freed by Reclaim.
//
// A reader that never leaves stops all freeing, but not its counting (waiting_bytes), and writes
// are refused when that is too much.
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
  // deletes the groups. `bytes` is what that brings, about. A few nanoseconds, but for one in some
  // hundred calls.
  void Retire(std::span<Entry* const> entries, std::span<std::unique_ptr<TagGroup>> groups,
              size_t bytes);

  // Seals what all threads have collected, and frees what may be freed.
  void Reclaim();

  // The same, unless it would bring nothing, and interrupt all threads for that: the reader that
  // held up the last Reclaim is still there, or nothing waits.
  void ReclaimUnlessHeldUp();

  // A thread's collection is sealed when it has so many bytes, or so many that Values hold: how
  // much is pinned is known only when the grace period is over, and must not be known much too
  // late.
  void SetBatchBytes(size_t bytes, size_t pinned_bytes) {
    batch_bytes_.store(bytes, std::memory_order_relaxed);
    batch_pinned_bytes_.store(pinned_bytes, std::memory_order_relaxed);
  }

  // What waits for its grace period, without what the threads still collect: at most a batch for
  // each. Cheap.
  size_t waiting_bytes() const { return waiting_bytes_.load(std::memory_order_relaxed); }

  // What was retired and is not freed, all of it: collected, waiting, or pinned. Costs a look at
  // each thread's record.
  size_t retired_bytes() const;
  size_t retired_entries() const;

 private:
  void Enter(ThreadRecord& record) const {
    // Acquire: in a new era the unlinking that it began with is seen.
    SetMark(record.reading, era_.load(std::memory_order_acquire), fence_);
  }
  // What the thread has collected becomes a batch, and a new era begins.
  void Seal(ThreadRecord& record) TRIVET_REQUIRES(record.mu);
  // Batches of eras before this one may be freed.
  uint64_t OldestEraInUse() const;
  // Those of the record.
  static std::vector<Batch> TakeOlder(ThreadRecord& record, uint64_t era)
      TRIVET_REQUIRES(record.mu);
  void Free(std::vector<Batch> batches);
  void Free(Garbage& garbage);

  EntryLedger& ledger_;
  const GraceFence fence_;
  std::atomic<uint64_t> era_{1};
  std::atomic<size_t> batch_bytes_{size_t{1} << 20};
  std::atomic<size_t> batch_pinned_bytes_{size_t{1} << 20};
  std::atomic<uint64_t> held_up_in_{0};  // the era of the reader that held up the last Reclaim
  std::atomic<size_t> waiting_bytes_{0};
  std::atomic<size_t> waiting_entries_{0};
  ThreadRecords records_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_RECLAIMER_H_
