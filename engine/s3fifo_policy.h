// S3-FIFO with an adaptive small queue: new entries prove themselves before they may stay.
#ifndef TRIVET_ENGINE_S3FIFO_POLICY_H_
#define TRIVET_ENGINE_S3FIFO_POLICY_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/entry_queues.h"
#include "engine/ghost_queue.h"
#include "engine/policy.h"

namespace trivet::engine {

// Source: J. Yang et al., "FIFO Queues are All You Need for Cache Eviction", SOSP 2023. New here is
// that the size of the small queue follows the workload, as the two lists of ARC do (N. Megiddo,
// D. Modha, FAST 2003).
//
// Two queues, first in, first out, and a use counter of 0 to 3 in each entry, which a hit raises:
//
//   small   where new entries go. One that leaves it used at least twice moves to `main`; others
//           are evicted, and remembered as ghosts of small.
//   main    the rest of the capacity. An entry that leaves it and was used goes around again, with
//           its counter lowered by one; others are evicted, and remembered as ghosts of main.
//
// Entries leave small while it is above its target, otherwise main. A new entry that is a ghost
// goes to main at once. If it is a ghost of small, small was too small, and its target grows; if it
// is one of main, the target shrinks; the rarer kind of ghost weighs more:
//
//   target += w/2 * max(1, |ghosts of main| / |ghosts of small|)     found among those of small
//   target -= w/2 * max(1, |ghosts of small| / |ghosts of main|)     found among those of main
//
// With C the capacity: target starts at 0.10 C and stays within 0.01 C and 0.90 C; the ghosts of
// small are worth 0.90 C, those of main 0.20 C. Weights are bytes, or 1 where entries are counted.
//
// A hit is one increment without any list: no lock is needed for it. An eviction is O(1) amortised:
// every step that evicts nothing lowers a counter that a hit raised, or moves an entry to main.
class S3FifoPolicy final : public Policy {
 public:
  explicit S3FifoPolicy(Arena& arena)
      : entries_(arena), small_ghosts_(arena), main_ghosts_(arena) {}

  void SetCapacity(PolicyCapacity capacity) override;
  void Insert(Entry* entry, uint64_t hash) override;
  void Replace(Entry* old, Entry* fresh) override;
  void Move(Entry* old, Entry* fresh) override;
  void Remove(Entry* entry) override;
  void Evict(Entry* victim, uint64_t hash) override;
  Entry* Victim() override;
  size_t bytes() const override {
    return entries_.bytes() + small_ghosts_.bytes() + main_ghosts_.bytes();
  }
  void MoveTables(TableMover* mover) override {
    entries_.MoveTables(mover);
    small_ghosts_.MoveTables(mover);
    main_ghosts_.MoveTables(mover);
  }
  void CheckInvariants(size_t entries) const override;

 private:
  // The queues.
  static constexpr size_t kSmall = 0;
  static constexpr size_t kMain = 1;

  size_t WeightOf(const Entry* entry) const { return capacity_.in_bytes ? entry->charge() : 1; }
  void Push(size_t queue, Entry* entry);
  void Unlink(Entry* entry);
  void Adapt(double by);

  PolicyCapacity capacity_;
  double target_ = 0;  // weight that small should have
  EntryQueues entries_;
  std::array<size_t, 2> weights_ = {};  // of each queue
  GhostQueue small_ghosts_;
  GhostQueue main_ghosts_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_S3FIFO_POLICY_H_
