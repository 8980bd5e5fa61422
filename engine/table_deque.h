// A table that grows at one end and shrinks at both, in blocks of the arena.
#ifndef TRIVET_ENGINE_TABLE_DEQUE_H_
#define TRIVET_ENGINE_TABLE_DEQUE_H_

#include <cstddef>
#include <new>
#include <type_traits>
#include <vector>

#include "engine/arena.h"
#include "engine/table_mover.h"

namespace trivet::engine {

// As a std::deque, but its elements lie where the entries lie: what the heap is given back it keeps
// for itself, beyond the budget of the cache. Takes nothing while it is empty.
//
// Not thread-safe: guarded by the shard.
template <typename T>
class TableDeque {
 public:
  explicit TableDeque(Arena& arena) : arena_(arena) {}
  TableDeque(const TableDeque&) = delete;
  TableDeque& operator=(const TableDeque&) = delete;
  ~TableDeque() { Clear(); }

  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  T& operator[](size_t index) { return At(begin_ + index); }
  const T& operator[](size_t index) const { return At(begin_ + index); }

  void push_back(const T& element) {
    if (end_ == blocks_.size() * kPerBlock) {
      blocks_.push_back(static_cast<T*>(arena_.AllocateTable()));
      CountBytes();
    }
    new (&At(end_++)) T(element);
  }

  // REQUIRES: not empty, here and below.
  void pop_back() {
    --end_;
    if (end_ % kPerBlock != 0 && !empty()) return;
    arena_.FreeTable(blocks_.back());
    blocks_.pop_back();
    if (empty()) Clear();
    CountBytes();
  }

  void pop_front() {
    ++begin_;
    if (begin_ % kPerBlock != 0 && !empty()) return;
    arena_.FreeTable(blocks_[(begin_ - 1) / kPerBlock]);
    blocks_[(begin_ - 1) / kPerBlock] = nullptr;
    if (empty()) {
      Clear();
    } else if (begin_ / kPerBlock > blocks_.size() / 2) {
      // The pointers to blocks that went first.
      blocks_.erase(blocks_.begin(),
                    blocks_.begin() + static_cast<std::ptrdiff_t>(begin_ / kPerBlock));
      end_ -= begin_ / kPerBlock * kPerBlock;
      begin_ %= kPerBlock;
    }
    CountBytes();
  }

  void Clear() {
    for (T* block : blocks_) {
      if (block != nullptr) arena_.FreeTable(block);
    }
    blocks_ = std::vector<T*>();
    begin_ = end_ = 0;
    CountBytes();
  }

  // With the pointers to the blocks.
  size_t bytes() const { return bytes_; }
  void MoveTables(TableMover* mover) { mover->Visit(blocks_); }

 private:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  static_assert(kTableBytes % sizeof(T) == 0 && alignof(T) <= kGranuleBytes);
  static constexpr size_t kPerBlock = kTableBytes / sizeof(T);

  // Not in bytes(), which every write asks for.
  void CountBytes() {
    bytes_ = (blocks_.size() - begin_ / kPerBlock) * kTableBytes + blocks_.capacity() * sizeof(T*);
  }
  T& At(size_t place) const { return blocks_[place / kPerBlock][place % kPerBlock]; }

  Arena& arena_;
  std::vector<T*> blocks_;  // null: given back
  size_t begin_ = 0;        // places, counted from the beginning of blocks_
  size_t end_ = 0;
  size_t bytes_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TABLE_DEQUE_H_
