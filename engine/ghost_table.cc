#include "engine/ghost_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/byte_match.h"
#include "engine/check.h"
#include "engine/linear_hashing.h"

namespace trivet::engine {
namespace {

// Ghosts per bucket at which one is added, and at which one is removed.
constexpr size_t kFillMost = 5;
constexpr size_t kFillLeast = 2;

}  // namespace

uint8_t GhostTable::TagOf(uint32_t fingerprint) {
  const auto tag = static_cast<uint8_t>(fingerprint >> 24);
  return tag == 0 ? 1 : tag;
}

size_t GhostTable::BucketOf(uint32_t fingerprint) const {
  return engine::BucketOf(fingerprint, BucketMask(buckets_.size()), buckets_.size());
}

unsigned GhostTable::Match(const Bucket& bucket, uint8_t tag) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t words[2];
  std::memcpy(words, &bucket, sizeof(words));  // the tags, and some more
  return MatchBytes(words[0], words[1], tag) & ((1u << kSlots) - 1);
}

template <typename Matches>
size_t GhostTable::Search(const Bucket& bucket, uint32_t fingerprint, const Matches& matches) {
  for (unsigned slots = Match(bucket, TagOf(fingerprint)); slots != 0; slots &= slots - 1) {
    const auto slot = static_cast<size_t>(std::countr_zero(slots));
    if (matches(bucket.numbers[slot])) return slot;
  }
  return kSlots;
}

std::optional<uint32_t> GhostTable::Find(uint32_t fingerprint) const {
  if (buckets_.empty()) return std::nullopt;
  const Bucket& bucket = buckets_[BucketOf(fingerprint)];
  const size_t slot = Search(bucket, fingerprint, [&](uint32_t number) {
    return ring_[number].fingerprint == fingerprint;
  });
  if (slot == kSlots) return std::nullopt;
  return bucket.numbers[slot];
}

void GhostTable::Insert(uint32_t number) {
  if (size_ >= buckets_.size() * kFillMost) {
    const size_t fresh = buckets_.size();
    buckets_.push_back({});
    if (fresh > 0) PutAgain(std::exchange(buckets_[CutFrom(fresh)], {}));
  }
  Put(number);
}

void GhostTable::Erase(uint32_t number) {
  const uint32_t fingerprint = ring_[number].fingerprint;
  Bucket& bucket = buckets_[BucketOf(fingerprint)];
  const size_t slot =
      Search(bucket, fingerprint, [number](uint32_t other) { return other == number; });
  TRIVET_CHECK(slot < kSlots, "a ghost is not in the table");
  Drop(bucket, slot);
  if (size_ == 0) return Clear();
  if (buckets_.size() > 1 && size_ < buckets_.size() * kFillLeast) {
    const Bucket last = buckets_[buckets_.size() - 1];
    buckets_.pop_back();
    PutAgain(last);
  }
}

void GhostTable::Clear() {
  buckets_.Clear();
  size_ = 0;
  weight_ = 0;
}

void GhostTable::Put(uint32_t number) {
  const Ghost& ghost = ring_[number];
  Bucket& bucket = buckets_[BucketOf(ghost.fingerprint)];
  const unsigned empty = Match(bucket, 0);
  auto slot = static_cast<size_t>(std::countr_zero(empty));
  if (empty == 0) {
    // By age: numbers wrap around.
    const auto oldest = std::min_element(
        bucket.numbers.begin(), bucket.numbers.end(),
        [this](uint32_t a, uint32_t b) { return a - ring_.oldest() < b - ring_.oldest(); });
    slot = static_cast<size_t>(oldest - bucket.numbers.begin());
    Drop(bucket, slot);
  }
  bucket.tags[slot] = TagOf(ghost.fingerprint);
  bucket.numbers[slot] = number;
  ++size_;
  weight_ += ghost.weight;
}

void GhostTable::Drop(Bucket& bucket, size_t slot) {
  bucket.tags[slot] = 0;
  --size_;
  weight_ -= ring_[bucket.numbers[slot]].weight;
  ring_.Take(bucket.numbers[slot]);
}

void GhostTable::PutAgain(const Bucket& bucket) {
  for (size_t slot = 0; slot < kSlots; ++slot) {
    if (bucket.tags[slot] == 0) continue;
    --size_;
    weight_ -= ring_[bucket.numbers[slot]].weight;
    Put(bucket.numbers[slot]);
  }
}

void GhostTable::CheckInvariants() const {
  size_t seen = 0;
  size_t weight = 0;
  for (size_t number = 0; number < buckets_.size(); ++number) {
    const Bucket& bucket = buckets_[number];
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (bucket.tags[slot] == 0) continue;
      ++seen;
      const Ghost& ghost = ring_[bucket.numbers[slot]];
      TRIVET_CHECK(ghost.weight > 0, "a ghost that was taken is in the table");
      weight += ghost.weight;
      TRIVET_CHECK(BucketOf(ghost.fingerprint) == number, "a ghost in a foreign bucket");
      TRIVET_CHECK(TagOf(ghost.fingerprint) == bucket.tags[slot], "a ghost with a foreign tag");
    }
  }
  TRIVET_CHECK(seen == size_ && weight == weight_, "the table miscounts its ghosts");
}

}  // namespace trivet::engine
