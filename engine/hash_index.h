// Finds the entries of one shard by key, without a lock.
#ifndef TRIVET_ENGINE_HASH_INDEX_H_
#define TRIVET_ENGINE_HASH_INDEX_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "engine/address_range.h"
#include "engine/arena.h"
#include "engine/byte_match.h"
#include "engine/entry.h"
#include "engine/key_hash.h"
#include "engine/linear_hashing.h"
#include "engine/strings.h"

namespace trivet::engine {

// A hash table whose buckets are cache lines of twelve slots: a fingerprint of the hash and the
// number of the entry's block for each. A bucket that is full goes on in another one.
//
// It grows by linear hashing (see linear_hashing.h): each insertion beyond the wanted fill adds one
// bucket and moves the entries there that one other bucket held for it. So no operation moves more
// than the entries of one bucket, and the table is never much larger than it needs to be.
//
// Which bits of the hash are whose: the lowest 10 choose the shard, those above the bucket, the
// highest 8 are the fingerprint. Entries do not keep their hash: it is computed again when they
// move to another bucket.
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
  static constexpr int kShardBits = 10;

  // `hash_of` outlives the index.
  HashIndex(const Arena& arena, const EntryHash& hash_of, size_t shards = 1);
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  // Null if there is none. Lock-free for who reads in the sense of the Reclaimer.
  Entry* Find(uint32_t space_id, uint64_t hash, std::string_view key) const;

  // Brings the bucket of a key that will be looked up soon into the cache. Lock-free.
  void Prefetch(uint64_t hash) const;
  // What is probably its entry, once its bucket is there. Lock-free.
  void PrefetchEntry(uint64_t hash) const;

  // In what follows `hash` is that of the entry's key.

  // REQUIRES: the key is not in the table. False: the system has no memory for it.
  [[nodiscard]] bool Insert(Entry* entry, uint64_t hash);

  // `fresh` takes the place of `old`. REQUIRES: they have the same key.
  void Replace(Entry* old, Entry* fresh, uint64_t hash);

  // REQUIRES: the entry is in the table.
  void Remove(Entry* entry, uint64_t hash);

  // An entry that must go before one with this hash may be inserted: its bucket goes on through so
  // many others that only chosen keys can be the cause. Mostly null.
  Entry* Crowded(uint64_t hash) const;

  size_t size() const { return size_; }

  // The buckets, by number. An insertion adds at most one, and a removal takes at most one away:
  // the last, whose entries then come from, or go to, the bucket that it is cut from.
  size_t bucket_count() const { return BucketsOf(shape()); }
  size_t bucket_max() const { return bucket_range_.size() / sizeof(Bucket); }
  size_t BucketOf(uint64_t hash) const { return BucketOf(hash, shape()); }

  // The entries of a bucket.
  using Chain = absl::InlinedVector<Entry*, 24>;
  Chain EntriesOf(size_t bucket) const;

  // The memory of the buckets.
  size_t bytes() const { return (bucket_count() + overflow_used_) * sizeof(Bucket); }

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

  static uint8_t FingerprintOf(uint64_t hash);
  // The slots whose fingerprint is that one, a bit for each.
  static unsigned Match(const Bucket& bucket, uint8_t fingerprint);
  static void SetFingerprint(Bucket& bucket, size_t slot, uint8_t fingerprint);
  static uint32_t NextOf(const Bucket& bucket);
  static void SetNext(Bucket& bucket, uint32_t next);

  Entry* EntryAt(uint32_t block) const {
    return reinterpret_cast<Entry*>(blocks_ + size_t{block} * kGranuleBytes);
  }
  // Whether the entry is that of the key.
  static bool IsOf(Entry* entry, uint32_t space_id, std::string_view key);
  // What Find does; the whole of it.
  Entry* FindAnywhere(uint32_t space_id, uint64_t hash, std::string_view key) const;
  // Odd while entries move: who holds the shard's lock may have been put to sleep with it. Whether
  // a reader that found nothing has to look again.
  bool HaveMoved(uint64_t moves_before) const;
  // The bucket of a hash in a table of that shape.
  static size_t BucketOf(uint64_t hash, uint64_t shape);
  static uint64_t ShapeOf(size_t buckets);
  static size_t BucketsOf(uint64_t shape) { return static_cast<uint32_t>(shape); }
  uint64_t shape() const { return shape_.load(std::memory_order_relaxed); }
  // The bits of the hash that say that it belongs there.
  static int BitsOf(size_t bucket, size_t buckets);
  Bucket* Next(const Bucket& bucket) const;

  struct Place {
    Bucket* bucket;
    size_t slot;
  };
  Place PlaceOf(const Entry* entry, uint64_t hash) const;
  bool Put(Entry* entry, uint64_t hash, size_t bucket);
  void Empty(size_t bucket);
  void Fit();
  void AddBucket();
  void RemoveBucket();
  // False: NewOverflow would have none.
  bool MakeRoomForOverflow();
  uint32_t NewOverflow();  // 0: the system has no memory for it

  const Arena& arena_;
  const EntryHash& hash_of_;
  AddressRange bucket_range_;
  AddressRange overflow_range_;
  size_t size_ = 0;
  uint32_t overflow_end_ = 0;   // so many were ever used
  uint32_t overflow_free_ = 0;  // the first of those that are free again, linked by NextOf
  size_t overflow_used_ = 0;
  // What readers look at, in a cache line of its own, which changes only when entries move.
  alignas(64) char* const blocks_;  // where block number 0 would be
  Bucket* const buckets_;
  Bucket* const overflow_;  // number 1 is overflow_[0]
  // The number of buckets, and in the upper half a mask of the bits that number them all.
  std::atomic<uint64_t> shape_;
  std::atomic<uint64_t> moves_{0};
};

// --- Reading, inlined: the way of every hit

inline uint8_t HashIndex::FingerprintOf(uint64_t hash) {
  const auto fingerprint = static_cast<uint8_t>(hash >> 56);
  return fingerprint == 0 ? 1 : fingerprint;
}

inline unsigned HashIndex::Match(const Bucket& bucket, uint8_t fingerprint) {
  // Acquire: what a fingerprint stands for was written before it.
  const uint64_t first = bucket.words[0].load(std::memory_order_acquire);
  const uint64_t second = bucket.words[1].load(std::memory_order_acquire);
  return MatchBytes(first, second, fingerprint) >> 4;
}

inline uint32_t HashIndex::NextOf(const Bucket& bucket) {
  return static_cast<uint32_t>(bucket.words[0].load(std::memory_order_acquire));
}

inline size_t HashIndex::BucketOf(uint64_t hash, uint64_t shape) {
  return engine::BucketOf(hash >> kShardBits, shape >> 32, BucketsOf(shape));
}

inline HashIndex::Bucket* HashIndex::Next(const Bucket& bucket) const {
  const uint32_t next = NextOf(bucket);
  return next == 0 ? nullptr : &overflow_[next - 1];
}

inline bool HashIndex::IsOf(Entry* entry, uint32_t space_id, std::string_view key) {
  // The lines of a short value come together with that of the header, not after it.
  __builtin_prefetch(reinterpret_cast<const char*>(entry) + 64);
  __builtin_prefetch(reinterpret_cast<const char*>(entry) + 128);
  return SameBytes(entry->key(), key) && entry->space_id() == space_id;
}

inline Entry* HashIndex::Find(uint32_t space_id, uint64_t hash, std::string_view key) const {
  // Acquire: the bucket was there before the shape that tells of it.
  const uint64_t shape = shape_.load(std::memory_order_acquire);
  const Bucket& bucket = buckets_[BucketOf(hash, shape)];
  // Nearly all that are found are in their own bucket, and the first with the fingerprint.
  if (const unsigned slots = Match(bucket, FingerprintOf(hash)); slots != 0) [[likely]] {
    const auto slot = static_cast<size_t>(std::countr_zero(slots));
    Entry* const entry = EntryAt(bucket.blocks[slot].load(std::memory_order_acquire));
    if (IsOf(entry, space_id, key)) [[likely]]
      return entry;
  }
  return FindAnywhere(space_id, hash, key);
}

inline void HashIndex::Prefetch(uint64_t hash) const {
  __builtin_prefetch(&buckets_[BucketOf(hash)]);
}

inline void HashIndex::PrefetchEntry(uint64_t hash) const {
  const Bucket& bucket = buckets_[BucketOf(hash)];
  const unsigned slots = Match(bucket, FingerprintOf(hash));
  if (slots == 0) return;
  const auto slot = static_cast<size_t>(std::countr_zero(slots));
  const char* const entry =
      reinterpret_cast<const char*>(EntryAt(bucket.blocks[slot].load(std::memory_order_relaxed)));
  __builtin_prefetch(entry);
  __builtin_prefetch(entry + 64);
  __builtin_prefetch(entry + 128);
}

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_HASH_INDEX_H_
