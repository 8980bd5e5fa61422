// The memory of all blocks of one cache.
#ifndef TRIVET_ENGINE_ARENA_H_
#define TRIVET_ENGINE_ARENA_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/address_range.h"
#include "engine/magazines.h"
#include "engine/mutex.h"
#include "engine/page_runs.h"
#include "engine/per_thread.h"
#include "engine/relaxed.h"
#include "engine/size_classes.h"

namespace trivet::engine {

// Blocks lie in one range of addresses in granules of 16 bytes, so that 32 bits name one: an arena
// holds up to 64 GiB. Small blocks are cut from slabs of one size class each (J. Bonwick, "The Slab
// Allocator", 1994); a slab that is empty gives its pages back, to any class. Larger blocks are
// runs of pages. Which blocks of a slab are free is noted beside the slab, not in the blocks:
// freeing one does not touch its memory.
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
  // `huge_pages`: for caches so large that a few MiB do not matter.
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

  // REQUIRES: Allocate returned `block` for a size with that BlockBytes.
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
  // Whether a table lies here, not on the heap.
  bool Contains(const void* block) const { return block >= base_ && block < base_ + range_.size(); }
  void* At(uint32_t number) const { return base_ + size_t{number} * kGranuleBytes; }

  // Bytes of all blocks that are out, and of the pages they lie in. The difference is slack.
  // The former costs a lock per size class, and is not exact while other threads allocate and free.
  size_t block_bytes();
  size_t page_bytes() const { return page_bytes_.load(std::memory_order_relaxed); }
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
    const Slab* const slab = SlabOf(NumberOf(block));
    return slab != nullptr && slab->picked;
  }

  // Takes back what threads keep at hand, and gives the memory of free pages back to the system.
  void Trim();
  // Gives the memory back that was not needed since the last call: of pages, and of the empty slab
  // that each class keeps. To be called every second or so.
  void TrimUnused();
  // Looks after some of the pages that were given back, and may have got memory all the same. To be
  // called now and then.
  void TrimAgain();

  // Aborts if the slabs miscount. For tests.
  void CheckInvariants();

 private:
  static constexpr uint32_t kSlabPages = 32;
  static constexpr size_t kSlabBytes = kSlabPages * PageRuns::kPageBytes;

  struct Slab {
    uint32_t first_page = 0;
    uint32_t blocks = 0;
    uint32_t free = 0;
    uint32_t hint = 0;             // no word before this one has a free block
    bool unused = false;           // all of it, since the last TrimUnused
    Relaxed<bool> picked = false;  // by ThinOut: then in the list `picked` of its class
    Slab* previous = nullptr;
    Slab* next = nullptr;
    // A bit for each free block; as many words as the blocks need.
    std::unique_ptr<uint64_t[]> bits;
  };

  // The slabs of one class; of those that have free blocks the one to use first at the front.
  struct SizeClass {
    SpinMutex mu;
    Slab* partial TRIVET_GUARDED_BY(mu) = nullptr;
    Slab* picked TRIVET_GUARDED_BY(mu) = nullptr;
    // Those without free blocks. Nobody looks for them here but checkers of leaks, which do not see
    // what is mapped.
    Slab* full TRIVET_GUARDED_BY(mu) = nullptr;
    // The only one without any block that is out, if there is one; among the partial ones.
    Slab* empty TRIVET_GUARDED_BY(mu) = nullptr;
    size_t blocks TRIVET_GUARDED_BY(mu) = 0;  // that are out, or at hand in a thread
  };

  Slab* NewSlab(size_t size_class);
  void DeleteSlab(Slab* slab);
  bool PickEmptiest(SizeClass& size_class) TRIVET_REQUIRES(size_class.mu);
  static void PushFront(Slab*& list, Slab* slab);
  static void Unlink(Slab*& list, Slab* slab);
  void* AllocatePages(size_t block_bytes);
  std::optional<uint32_t> TakePages(uint32_t pages) TRIVET_REQUIRES(pages_mu_);
  void NotePages() TRIVET_REQUIRES(pages_mu_);
  void* AllocateSmall(size_t size_class);
  void FreeSmall(void* block, size_t size_class);

  // Between slabs and magazines. TakeFromSlabs returns how many it got.
  size_t TakeFromSlabs(size_t size_class, std::span<uint32_t> blocks);
  void ReturnToSlabs(size_t size_class, std::span<const uint32_t> blocks);
  // Returns what was kept longest, half of each stack, or all.
  void ReturnHalf(Magazines& magazines) TRIVET_REQUIRES(magazines.mu);
  void ReturnAll(Magazines& magazines);
  void CollectFromAllThreads();
  Slab* SlabOf(uint32_t block) const {
    return slab_of_page_[size_t{block} * kGranuleBytes / PageRuns::kPageBytes];
  }

  AddressRange range_;
  char* const base_;
  AddressRange slab_table_;  // memory for slab_of_page_
  // For each page; null where it is none of a slab's. Written before blocks are handed out.
  Slab** const slab_of_page_;
  std::array<SizeClass, kAllClasses> classes_;
  PerThread<Magazines> magazines_;
  std::atomic<size_t> cached_bytes_max_;
  std::atomic<size_t> page_bytes_{0};
  Relaxed<bool> any_picked_ = false;
  Mutex pages_mu_;
  PageRuns pages_ TRIVET_GUARDED_BY(pages_mu_);
  size_t large_bytes_ TRIVET_GUARDED_BY(pages_mu_) = 0;  // of the large blocks that are out
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ARENA_H_
