#include "engine/arena.h"

#include <algorithm>
#include <bit>

#include "engine/check.h"

namespace trivet::engine {
namespace {

constexpr size_t kRangeBytes = size_t{64} << 30;

// A class may have free blocks worth so many slabs before blocks are moved together.
constexpr size_t kSlabsWithRoom = 2;

constexpr size_t PagesFor(size_t bytes) {
  return (bytes + PageRuns::kPageBytes - 1) / PageRuns::kPageBytes;
}

}  // namespace

Arena::Arena(bool huge_pages)
    : range_(kRangeBytes),
      base_(range_.data()),
      slab_table_(range_.size() / PageRuns::kPageBytes * sizeof(Slab*)),
      slab_of_page_(reinterpret_cast<Slab**>(slab_table_.data())),
      pages_(range_) {
  if (huge_pages) range_.PreferHugePages();
}

Arena::~Arena() {
  // Blocks that are still out go with the range.
  for (SizeClass& size_class : classes_) {
    MutexLock lock(size_class.mu);
    for (Slab** list : {&size_class.partial, &size_class.picked}) {
      while (Slab* slab = *list) {
        Unlink(*list, slab);
        DeleteSlab(slab);
      }
    }
  }
  TRIVET_DCHECK(block_bytes() == 0, "blocks outlive their arena");
}

size_t Arena::block_bytes() {
  size_t bytes = 0;
  for (size_t i = 0; i < kSizeClasses; ++i) {
    MutexLock lock(classes_[i].mu);
    bytes += classes_[i].blocks * SizeOfClass(i);
  }
  MutexLock lock(pages_mu_);
  return bytes + large_bytes_;
}

size_t Arena::page_bytes() {
  MutexLock lock(pages_mu_);
  return (pages_.used_pages() + pages_.idle_pages()) * PageRuns::kPageBytes;
}

void* Arena::Allocate(size_t size) {
  const size_t block_bytes = BlockBytes(size);
  if (size > kSmallBytesMax) return AllocatePages(block_bytes);
  const size_t class_number = SizeClassOf(size);
  SizeClass& size_class = classes_[class_number];
  MutexLock lock(size_class.mu);
  Slab* slab = size_class.partial;
  if (slab == nullptr) {
    slab = NewSlab(class_number);
    if (slab == nullptr) return nullptr;
    PushFront(size_class.partial, slab);
  }
  while (slab->bits[slab->hint] == 0) ++slab->hint;
  uint64_t& word = slab->bits[slab->hint];
  const size_t index = slab->hint * 64 + static_cast<size_t>(std::countr_zero(word));
  word &= word - 1;
  if (--slab->free == 0) Unlink(size_class.partial, slab);
  ++size_class.blocks;
  return base_ + slab->first_page * PageRuns::kPageBytes + index * block_bytes;
}

void Arena::Free(void* block, size_t block_bytes) {
  const auto offset = static_cast<size_t>(static_cast<char*>(block) - base_);
  const size_t page = offset / PageRuns::kPageBytes;
  if (block_bytes > kSmallBytesMax) {
    MutexLock lock(pages_mu_);
    large_bytes_ -= block_bytes;
    pages_.Free(static_cast<uint32_t>(page), static_cast<uint32_t>(PagesFor(block_bytes)));
    return;
  }
  SizeClass& size_class = classes_[SizeClassOf(block_bytes)];
  Slab* const slab = slab_of_page_[page];
  const auto index = static_cast<uint32_t>(offset - slab->first_page * PageRuns::kPageBytes) /
                     static_cast<uint32_t>(block_bytes);
  MutexLock lock(size_class.mu);
  TRIVET_DCHECK((slab->bits[index / 64] >> (index % 64) & 1) == 0, "a block is freed twice");
  slab->bits[index / 64] |= uint64_t{1} << (index % 64);
  slab->hint = std::min(slab->hint, index / 64);
  --size_class.blocks;
  Slab*& list = slab->picked ? size_class.picked : size_class.partial;
  if (slab->free++ == 0) PushFront(list, slab);
  // The only one that has room stays, lest it come and go with one block.
  const bool is_needed = !slab->picked && slab->previous == nullptr && slab->next == nullptr;
  if (slab->free == slab->blocks && !is_needed) {
    Unlink(list, slab);
    DeleteSlab(slab);
  }
}

void Arena::PushFront(Slab*& list, Slab* slab) {
  slab->previous = nullptr;
  slab->next = list;
  if (slab->next != nullptr) slab->next->previous = slab;
  list = slab;
}

void Arena::Unlink(Slab*& list, Slab* slab) {
  (slab->previous == nullptr ? list : slab->previous->next) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
  slab->previous = slab->next = nullptr;
}

bool Arena::ThinOut() {
  bool any = false;
  for (SizeClass& size_class : classes_) {
    MutexLock lock(size_class.mu);
    while (Slab* slab = size_class.picked) {
      Unlink(size_class.picked, slab);
      slab->picked = false;
      PushFront(size_class.partial, slab);
    }
    size_t free = 0;
    size_t in_slab = 1;
    for (const Slab* slab = size_class.partial; slab != nullptr; slab = slab->next) {
      free += slab->free;
      in_slab = slab->blocks;
    }
    if (free < kSlabsWithRoom * in_slab) continue;
    // What the picked ones hold must fit into the others.
    Slab* slab = size_class.partial;
    while (slab != nullptr) {
      Slab* const next = slab->next;
      if (slab->free * 2 > slab->blocks && free > kSlabsWithRoom * in_slab) {
        free -= std::min<size_t>(free, in_slab);
        Unlink(size_class.partial, slab);
        slab->picked = true;
        PushFront(size_class.picked, slab);
        any = true;
      }
      slab = next;
    }
  }
  return any;
}

bool Arena::IsThinnedOut(const void* block, size_t block_bytes) const {
  if (block_bytes > kSmallBytesMax) return false;
  const auto offset = static_cast<size_t>(static_cast<const char*>(block) - base_);
  return slab_of_page_[offset / PageRuns::kPageBytes]->picked;
}

Arena::Slab* Arena::NewSlab(size_t size_class) {
  auto slab = std::make_unique<Slab>();
  slab->blocks = static_cast<uint32_t>(kSlabBytes / SizeOfClass(size_class));
  slab->free = slab->blocks;
  const size_t words = (slab->blocks + 63) / 64;
  slab->bits = std::make_unique<uint64_t[]>(words);
  std::fill_n(slab->bits.get(), words, ~uint64_t{0});
  if (slab->blocks % 64 != 0) slab->bits[words - 1] = (uint64_t{1} << (slab->blocks % 64)) - 1;
  MutexLock lock(pages_mu_);
  const std::optional<uint32_t> first = pages_.Allocate(kSlabPages);
  if (!first.has_value()) return nullptr;
  slab->first_page = *first;
  if (!slab_table_.Commit((size_t{*first} + kSlabPages) * sizeof(Slab*))) {
    pages_.Free(*first, kSlabPages);
    return nullptr;
  }
  std::fill_n(slab_of_page_ + *first, kSlabPages, slab.get());
  return slab.release();
}

void Arena::DeleteSlab(Slab* slab) {
  {
    MutexLock lock(pages_mu_);
    pages_.Free(slab->first_page, kSlabPages);
  }
  delete slab;
}

void* Arena::AllocatePages(size_t block_bytes) {
  MutexLock lock(pages_mu_);
  const size_t pages = block_bytes / PageRuns::kPageBytes;
  const std::optional<uint32_t> first = pages_.Allocate(static_cast<uint32_t>(pages));
  if (!first.has_value()) return nullptr;
  large_bytes_ += block_bytes;
  return base_ + size_t{*first} * PageRuns::kPageBytes;
}

void Arena::Trim() {
  MutexLock lock(pages_mu_);
  pages_.Trim(0);
}

void Arena::CheckInvariants() {
  for (SizeClass& size_class : classes_) {
    MutexLock lock(size_class.mu);
    for (const Slab* slab = size_class.partial; slab != nullptr; slab = slab->next) {
      TRIVET_CHECK(!slab->picked, "a slab is in another list than it says");
      size_t free = 0;
      for (size_t word = 0; word < (slab->blocks + 63) / 64; ++word) {
        TRIVET_CHECK(word >= slab->hint || slab->bits[word] == 0, "a slab skips free blocks");
        free += static_cast<size_t>(std::popcount(slab->bits[word]));
      }
      TRIVET_CHECK(free == slab->free && free > 0, "a slab miscounts its free blocks");
    }
  }
}

}  // namespace trivet::engine
