// Remembers what was evicted lately, without its key and value.
#ifndef TRIVET_ENGINE_GHOST_QUEUE_H_
#define TRIVET_ENGINE_GHOST_QUEUE_H_

#include <cstddef>
#include <cstdint>

#include "engine/ghost_ring.h"
#include "engine/ghost_table.h"

namespace trivet::engine {

// A queue of 32-bit fingerprints with weights, first in, first out, that holds at most a given
// weight. Two keys with one fingerprint are taken for one: with a million ghosts that happens to
// one look-up in 4000, and costs a wrong guess, not a wrong answer.
//
// A ghost takes some 21 bytes. One that is taken stays in the ring until its turn comes; where two
// thirds of the ring were taken, the oldest ghost goes early, and so does now and then one whose
// place another needs. Not thread-safe: guarded by the shard.
class GhostQueue {
 public:
  explicit GhostQueue(Arena& arena) : ring_(arena), table_(arena, ring_) {}
  GhostQueue(const GhostQueue&) = delete;
  GhostQueue& operator=(const GhostQueue&) = delete;

  // Brings into the cache what the next call for this entry will look at.
  void Prefetch(uint64_t hash) const { table_.Prefetch(FingerprintOf(hash)); }

  // Remembers the entry, whose weight is not 0; the oldest ghosts go while the weight is above the
  // capacity, but not too many at a time. O(1).
  void Add(uint64_t hash, size_t weight);

  // Forgets the entry. True if it was remembered.
  bool Take(uint64_t hash);

  // Forgets some of what is over; the rest goes as others come, or by ForgetSurplus.
  void SetCapacity(size_t weight);
  void ForgetSurplus() {
    if (weight() > capacity_) [[unlikely]]
      SetCapacity(capacity_);
  }

  // Forgets the oldest, up to so many.
  void Forget(size_t ghosts);
  // Forgets all.
  void Clear();

  // Ghosts, those that were taken and still wait for their turn included.
  size_t size() const { return ring_.size(); }
  // Of those that are remembered.
  size_t weight() const { return table_.weight(); }

  // What it takes from the arena, about.
  size_t bytes() const { return ring_.bytes() + table_.bytes(); }
  void MoveTables(TableMover* mover) {
    ring_.MoveTables(mover);
    table_.MoveTables(mover);
  }

  // Aborts if the structure is broken. For tests.
  void CheckInvariants() const;

 private:
  static uint32_t FingerprintOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 16); }
  // Takes at most so many from the ring that are over, or were taken.
  void Trim(size_t ghosts_max);
  bool IsTaken(uint32_t number) const { return ring_[number].weight == 0; }

  size_t capacity_ = 0;
  GhostRing ring_;
  GhostTable table_;  // those of the ring that were not taken
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GHOST_QUEUE_H_
