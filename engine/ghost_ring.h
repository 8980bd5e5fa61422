// Ghosts in the order in which they were remembered.
#ifndef TRIVET_ENGINE_GHOST_RING_H_
#define TRIVET_ENGINE_GHOST_RING_H_

#include <cstddef>
#include <cstdint>

#include "engine/table_deque.h"

namespace trivet::engine {

struct Ghost {
  uint32_t fingerprint;
  uint32_t weight;  // 0: it was taken
};

// Each ghost has a number, one more than that of the one before; numbers wrap around.
//
// Not thread-safe: guarded by the shard.
class GhostRing {
 public:
  // The first ghost gets the number `first`.
  explicit GhostRing(Arena& arena, uint32_t first = 0)
      : ghosts_(arena), first_(first), end_(first) {}

  const Ghost& operator[](uint32_t number) const { return ghosts_[number - first_]; }

  // Returns the number.
  uint32_t Push(const Ghost& ghost) {
    ghosts_.push_back(ghost);
    return end_++;
  }
  // The ghost stays where it is until its turn comes.
  void Take(uint32_t number) { ghosts_[number - first_].weight = 0; }
  // REQUIRES: not empty, here and below.
  uint32_t oldest() const { return first_; }
  void PopOldest() {
    ghosts_.pop_front();
    ++first_;
  }

  size_t size() const { return end_ - first_; }
  size_t bytes() const { return ghosts_.bytes(); }
  void MoveTables(TableMover* mover) { ghosts_.MoveTables(mover); }

  void Clear() {
    ghosts_.Clear();
    first_ = end_;
  }

 private:
  TableDeque<Ghost> ghosts_;
  uint32_t first_;  // number of the oldest
  uint32_t end_;    // that the next one gets
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GHOST_RING_H_
