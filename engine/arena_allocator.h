// The arena as an allocator for containers.
#ifndef TRIVET_ENGINE_ARENA_ALLOCATOR_H_
#define TRIVET_ENGINE_ARENA_ALLOCATOR_H_

#include <cstddef>

#include "engine/arena.h"
#include "engine/check.h"

namespace trivet::engine {

// For tables that grow and shrink with the entries, best in pieces of kTableBytes, which are those
// of a std::deque: what the heap was given back it would keep for itself, beyond the cache's
// budget. Aborts where the arena has no more, as the heap would.
template <typename T>
class ArenaAllocator {
 public:
  using value_type = T;

  explicit ArenaAllocator(Arena& arena) : arena_(&arena) {}
  template <typename Other>
  // NOLINTNEXTLINE(google-explicit-constructor): containers convert them
  ArenaAllocator(const ArenaAllocator<Other>& other) : arena_(other.arena_) {}

  T* allocate(size_t count) {
    const size_t bytes = count * sizeof(T);
    void* const block = bytes == kTableBytes ? arena_->AllocateTable() : arena_->Allocate(bytes);
    TRIVET_CHECK(block != nullptr, "out of memory");
    return static_cast<T*>(block);
  }
  void deallocate(T* block, size_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes == kTableBytes) return arena_->FreeTable(block);
    arena_->Free(block, Arena::BlockBytes(bytes));
  }

  friend bool operator==(const ArenaAllocator& a, const ArenaAllocator& b) {
    return a.arena_ == b.arena_;
  }

 private:
  template <typename Other>
  friend class ArenaAllocator;

  Arena* arena_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ARENA_ALLOCATOR_H_
