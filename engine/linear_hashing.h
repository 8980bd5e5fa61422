// Where hashes belong in a table that grows and shrinks by one bucket at a time.
#ifndef TRIVET_ENGINE_LINEAR_HASHING_H_
#define TRIVET_ENGINE_LINEAR_HASHING_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace trivet::engine {

// Linear hashing (W. Litwin, 1980): a bucket takes the hashes that end in its number, of as many
// bits as number all buckets; where there is none with that number yet, the one without its highest
// bit does.

// The bits that number so many buckets.
constexpr size_t BucketMask(size_t buckets) { return std::bit_ceil(buckets) - 1; }

// REQUIRES: `mask` is BucketMask(buckets).
constexpr size_t BucketOf(uint64_t hash, size_t mask, size_t buckets) {
  const size_t bucket = hash & mask;
  return bucket < buckets ? bucket : bucket & mask >> 1;
}

// The bucket that shares its hashes with this one when this one is added, and gets them back when
// it goes. REQUIRES: it is not number 0.
constexpr size_t CutFrom(size_t bucket) { return bucket - std::bit_floor(bucket); }

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_LINEAR_HASHING_H_
