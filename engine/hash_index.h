// Finds the entries of one shard by key, without a lock.
#ifndef TRIVET_ENGINE_HASH_INDEX_H_
#define TRIVET_ENGINE_HASH_INDEX_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "engine/address_range.h"
#include "engine/arena.h"
#include "engine/entry.h"

namespace trivet::engine {

// A hash table whose buckets are cache lines of twelve slots: a fingerprint of the hash and the
// number of the entry's block for each. A bucket that is full goes on in another one.
//
// It grows by linear hashing (W. Litwin, 1980): each insertion beyond the wanted fill adds one
// bucket, number n, and moves the entries there that one other bucket, n without its highest bit,
// held for it. So no operation moves more than the entries of one bucket, and the table is never
// much larger than it needs to be.
//
// Which bits of the hash are whose: the lowest 10 choose the shard, those above the bucket, the
// highest 8 are the fingerprint.
//
// Reading takes no lock. A reader that finds the key has found it, whatever moves meanwhile: it has
// compared the whole key. One that does not looks at `moves_`, which is odd while entries move, and
// looks again if there was a move. Blocks stay readable while the reader is in its grace period
// (see Reclaimer). Everything else is guarded by the shard.
//
// Positions for scans are reversed hashes: the number of a bucket is the end of its hashes, so that
// in reversed order a bucket is a range, and adding one cuts a range in two.
class HashIndex {
 public:
  explicit HashIndex(const Arena& arena, size_t shards = 1);
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  // Null if there is none. Lock-free for who reads in the sense of the Reclaimer.
  Entry* Find(const NamespaceState* space, uint64_t hash, std::string_view key) const;

  // Brings the bucket of a key that will be looked up soon into the cache. Lock-free.
  void Prefetch(uint64_t hash) const;
  // What is probably its entry, once its bucket is there. Lock-free.
  void PrefetchEntry(uint64_t hash) const;

  // REQUIRES: the key is not in the table. False: the system has no memory for it.
  [[nodiscard]] bool Insert(Entry* entry);

  // `fresh` takes the place of `old`. REQUIRES: they have the same key.
  void Replace(Entry* old, Entry* fresh);

  // REQUIRES: the entry is in the table.
  void Remove(Entry* entry);

  // An entry that must go before one with this hash may be inserted: its bucket goes on through so
  // many others that only chosen keys can be the cause. Mostly null.
  Entry* Crowded(uint64_t hash) const;

  size_t size() const { return size_; }

  // The memory of the buckets.
  size_t bytes() const;

  // Calls `visit` for every entry of the bucket that `*position` lies in whose position is not
  // below it, and moves the position to the next bucket. False when that was the last bucket.
  // `visit` may remove the entry it is called with, and no other.
  //
  // Starting from 0, an entry that stays in the table all the time is visited exactly once,
  // whatever else comes and goes between the calls.
  bool VisitBucket(uint64_t* position, absl::FunctionRef<void(Entry*)> visit);

  // Aborts if the structure is broken. For tests; O(size).
  void CheckInvariants() const;

 private:
  static constexpr size_t kSlots = 12;
  // Buckets that a full one may go on in.
  static constexpr size_t kOverflowMax = 6;

  // The first word: the number of the bucket it goes on in (0: none) and four fingerprints; the
  // second: eight fingerprints. A fingerprint of 0 is an empty slot.
  struct alignas(64) Bucket {
    std::array<std::atomic<uint64_t>, 2> words;
    std::array<std::atomic<uint32_t>, kSlots> blocks;
  };
  static_assert(sizeof(Bucket) == 64);

  using Chain = absl::InlinedVector<Entry*, 2 * kSlots>;

  static uint8_t FingerprintOf(uint64_t hash);
  // The slots whose fingerprint is that one, a bit for each.
  static unsigned Match(const Bucket& bucket, uint8_t fingerprint);
  static void SetFingerprint(Bucket& bucket, size_t slot, uint8_t fingerprint);
  static uint32_t NextOf(const Bucket& bucket);
  static void SetNext(Bucket& bucket, uint32_t next);

  Entry* EntryAt(uint32_t block) const {
    return reinterpret_cast<Entry*>(blocks_ + size_t{block} * kGranuleBytes);
  }
  // The bucket of a hash in a table of that shape.
  static size_t BucketOf(uint64_t hash, uint64_t shape);
  static uint64_t ShapeOf(size_t buckets);
  static size_t BucketsOf(uint64_t shape) { return shape & (~uint64_t{0} >> 8); }
  uint64_t shape() const { return shape_.load(std::memory_order_relaxed); }
  size_t bucket_count() const { return BucketsOf(shape()); }
  // The bits of the hash that say that it belongs there.
  static int BitsOf(size_t bucket, size_t buckets);
  Bucket* Next(const Bucket& bucket) const;

  struct Place {
    Bucket* bucket;
    size_t slot;
  };
  Place PlaceOf(const Entry* entry) const;
  bool Put(Entry* entry, size_t bucket);
  Chain EntriesOf(size_t bucket) const;
  void Empty(size_t bucket);
  void Fit();
  void AddBucket();
  void RemoveBucket();
  uint32_t NewOverflow();

  const Arena& arena_;
  char* const blocks_;  // where block number 0 would be
  AddressRange bucket_range_;
  AddressRange overflow_range_;
  Bucket* const buckets_;
  Bucket* const overflow_;  // number 1 is overflow_[0]
  // The number of buckets, and in the highest byte the bits that number them all.
  std::atomic<uint64_t> shape_;
  std::atomic<uint64_t> moves_{0};
  size_t size_ = 0;
  uint32_t overflow_end_ = 0;   // so many were ever used
  uint32_t overflow_free_ = 0;  // the first of those that are free again, linked by NextOf
  size_t overflow_used_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_HASH_INDEX_H_
