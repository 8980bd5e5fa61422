// Moves the tables of a shard out of slabs that the arena thins out.
#ifndef TRIVET_ENGINE_TABLE_MOVER_H_
#define TRIVET_ENGINE_TABLE_MOVER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "engine/arena.h"

namespace trivet::engine {

// A walk over all blocks of all tables, some at a time. Tables may grow and shrink between two
// steps: a block that is missed for that is moved by the next walk.
//
// Not thread-safe: used under the lock of the shard; but declared before it is taken, since what
// was moved is freed in the end, which may call the system.
class TableMover {
 public:
  static constexpr size_t kBlocksMax = 64;

  // Begins where an earlier step ended, 0 for the first, and looks at `blocks_max` blocks at most,
  // but no more than kBlocksMax.
  TableMover(Arena& arena, size_t position, size_t blocks_max)
      : arena_(arena), position_(position), blocks_left_(std::min(blocks_max, kBlocksMax)) {}
  TableMover(const TableMover&) = delete;
  TableMover& operator=(const TableMover&) = delete;
  ~TableMover() {
    for (size_t i = 0; i < moved_; ++i) arena_.FreeTable(old_[i]);
  }

  // For each table in turn, in the same order in every step: `blocks` are from
  // Arena::AllocateTable, or null.
  template <typename T>
  void Visit(std::vector<T*>& blocks) {
    static_assert(std::is_trivially_copyable_v<T>);
    for (; blocks_left_ > 0 && position_ - begin_ < blocks.size(); ++position_, --blocks_left_) {
      T*& block = blocks[position_ - begin_];
      if (block == nullptr) continue;
      void* const copy = arena_.CopyThinnedOut(block);
      if (copy == nullptr) continue;
      old_[moved_++] = block;
      block = static_cast<T*>(copy);
    }
    begin_ += blocks.size();
  }

  // After the last table: whether that was all, and where to go on if it was not.
  bool done() const { return position_ >= begin_; }
  size_t position() const { return position_; }

 private:
  Arena& arena_;
  size_t position_;  // of the next block among those of all tables
  size_t blocks_left_;
  size_t begin_ = 0;                   // of the next table
  std::array<void*, kBlocksMax> old_;  // where those were that were moved
  size_t moved_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TABLE_MOVER_H_
