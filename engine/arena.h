// The memory of all blocks of one cache.
#ifndef TRIVET_ENGINE_ARENA_H_
#define TRIVET_ENGINE_ARENA_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/magazines.h"
#include "engine/page_pool.h"
#include "engine/per_thread.h"
#include "engine/relaxed.h"
#include "engine/size_classes.h"
#include "engine/slab_class.h"

namespace trivet::engine {

// Blocks lie in one range of addresses in granules of 16 bytes, so that 32 bits name one: an arena
// holds up to 64 GiB. Small blocks are cut from slabs of one size class each (see SlabClass);
// larger ones are runs of pages (see PagePool).
//
// When the mix of sizes shifts, slabs are left with few blocks each. ThinOut picks such slabs, from
// which nothing is allocated any more; the owner of the blocks moves those that IsThinnedOut.
//
// Each thread keeps some free small blocks at hand, up to a bound in bytes: Allocate and Free of
// such a block take a lock once for many of them. They are slack, as all free blocks; other threads
// take them back where memory is short, or slabs are to empty themselves.
//
// Thread-safety: all methods, on any thread; one short lock per size class and one for the pages.
class Arena {
 public:
  // `huge_pages`: for caches that may take a few MiB more for faster looks.
  explicit Arena(bool huge_pages);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // What a block for `size` bytes takes, slack included.
  static size_t BlockBytes(size_t size) {
    if (size <= kSmallBytesMax) return SizeOfClass(SizeClassOf(size));
    return (size + PageRuns::kPageBytes - 1) / PageRuns::kPageBytes * PageRuns::kPageBytes;
  }

  // A block of BlockBytes(size), aligned to 16 bytes. Null: the arena, or the system, has no more.
  void* Allocate(size_t size);

  // The same from the heap: for what has no number, where the arena has no more. Never null.
  static void* AllocateOnHeap(size_t size) { return ::operator new(BlockBytes(size)); }

  // REQUIRES: Allocate or AllocateOnHeap returned `block` for a size with that BlockBytes.
  void Free(void* block, size_t block_bytes);

  // A block of kTableBytes, from slabs of their own. Never null: from the heap, where the arena has
  // no more.
  void* AllocateTable();
  void FreeTable(void* block);
  // A copy of the table elsewhere, if it lies in a slab that was picked by ThinOut; otherwise null.
  void* CopyThinnedOut(void* block);

  // A block by its number, which is never 0.
  uint32_t NumberOf(const void* block) const {
    return static_cast<uint32_t>(static_cast<size_t>(static_cast<const char*>(block) - base_) /
                                 kGranuleBytes);
  }
  // Whether a block or a table lies here, not on the heap.
  bool Contains(const void* block) const {
    return block >= base_ && block < base_ + pages_.range_bytes();
  }
  void* At(uint32_t number) const { return base_ + size_t{number} * kGranuleBytes; }

  // Bytes of all blocks that are out, and of the pages they lie in. The difference is slack.
  // The former costs a lock per size class, and is not exact while other threads allocate and free.
  size_t block_bytes();
  size_t page_bytes() const { return pages_.page_bytes(); }
  // Of the slack, what threads keep at hand. Costs a look at each thread.
  size_t cached_bytes() const;

  // How much one thread may keep at hand.
  void SetCachedBytesMax(size_t bytes) {
    cached_bytes_max_.store(bytes, std::memory_order_relaxed);
  }

  // Takes back what threads keep that have ended.
  void CollectFromEndedThreads();

  // Picks, in each class that has much room, the emptiest slabs, as many as the others have room
  // for and a sixteenth free at least, anew each time. False: there are none.
  bool ThinOut();
  // Whether the block lies in a slab that was picked; does not look at the block itself. REQUIRES:
  // the block is out, and from this arena.
  bool IsThinnedOut(const void* block) const {
    const Slab* const slab = pages_.SlabOf(NumberOf(block));
    return slab != nullptr && slab->picked;
  }

  // Takes back what threads keep at hand, and gives the memory of free pages back to the system.
  void Trim();
  // Gives the memory back that was not needed since the last call: of pages, and of the empty slab
  // that each class keeps. To be called every second or so.
  void TrimUnused();
  // Looks after some of the pages that were given back, and may have got memory all the same. To be
  // called now and then.
  void TrimAgain() { pages_.TrimAgain(); }

  // Aborts if the slabs miscount. For tests.
  void CheckInvariants();

 private:
  void* AllocateSmall(size_t size_class);
  void* TakeSmall(size_t size_class);
  void FreeSmall(void* block, size_t size_class);

  // Returns what was kept longest, half of each stack, or all.
  void ReturnHalf(Magazines& magazines) TRIVET_REQUIRES(magazines.mu);
  void ReturnAll(Magazines& magazines);
  void CollectFromAllThreads();

  PagePool pages_;
  char* const base_;
  std::array<SlabClass, kAllClasses> classes_;
  PerThread<Magazines> magazines_;
  std::atomic<size_t> cached_bytes_max_;
  Relaxed<bool> any_picked_ = false;  // slabs, by ThinOut
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ARENA_H_
