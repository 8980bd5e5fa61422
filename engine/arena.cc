#include "engine/arena.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/check.h"

namespace trivet::engine {
namespace {

constexpr size_t kCacheLineBytes = 64;
// Of a block that will be allocated soon.
constexpr size_t kPrefetchedBytes = 4 * kCacheLineBytes;

constexpr size_t kRangeBytes = size_t{64} << 30;

// A class may have free blocks worth so many slabs before blocks are moved together.
constexpr size_t kSlabsWithRoom = 1;
// Slabs are told apart by how many parts of them are free; with fewer than two they are full
// enough: to win one, more than fifteen would be copied.
constexpr size_t kFreeLevels = 32;
constexpr size_t kFreeLevelMin = 2;

// What a thread keeps at hand, unless said otherwise: a batch of the Reclaimer, and it stays in the
// second-level cache of its core.
constexpr size_t kCachedBytesMax = 256 << 10;
// A thread that has none left gets so many at a time, and for larger blocks so many bytes.
constexpr size_t kRefillBlocks = 32;
constexpr size_t kRefillBytes = 8 << 10;

// Free runs whose memory is given back once more, at a time: a system call each.
constexpr size_t kRunsTrimmedAgain = 32;

constexpr size_t PagesFor(size_t bytes) {
  return (bytes + PageRuns::kPageBytes - 1) / PageRuns::kPageBytes;
}

}  // namespace

Arena::Arena(bool huge_pages)
    : range_(kRangeBytes),
      base_(range_.data()),
      slab_table_(range_.size() / PageRuns::kPageBytes * sizeof(Slab*)),
      slab_of_page_(reinterpret_cast<Slab**>(slab_table_.data())),
      cached_bytes_max_(kCachedBytesMax),
      pages_(range_) {
  if (huge_pages) range_.PreferHugePages();
}

Arena::~Arena() {
  CollectFromAllThreads();
  // Blocks that are still out go with the range.
  for (SizeClass& size_class : classes_) {
    MutexLock lock(size_class.mu);
    for (Slab** list : {&size_class.partial, &size_class.picked, &size_class.full}) {
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
  for (size_t i = 0; i < kAllClasses; ++i) {
    MutexLock lock(classes_[i].mu);
    bytes += classes_[i].blocks * SizeOfClass(i);
  }
  bytes -= std::min(bytes, cached_bytes());
  MutexLock lock(pages_mu_);
  return bytes + large_bytes_;
}

size_t Arena::cached_bytes() const {
  size_t bytes = 0;
  magazines_.ForEach([&bytes](const Magazines& magazines) { bytes += magazines.bytes; });
  return bytes;
}

void Arena::NotePages() {
  page_bytes_.store((pages_.used_pages() + pages_.idle_pages()) * PageRuns::kPageBytes,
                    std::memory_order_relaxed);
}

void* Arena::Allocate(size_t size) {
  const auto allocate = [this, size] {
    return size <= kSmallBytesMax ? AllocateSmall(SizeClassOf(size))
                                  : AllocatePages(BlockBytes(size));
  };
  void* const block = allocate();
  if (block != nullptr) [[likely]]
    return block;
  CollectFromAllThreads();  // it may be whole slabs
  return allocate();
}

void* Arena::AllocateTable() {
  void* const block = AllocateSmall(kTableClass);
  return block != nullptr ? block : ::operator new(kTableBytes);
}

void Arena::FreeTable(void* block) {
  if (Contains(block)) [[likely]] {
    FreeSmall(block, kTableClass);
  } else {
    ::operator delete(block);
  }
}

void* Arena::CopyThinnedOut(void* block) {
  if (!Contains(block) || !IsThinnedOut(block)) return nullptr;
  void* const copy = AllocateSmall(kTableClass);
  if (copy != nullptr) std::memcpy(copy, block, kTableBytes);
  return copy;
}

void* Arena::AllocateSmall(size_t size_class) {
  Magazines* const mine = magazines_.TryMine();
  if (mine == nullptr) {
    uint32_t block = 0;
    return TakeFromSlabs(size_class, {&block, 1}) == 1 ? At(block) : nullptr;
  }
  const size_t size = SizeOfClass(size_class);
  OwnerLock lock(mine->mu);
  std::vector<uint32_t>& blocks = mine->blocks[size_class];
  if (blocks.empty()) {
    // Not so many that they would be returned at once.
    const size_t bytes =
        std::min(kRefillBytes, cached_bytes_max_.load(std::memory_order_relaxed) / 4);
    blocks.resize(std::clamp<size_t>(bytes / size, 1, kRefillBlocks));
    blocks.resize(TakeFromSlabs(size_class, blocks));
    if (blocks.empty()) return nullptr;
    std::reverse(blocks.begin(), blocks.end());  // in the order of their addresses
    mine->bytes = mine->bytes + blocks.size() * size;
  }
  const uint32_t block = blocks.back();
  blocks.pop_back();
  // The next one is probably written to with the next call: it has until then to come from memory.
  if (!blocks.empty()) [[likely]] {
    const char* const next = static_cast<const char*>(At(blocks.back()));
    for (size_t line = 0; line < std::min(size, kPrefetchedBytes); line += kCacheLineBytes) {
      __builtin_prefetch(next + line, 1);
    }
  }
  mine->bytes = mine->bytes - size;
  if (mine->bytes > cached_bytes_max_.load(std::memory_order_relaxed)) [[unlikely]]
    ReturnHalf(*mine);
  return At(block);
}

size_t Arena::TakeFromSlabs(size_t size_class, std::span<uint32_t> blocks) {
  SizeClass& from = classes_[size_class];
  const auto granules = static_cast<uint32_t>(SizeOfClass(size_class) / kGranuleBytes);
  size_t taken = 0;
  MutexLock lock(from.mu);
  while (taken < blocks.size()) {
    Slab* slab = from.partial;
    if (slab == nullptr) {
      slab = NewSlab(size_class);
      if (slab == nullptr) break;
      PushFront(from.partial, slab);
    }
    if (slab == from.empty) from.empty = nullptr;
    while (slab->bits[slab->hint] == 0) ++slab->hint;
    uint64_t& word = slab->bits[slab->hint];
    const uint32_t index = slab->hint * 64 + static_cast<uint32_t>(std::countr_zero(word));
    word &= word - 1;
    if (--slab->free == 0) {
      Unlink(from.partial, slab);
      PushFront(from.full, slab);
    }
    blocks[taken++] =
        slab->first_page * static_cast<uint32_t>(PageRuns::kPageBytes / kGranuleBytes) +
        index * granules;
  }
  from.blocks += taken;
  return taken;
}

void Arena::Free(void* block, size_t block_bytes) {
  if (block_bytes <= kSmallBytesMax) {
    FreeSmall(block, SizeClassOf(block_bytes));
    return;
  }
  const auto offset = static_cast<size_t>(static_cast<char*>(block) - base_);
  MutexLock lock(pages_mu_);
  large_bytes_ -= block_bytes;
  pages_.Free(static_cast<uint32_t>(offset / PageRuns::kPageBytes),
              static_cast<uint32_t>(PagesFor(block_bytes)));
  NotePages();
}

void Arena::FreeSmall(void* block, size_t size_class) {
  const uint32_t number = NumberOf(block);
  Magazines* const mine = magazines_.TryMine();
  if (mine == nullptr) {
    ReturnToSlabs(size_class, {&number, 1});
    return;
  }
  OwnerLock lock(mine->mu);
  // Looked at under the lock: what is kept by mistake is there when ThinOut collects.
  if (any_picked_ && SlabOf(number)->picked) [[unlikely]] {
    ReturnToSlabs(size_class, {&number, 1});
    return;
  }
  mine->blocks[size_class].push_back(number);
  mine->bytes = mine->bytes + SizeOfClass(size_class);
  if (mine->bytes > cached_bytes_max_.load(std::memory_order_relaxed)) ReturnHalf(*mine);
}

void Arena::ReturnToSlabs(size_t size_class, std::span<const uint32_t> blocks) {
  SizeClass& to = classes_[size_class];
  const auto granules = static_cast<uint32_t>(SizeOfClass(size_class) / kGranuleBytes);
  MutexLock lock(to.mu);
  to.blocks -= blocks.size();
  for (const uint32_t block : blocks) {
    Slab* const slab = SlabOf(block);
    const uint32_t index =
        (block - slab->first_page * static_cast<uint32_t>(PageRuns::kPageBytes / kGranuleBytes)) /
        granules;
    TRIVET_DCHECK((slab->bits[index / 64] >> (index % 64) & 1) == 0, "a block is freed twice");
    slab->bits[index / 64] |= uint64_t{1} << (index % 64);
    slab->hint = std::min(slab->hint, index / 64);
    Slab*& list = slab->picked ? to.picked : to.partial;
    if (slab->free++ == 0) {
      Unlink(to.full, slab);
      PushFront(list, slab);
    }
    if (slab->free < slab->blocks) continue;
    if (slab->picked || to.empty != nullptr) {
      Unlink(list, slab);
      DeleteSlab(slab);
    } else {
      to.empty = slab;  // lest it come and go with one block
      slab->unused = false;
    }
  }
}

void Arena::ReturnHalf(Magazines& magazines) {
  for (size_t i = 0; i < kAllClasses; ++i) {
    std::vector<uint32_t>& blocks = magazines.blocks[i];
    const size_t half = (blocks.size() + 1) / 2;
    if (half == 0) continue;
    ReturnToSlabs(i, std::span(blocks).first(half));
    blocks.erase(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(half));
    magazines.bytes = magazines.bytes - half * SizeOfClass(i);
  }
}

void Arena::ReturnAll(Magazines& magazines) {
  MutexLock lock(magazines.mu);
  for (size_t i = 0; i < kAllClasses; ++i) {
    std::vector<uint32_t>& blocks = magazines.blocks[i];
    if (blocks.empty()) continue;
    ReturnToSlabs(i, blocks);
    magazines.bytes = magazines.bytes - blocks.size() * SizeOfClass(i);
    blocks.clear();
  }
  TRIVET_DCHECK(magazines.bytes == 0, "a thread miscounts its blocks");
}

void Arena::CollectFromAllThreads() {
  magazines_.ForEach([this](Magazines& magazines) { ReturnAll(magazines); });
}

void Arena::CollectFromEndedThreads() {
  magazines_.ForEachEnded([this](Magazines& magazines) {
    if (magazines.bytes != 0) ReturnAll(magazines);
  });
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
  // First, so that it is known what is free.
  CollectFromAllThreads();
  any_picked_ = true;
  bool any = false;
  for (SizeClass& size_class : classes_) {
    MutexLock lock(size_class.mu);
    while (Slab* slab = size_class.picked) {
      Unlink(size_class.picked, slab);
      slab->picked = false;
      PushFront(size_class.partial, slab);
    }
    any = PickEmptiest(size_class) || any;
  }
  // What a thread freed before it could see that the slab was picked.
  CollectFromAllThreads();
  any_picked_ = any;
  return any;
}

bool Arena::PickEmptiest(SizeClass& size_class) {
  const auto level_of = [](const Slab* slab) {
    return std::min<size_t>(slab->free * kFreeLevels / slab->blocks, kFreeLevels - 1);
  };
  size_t free = 0;
  size_t in_slab = 1;
  std::array<size_t, kFreeLevels> slabs{};
  for (const Slab* slab = size_class.partial; slab != nullptr; slab = slab->next) {
    free += slab->free;
    in_slab = slab->blocks;
    ++slabs[level_of(slab)];
  }
  // What the picked ones hold must fit into the others: each takes a slab's worth of room.
  const size_t slabs_of_room = free / in_slab;
  if (slabs_of_room <= kSlabsWithRoom) return false;
  size_t left = slabs_of_room - kSlabsWithRoom;
  size_t level = kFreeLevels - 1;  // the least free from which slabs are picked
  for (; level > kFreeLevelMin && slabs[level] < left; --level) left -= slabs[level];
  bool any = false;
  Slab* slab = size_class.partial;
  while (slab != nullptr) {
    Slab* const next = slab->next;
    const size_t its_level = level_of(slab);
    if (its_level > level || (its_level == level && left > 0)) {
      if (its_level == level) --left;
      Unlink(size_class.partial, slab);
      if (slab->free == slab->blocks) {  // nobody is left whose move would free it
        size_class.empty = nullptr;
        DeleteSlab(slab);
        slab = next;
        continue;
      }
      slab->picked = true;
      PushFront(size_class.picked, slab);
      any = true;
    }
    slab = next;
  }
  return any;
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
  const std::optional<uint32_t> first = TakePages(kSlabPages);
  if (!first.has_value()) return nullptr;
  slab->first_page = *first;
  std::fill_n(slab_of_page_ + *first, kSlabPages, slab.get());
  return slab.release();
}

void Arena::DeleteSlab(Slab* slab) {
  {
    MutexLock lock(pages_mu_);
    std::fill_n(slab_of_page_ + slab->first_page, kSlabPages, nullptr);
    pages_.Free(slab->first_page, kSlabPages);
    NotePages();
  }
  delete slab;
}

std::optional<uint32_t> Arena::TakePages(uint32_t pages) {
  std::optional<uint32_t> first = pages_.Allocate(pages);
  if (first.has_value() && !slab_table_.Commit((size_t{*first} + pages) * sizeof(Slab*))) {
    pages_.Free(*first, pages);
    first.reset();
  }
  NotePages();
  return first;
}

void* Arena::AllocatePages(size_t block_bytes) {
  MutexLock lock(pages_mu_);
  const auto first = TakePages(static_cast<uint32_t>(block_bytes / PageRuns::kPageBytes));
  if (!first.has_value()) return nullptr;
  large_bytes_ += block_bytes;
  return base_ + size_t{*first} * PageRuns::kPageBytes;
}

void Arena::Trim() {
  CollectFromAllThreads();
  MutexLock lock(pages_mu_);
  pages_.Trim(0);
  NotePages();
}

void Arena::TrimUnused() {
  for (SizeClass& size_class : classes_) {
    MutexLock lock(size_class.mu);
    Slab* const slab = size_class.empty;
    if (slab == nullptr) continue;
    if (slab->unused) {
      size_class.empty = nullptr;
      Unlink(size_class.partial, slab);
      DeleteSlab(slab);
    } else {
      slab->unused = true;
    }
  }
  MutexLock lock(pages_mu_);
  pages_.TrimUnused();
  NotePages();
}

void Arena::TrimAgain() {
  MutexLock lock(pages_mu_);
  pages_.TrimAgain(kRunsTrimmedAgain);
}

void Arena::CheckInvariants() {
  CollectFromAllThreads();
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
