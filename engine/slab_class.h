// The slabs that small blocks of one size are cut from.
#ifndef TRIVET_ENGINE_SLAB_CLASS_H_
#define TRIVET_ENGINE_SLAB_CLASS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "engine/mutex.h"
#include "engine/page_pool.h"
#include "engine/relaxed.h"

namespace trivet::engine {

// Some pages, cut into blocks of one size.
struct Slab {
  uint32_t first_page = 0;
  uint32_t blocks = 0;
  uint32_t free = 0;
  uint32_t hint = 0;             // no word before this one has a free block
  bool unused = false;           // all of it, since the last TrimUnused
  Relaxed<bool> picked = false;  // by PickEmptiest: nothing is allocated from it any more
  Slab* previous = nullptr;
  Slab* next = nullptr;
  // A bit for each free block; as many words as the blocks need.
  std::unique_ptr<uint64_t[]> bits;
};

// Slabs (J. Bonwick, "The Slab Allocator", 1994): one that is empty gives its pages back, to any
// class. Which blocks are free is noted beside the slab, not in the blocks: freeing one does not
// touch its memory.
//
// Thread-safety: all methods, on any thread; a short lock.
class SlabClass {
 public:
  // `pages` outlives the class. What is out at the end goes with the pages.
  SlabClass(PagePool& pages, size_t size_class);
  SlabClass(const SlabClass&) = delete;
  SlabClass& operator=(const SlabClass&) = delete;
  ~SlabClass();

  // The numbers of free blocks. Returns how many it got: fewer where there are no more pages.
  size_t Take(std::span<uint32_t> blocks);
  void Return(std::span<const uint32_t> blocks);

  // Of the blocks that are out.
  size_t bytes_out();

  // Picks the emptiest slabs, as many as the others have room for and a sixteenth free at least,
  // anew each time. False: there are none.
  bool PickEmptiest();

  // Gives the one empty slab that is kept back, if it was not needed since the last call.
  void TrimUnused();

  // Aborts if the slabs miscount. For tests.
  void CheckInvariants();

 private:
  Slab* NewSlab();
  void DeleteSlab(Slab* slab);
  static void PushFront(Slab*& list, Slab* slab);
  static void Unlink(Slab*& list, Slab* slab);

  PagePool& pages_;
  const uint32_t granules_;  // of a block
  SpinMutex mu_;
  // Those that have free blocks, the one to use first at the front.
  Slab* partial_ TRIVET_GUARDED_BY(mu_) = nullptr;
  Slab* picked_ TRIVET_GUARDED_BY(mu_) = nullptr;
  // Those without free blocks. Nobody looks for them here but checkers of leaks, which do not see
  // what is mapped.
  Slab* full_ TRIVET_GUARDED_BY(mu_) = nullptr;
  // The only one without any block that is out, if there is one; among the partial ones.
  Slab* empty_ TRIVET_GUARDED_BY(mu_) = nullptr;
  size_t blocks_out_ TRIVET_GUARDED_BY(mu_) = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SLAB_CLASS_H_
