#include "engine/arena.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/check.h"
#include "engine/poison.h"

namespace trivet::engine {
namespace {

constexpr size_t kCacheLineBytes = 64;
// Of a block that will be allocated soon.
constexpr size_t kPrefetchedBytes = 4 * kCacheLineBytes;

// What a thread keeps at hand, unless said otherwise: a batch of the Reclaimer, and it stays in the
// second-level cache of its core.
constexpr size_t kCachedBytesMax = 256 << 10;
// A thread that has none left gets so many at a time, and for larger blocks so many bytes.
constexpr size_t kRefillBlocks = 32;
constexpr size_t kRefillBytes = 8 << 10;

template <size_t... kClass>
std::array<SlabClass, kAllClasses> MakeClasses(PagePool& pages, std::index_sequence<kClass...>) {
  return {{SlabClass(pages, kClass)...}};
}

}  // namespace

Arena::Arena(bool huge_pages)
    : pages_(huge_pages),
      base_(pages_.base()),
      classes_(MakeClasses(pages_, std::make_index_sequence<kAllClasses>())),
      cached_bytes_max_(kCachedBytesMax) {}

Arena::~Arena() {
  CollectFromAllThreads();
  TRIVET_DCHECK(block_bytes() == 0, "blocks outlive their arena");
}

size_t Arena::block_bytes() {
  size_t bytes = 0;
  for (SlabClass& size_class : classes_) bytes += size_class.bytes_out();
  bytes -= std::min(bytes, cached_bytes());
  return bytes + pages_.large_bytes();
}

size_t Arena::cached_bytes() const {
  size_t bytes = 0;
  magazines_.ForEach([&bytes](const Magazines& magazines) { bytes += magazines.bytes; });
  return bytes;
}

void* Arena::Allocate(size_t size) {
  const auto allocate = [this, size] {
    return size <= kSmallBytesMax ? AllocateSmall(SizeClassOf(size))
                                  : pages_.AllocateLarge(BlockBytes(size));
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
  void* const block = TakeSmall(size_class);
  if (block != nullptr) Unpoison(block, kBytesOfClass[size_class]);
  return block;
}

void* Arena::TakeSmall(size_t size_class) {
  Magazines* const mine = magazines_.TryMine();
  if (mine == nullptr) {
    uint32_t block = 0;
    return classes_[size_class].Take({&block, 1}) == 1 ? At(block) : nullptr;
  }
  const size_t size = kBytesOfClass[size_class];
  OwnerLock lock(mine->mu);
  std::vector<uint32_t>& blocks = mine->blocks[size_class];
  if (blocks.empty()) {
    // Not so many that they would be returned at once.
    const size_t bytes =
        std::min(kRefillBytes, cached_bytes_max_.load(std::memory_order_relaxed) / 4);
    blocks.resize(std::clamp<size_t>(bytes / size, 1, kRefillBlocks));
    blocks.resize(classes_[size_class].Take(blocks));
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

void Arena::Free(void* block, size_t block_bytes) {
  if (!Contains(block)) [[unlikely]] {
    ::operator delete(block);
  } else if (block_bytes <= kSmallBytesMax) {
    FreeSmall(block, SizeClassOf(block_bytes));
  } else {
    pages_.FreeLarge(block, block_bytes);
  }
}

void Arena::FreeSmall(void* block, size_t size_class) {
  Poison(block, kBytesOfClass[size_class]);
  const uint32_t number = NumberOf(block);
  Magazines* const mine = magazines_.TryMine();
  if (mine == nullptr) {
    classes_[size_class].Return({&number, 1});
    return;
  }
  OwnerLock lock(mine->mu);
  // Looked at under the lock: what is kept by mistake is there when ThinOut collects.
  if (any_picked_ && pages_.SlabOf(number)->picked) [[unlikely]] {
    classes_[size_class].Return({&number, 1});
    return;
  }
  mine->blocks[size_class].push_back(number);
  mine->bytes = mine->bytes + kBytesOfClass[size_class];
  if (mine->bytes > cached_bytes_max_.load(std::memory_order_relaxed)) ReturnHalf(*mine);
}

void Arena::ReturnHalf(Magazines& magazines) {
  for (size_t i = 0; i < kAllClasses; ++i) {
    std::vector<uint32_t>& blocks = magazines.blocks[i];
    const size_t half = (blocks.size() + 1) / 2;
    if (half == 0) continue;
    classes_[i].Return(std::span(blocks).first(half));
    blocks.erase(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(half));
    magazines.bytes = magazines.bytes - half * kBytesOfClass[i];
  }
}

void Arena::ReturnAll(Magazines& magazines) {
  MutexLock lock(magazines.mu);
  for (size_t i = 0; i < kAllClasses; ++i) {
    std::vector<uint32_t>& blocks = magazines.blocks[i];
    if (blocks.empty()) continue;
    classes_[i].Return(blocks);
    magazines.bytes = magazines.bytes - blocks.size() * kBytesOfClass[i];
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

bool Arena::ThinOut() {
  // First, so that it is known what is free.
  CollectFromAllThreads();
  any_picked_ = true;
  bool any = false;
  for (SlabClass& size_class : classes_) any = size_class.PickEmptiest() || any;
  // What a thread freed before it could see that the slab was picked.
  CollectFromAllThreads();
  any_picked_ = any;
  return any;
}

void Arena::Trim() {
  CollectFromAllThreads();
  pages_.Trim();
}

void Arena::TrimUnused() {
  for (SlabClass& size_class : classes_) size_class.TrimUnused();
  pages_.TrimUnused();
}

void Arena::CheckInvariants() {
  CollectFromAllThreads();
  for (SlabClass& size_class : classes_) size_class.CheckInvariants();
}

}  // namespace trivet::engine
