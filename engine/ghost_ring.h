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
    return first_ + static_cast<uint32_t>(ghosts_.size()) - 1;
  }
  // REQUIRES: not empty, here and below.
  uint32_t oldest() const { return first_; }
  void PopOldest() {
    ghosts_.pop_front();
    ++first_;
  }

  size_t size() const { return ghosts_.size(); }
  size_t bytes() const { return ghosts_.size() * sizeof(Ghost); }

  void Clear() {
    ghosts_.clear();
    ghosts_.shrink_to_fit();
  }

 private:
  std::deque<Ghost, ArenaAllocator<Ghost>> ghosts_;
  uint32_t first_ = 0;  // number of the oldest
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GHOST_RING_H_
