// Remembers what was evicted lately, without its key and value.
#ifndef TRIVET_ENGINE_GHOST_QUEUE_H_
#define TRIVET_ENGINE_GHOST_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/container/flat_hash_map.h"

namespace trivet::engine {

// A queue of 32-bit fingerprints with weights, first in, first out, that holds at most a given
// weight. Two keys with one fingerprint are taken for one: with a million ghosts that happens to
// one look-up in 4000, and costs a wrong guess, not a wrong answer.
//
// Not thread-safe: guarded by the shard.
class GhostQueue {
 public:
  // Remembers the entry; the oldest ghosts go while the weight is above the capacity.
  void Add(uint64_t hash, size_t weight);

  // Forgets the entry. True if it was remembered.
  bool Take(uint64_t hash);

  void SetCapacity(size_t weight);

  size_t weight() const { return weight_; }

  // What it takes from the heap, about.
  size_t bytes() const {
    return queue_.size() * sizeof(Ghost) + newest_.capacity() * (sizeof(uint32_t) + 9);
  }

 private:
  struct Ghost {
    uint32_t fingerprint;
    uint32_t weight;
  };
  static uint32_t FingerprintOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 16); }
  void Trim();
  // Removes from the queue what was taken.
  void Compact();

  size_t capacity_ = 0;
  size_t weight_ = 0;   // of those that were not taken
  uint32_t first_ = 0;  // number of the oldest in the queue; numbers wrap around
  std::deque<Ghost> queue_;
  // The number of the newest ghost with a fingerprint; one in the queue with another number was
  // taken, or added again later.
  absl::flat_hash_map<uint32_t, uint32_t> newest_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GHOST_QUEUE_H_
