#include "engine/slab_class.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "engine/check.h"
#include "engine/size_classes.h"

namespace trivet::engine {
namespace {

constexpr size_t kSlabBytes = PagePool::kSlabPages * PageRuns::kPageBytes;
constexpr uint32_t kGranulesPerPage = PageRuns::kPageBytes / kGranuleBytes;

// A class may have free blocks worth so many slabs before blocks are moved together.
constexpr size_t kSlabsWithRoom = 1;
// Slabs are told apart by how many parts of them are free; with fewer than two they are full
// enough: to win one, more than fifteen would be copied.
constexpr size_t kFreeLevels = 32;
constexpr size_t kFreeLevelMin = 2;

size_t LevelOf(const Slab* slab) {
  return std::min<size_t>(slab->free * kFreeLevels / slab->blocks, kFreeLevels - 1);
}

}  // namespace

SlabClass::SlabClass(PagePool& pages, size_t size_class)
    : pages_(pages), granules_(static_cast<uint32_t>(SizeOfClass(size_class) / kGranuleBytes)) {}

SlabClass::~SlabClass() {
  MutexLock lock(mu_);
  for (Slab** list : {&partial_, &picked_, &full_}) {
    while (Slab* slab = *list) {
      Unlink(*list, slab);
      DeleteSlab(slab);
    }
  }
}

size_t SlabClass::Take(std::span<uint32_t> blocks) {
  size_t taken = 0;
  MutexLock lock(mu_);
  while (taken < blocks.size()) {
    Slab* slab = partial_;
    if (slab == nullptr) {
      slab = NewSlab();
      if (slab == nullptr) break;
      PushFront(partial_, slab);
    }
    if (slab == empty_) empty_ = nullptr;
    while (slab->bits[slab->hint] == 0) ++slab->hint;
    uint64_t& word = slab->bits[slab->hint];
    const uint32_t index = slab->hint * 64 + static_cast<uint32_t>(std::countr_zero(word));
    word &= word - 1;
    if (--slab->free == 0) {
      Unlink(partial_, slab);
      PushFront(full_, slab);
    }
    blocks[taken++] = slab->first_page * kGranulesPerPage + index * granules_;
  }
  blocks_out_ += taken;
  return taken;
}

void SlabClass::Return(std::span<const uint32_t> blocks) {
  MutexLock lock(mu_);
  blocks_out_ -= blocks.size();
  for (const uint32_t block : blocks) {
    Slab* const slab = pages_.SlabOf(block);
    const uint32_t index = (block - slab->first_page * kGranulesPerPage) / granules_;
    TRIVET_DCHECK((slab->bits[index / 64] >> (index % 64) & 1) == 0, "a block is freed twice");
    slab->bits[index / 64] |= uint64_t{1} << (index % 64);
    slab->hint = std::min(slab->hint, index / 64);
    Slab*& list = slab->picked ? picked_ : partial_;
    if (slab->free++ == 0) {
      Unlink(full_, slab);
      PushFront(list, slab);
    }
    if (slab->free < slab->blocks) continue;
    if (slab->picked || empty_ != nullptr) {
      Unlink(list, slab);
      DeleteSlab(slab);
    } else {
      empty_ = slab;  // lest it come and go with one block
      slab->unused = false;
    }
  }
}

size_t SlabClass::bytes_out() {
  MutexLock lock(mu_);
  return blocks_out_ * granules_ * kGranuleBytes;
}

bool SlabClass::PickEmptiest() {
  MutexLock lock(mu_);
  while (Slab* slab = picked_) {
    Unlink(picked_, slab);
    slab->picked = false;
    PushFront(partial_, slab);
  }
  size_t free = 0;
  size_t in_slab = 1;
  std::array<size_t, kFreeLevels> slabs{};
  for (const Slab* slab = partial_; slab != nullptr; slab = slab->next) {
    free += slab->free;
    in_slab = slab->blocks;
    ++slabs[LevelOf(slab)];
  }
  // What the picked ones hold must fit into the others: each takes a slab's worth of room.
  const size_t slabs_of_room = free / in_slab;
  if (slabs_of_room <= kSlabsWithRoom) return false;
  size_t left = slabs_of_room - kSlabsWithRoom;
  size_t level = kFreeLevels - 1;  // the least free from which slabs are picked
  for (; level > kFreeLevelMin && slabs[level] < left; --level) left -= slabs[level];
  Slab* slab = partial_;
  while (slab != nullptr) {
    Slab* const next = slab->next;
    const size_t its_level = LevelOf(slab);
    if (its_level > level || (its_level == level && left > 0)) {
      if (its_level == level) --left;
      Unlink(partial_, slab);
      if (slab->free == slab->blocks) {  // nobody is left whose move would free it
        empty_ = nullptr;
        DeleteSlab(slab);
      } else {
        slab->picked = true;
        PushFront(picked_, slab);
      }
    }
    slab = next;
  }
  return picked_ != nullptr;
}

void SlabClass::TrimUnused() {
  MutexLock lock(mu_);
  Slab* const slab = empty_;
  if (slab == nullptr) return;
  if (slab->unused) {
    empty_ = nullptr;
    Unlink(partial_, slab);
    DeleteSlab(slab);
  } else {
    slab->unused = true;
  }
}

Slab* SlabClass::NewSlab() {
  auto slab = std::make_unique<Slab>();
  slab->blocks = static_cast<uint32_t>(kSlabBytes / kGranuleBytes / granules_);
  slab->free = slab->blocks;
  const size_t words = (slab->blocks + 63) / 64;
  slab->bits = std::make_unique<uint64_t[]>(words);
  std::fill_n(slab->bits.get(), words, ~uint64_t{0});
  if (slab->blocks % 64 != 0) slab->bits[words - 1] = (uint64_t{1} << (slab->blocks % 64)) - 1;
  const std::optional<uint32_t> first = pages_.TakeFor(slab.get());
  if (!first.has_value()) return nullptr;
  slab->first_page = *first;
  return slab.release();
}

void SlabClass::DeleteSlab(Slab* slab) {
  pages_.GiveBack(slab->first_page);
  delete slab;
}

void SlabClass::PushFront(Slab*& list, Slab* slab) {
  slab->previous = nullptr;
  slab->next = list;
  if (slab->next != nullptr) slab->next->previous = slab;
  list = slab;
}

void SlabClass::Unlink(Slab*& list, Slab* slab) {
  (slab->previous == nullptr ? list : slab->previous->next) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
  slab->previous = slab->next = nullptr;
}

void SlabClass::CheckInvariants() {
  MutexLock lock(mu_);
  for (const Slab* slab = partial_; slab != nullptr; slab = slab->next) {
    TRIVET_CHECK(!slab->picked, "a slab is in another list than it says");
    size_t free = 0;
    for (size_t word = 0; word < (slab->blocks + 63) / 64; ++word) {
      TRIVET_CHECK(word >= slab->hint || slab->bits[word] == 0, "a slab skips free blocks");
      free += static_cast<size_t>(std::popcount(slab->bits[word]));
    }
    TRIVET_CHECK(free == slab->free && free > 0, "a slab miscounts its free blocks");
  }
}

}  // namespace trivet::engine
