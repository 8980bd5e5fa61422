#include "engine/page_pool.h"

#include <algorithm>

#include "engine/poison.h"

namespace trivet::engine {
namespace {

constexpr size_t kRangeBytes = size_t{64} << 30;

// Free runs whose memory is given back once more, at a time: a system call each.
constexpr size_t kRunsTrimmedAgain = 32;

}  // namespace

PagePool::PagePool(bool huge_pages)
    : range_(kRangeBytes),
      base_(range_.data()),
      slab_table_(range_.size() / PageRuns::kPageBytes * sizeof(Slab*)),
      slab_of_page_(reinterpret_cast<Slab**>(slab_table_.data())),
      pages_(range_) {
  if (huge_pages) range_.PreferHugePages();
}

std::optional<uint32_t> PagePool::TakeFor(Slab* slab) {
  MutexLock lock(mu_);
  const std::optional<uint32_t> first = Take(kSlabPages);
  if (first.has_value()) std::fill_n(slab_of_page_ + *first, kSlabPages, slab);
  return first;
}

void PagePool::GiveBack(uint32_t first_page) {
  Unpoison(base_ + size_t{first_page} * PageRuns::kPageBytes, kSlabPages * PageRuns::kPageBytes);
  MutexLock lock(mu_);
  std::fill_n(slab_of_page_ + first_page, kSlabPages, nullptr);
  pages_.Free(first_page, kSlabPages);
  NotePages();
}

void* PagePool::AllocateLarge(size_t block_bytes) {
  MutexLock lock(mu_);
  const auto first = Take(static_cast<uint32_t>(block_bytes / PageRuns::kPageBytes));
  if (!first.has_value()) return nullptr;
  large_bytes_ += block_bytes;
  return base_ + size_t{*first} * PageRuns::kPageBytes;
}

void PagePool::FreeLarge(void* block, size_t block_bytes) {
  const auto offset = static_cast<size_t>(static_cast<char*>(block) - base_);
  MutexLock lock(mu_);
  large_bytes_ -= block_bytes;
  pages_.Free(static_cast<uint32_t>(offset / PageRuns::kPageBytes),
              static_cast<uint32_t>(block_bytes / PageRuns::kPageBytes));
  NotePages();
}

size_t PagePool::large_bytes() {
  MutexLock lock(mu_);
  return large_bytes_;
}

void PagePool::Trim() {
  MutexLock lock(mu_);
  pages_.Trim(0);
  NotePages();
}

void PagePool::TrimUnused() {
  MutexLock lock(mu_);
  pages_.TrimUnused();
  NotePages();
}

void PagePool::TrimAgain() {
  MutexLock lock(mu_);
  pages_.TrimAgain(kRunsTrimmedAgain);
}

std::optional<uint32_t> PagePool::Take(uint32_t pages) {
  std::optional<uint32_t> first = pages_.Allocate(pages);
  if (first.has_value() && !slab_table_.Commit((size_t{*first} + pages) * sizeof(Slab*))) {
    pages_.Free(*first, pages);
    first.reset();
  }
  NotePages();
  return first;
}

void PagePool::NotePages() {
  page_bytes_.store((pages_.used_pages() + pages_.idle_pages()) * PageRuns::kPageBytes,
                    std::memory_order_relaxed);
}

}  // namespace trivet::engine
