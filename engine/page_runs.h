// Runs of pages, for the slabs of the arena and for its large blocks.
#ifndef TRIVET_ENGINE_PAGE_RUNS_H_
#define TRIVET_ENGINE_PAGE_RUNS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/address_range.h"

namespace trivet::engine {

// Best fit among the free runs, which grow together with their neighbours; new pages come from the
// end of the range. Of the free pages some keep their memory, to be used again at no cost ("idle"),
// and the rest is given back to the system.
//
// Where the range has huge pages, the system may give memory to pages that nobody touched: to the
// neighbours of one that was, at once, and to holes in what it makes huge later, in its own time.
// The former are taken for idle; for the latter, what was given back is given back again, a few
// runs at a time.
//
// Costs O(log of the number of free runs), and when the idle pages are too many, a pass over the
// free runs with a system call for some. Not thread-safe.
class PageRuns {
 public:
  static constexpr size_t kPageBytes = 4096;

  // Pages are numbered from 1; page 0 is never handed out.
  explicit PageRuns(AddressRange& range) : range_(range) {}

  // The first page of a run; none if the range is used up.
  std::optional<uint32_t> Allocate(uint32_t pages);

  // REQUIRES: Allocate returned `first` for as many pages.
  void Free(uint32_t first, uint32_t pages);

  // Pages in use, and free pages that may have memory.
  size_t used_pages() const { return used_pages_; }
  size_t idle_pages() const { return idle_pages_; }

  // Gives the memory of free pages back until at most so many may have some.
  void Trim(size_t idle_pages_max);

  // Gives the memory back of as many free pages as have not been needed since the last call.
  void TrimUnused();

  // Gives the memory of up to so many free runs back once more, in turns. Does nothing where the
  // range has no huge pages.
  void TrimAgain(size_t runs_max);

 private:
  struct Run {
    uint32_t pages;
    bool idle;  // may have memory
  };
  using Runs = std::map<uint32_t, Run>;

  std::optional<uint32_t> TakeFree(uint32_t pages);
  // That these pages are about to be touched, of which none had memory.
  void ExpectHugePages(uint32_t first, uint32_t pages);
  void Insert(uint32_t first, Run run);
  void Join(uint32_t first, Run run);
  Run Take(Runs::iterator it);
  size_t IdlePagesMax() const;

  AddressRange& range_;
  uint32_t end_ = 1;                                 // pages from here on were never used
  Runs free_;                                        // by first page
  std::set<std::pair<uint32_t, uint32_t>> by_size_;  // (pages, first)
  size_t used_pages_ = 0;
  size_t idle_pages_ = 0;
  size_t idle_least_ = 0;    // since the last TrimUnused
  uint32_t next_again_ = 0;  // the first page from which TrimAgain goes on
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_PAGE_RUNS_H_
