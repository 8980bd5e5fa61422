// The pages of one cache, and which slabs have them.
#ifndef TRIVET_ENGINE_PAGE_POOL_H_
#define TRIVET_ENGINE_PAGE_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/address_range.h"
#include "engine/mutex.h"
#include "engine/page_runs.h"
#include "engine/size_classes.h"

namespace trivet::engine {

struct Slab;

// One range of addresses. Slabs take pages of it, and blocks that are too large for slabs.
//
// Thread-safety: all methods, on any thread; a short lock, where nothing else is said.
class PagePool {
 public:
  static constexpr uint32_t kSlabPages = 32;

  // `huge_pages`: for caches that may take a few MiB more for faster looks.
  explicit PagePool(bool huge_pages);
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  // The range; constant.
  char* base() const { return base_; }
  size_t range_bytes() const { return range_.size(); }

  // kSlabPages for a slab: the first of them. None: there are no more.
  std::optional<uint32_t> TakeFor(Slab* slab);
  void GiveBack(uint32_t first_page);
  // The slab that a block, by its number, lies in; null if that is a large one. REQUIRES: the block
  // is out. Takes no lock.
  Slab* SlabOf(uint32_t block) const {
    return slab_of_page_[size_t{block} * kGranuleBytes / PageRuns::kPageBytes];
  }

  // A block of whole pages. Null: there are no more.
  void* AllocateLarge(size_t block_bytes);
  void FreeLarge(void* block, size_t block_bytes);
  // Of those that are out.
  size_t large_bytes();

  // Of pages in use, and of free ones that may have memory. Takes no lock.
  size_t page_bytes() const { return page_bytes_.load(std::memory_order_relaxed); }

  // Gives the memory of free pages back to the system: of all; of those that were not needed since
  // the last call; and once more of some that may have got memory all the same.
  void Trim();
  void TrimUnused();
  void TrimAgain();

 private:
  std::optional<uint32_t> Take(uint32_t pages) TRIVET_REQUIRES(mu_);
  void NotePages() TRIVET_REQUIRES(mu_);

  AddressRange range_;
  char* const base_;
  AddressRange slab_table_;  // memory for slab_of_page_
  // For each page; null where it is none of a slab's. Written before blocks are handed out.
  Slab** const slab_of_page_;
  std::atomic<size_t> page_bytes_{0};
  Mutex mu_;
  PageRuns pages_ TRIVET_GUARDED_BY(mu_);
  size_t large_bytes_ TRIVET_GUARDED_BY(mu_) = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_PAGE_POOL_H_
