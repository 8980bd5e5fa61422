// Ghosts in the order in which they were remembered.
#ifndef TRIVET_ENGINE_GHOST_RING_H_
#define TRIVET_ENGINE_GHOST_RING_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "engine/arena_allocator.h"

namespace trivet::engine {

struct Ghost {
  uint32_t fingerprint;
  uint32_t weight;
};

// Each ghost has a number, one more than that of the one before; numbers wrap around.
//
// Not thread-safe: guarded by the shard.
class GhostRing {
 public:
  explicit GhostRing(Arena& arena) : ghosts_(ArenaAllocator<Ghost>(arena)) {}

  const Ghost& operator[](uint32_t number) const { return ghosts_[number - first_]; }

  // Returns the number.
  uint32_t Push(const Ghost& ghost) {
    ghosts_.push_back(ghost);
    return end_++;
  }
  // REQUIRES: not empty, here and below.
  uint32_t oldest() const { return first_; }
  void PopOldest() {
    ghosts_.pop_front();
    ++first_;
  }

  size_t size() const { return end_ - first_; }
  size_t bytes() const { return size() * sizeof(Ghost); }

  void Clear() {
    ghosts_.clear();
    ghosts_.shrink_to_fit();
    first_ = end_;
  }

 private:
  std::deque<Ghost, ArenaAllocator<Ghost>> ghosts_;
  uint32_t first_ = 0;  // number of the oldest
  uint32_t end_ = 0;    // that the next one gets
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GHOST_RING_H_
