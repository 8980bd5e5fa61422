// Finds the entries of one shard by key.
#ifndef TRIVET_ENGINE_HASH_INDEX_H_
#define TRIVET_ENGINE_HASH_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "engine/entry.h"

namespace trivet::engine {

// A chained hash table whose bucket number is the topmost bits of the hash (shards are chosen by
// the lowest bits: the two never share one). So a bucket is a range of hashes, a table of twice the
// size cuts each range in two, and a position in the table can be named by a hash, whatever the
// size.
//
// Growing and shrinking move a few buckets with each change of the table: no operation moves more
// than kBucketsPerStep. Meanwhile the hashes below `moved_below_` live in the new table and the
// others in the old one; the boundary is where a bucket of the smaller table begins.
//
// Entries are chained through Entry::chain and not owned. Not thread-safe: guarded by the shard.
class HashIndex {
 public:
  HashIndex();
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  Entry* Find(const NamespaceState* space, uint64_t hash, std::string_view key) const;

  // REQUIRES: the key is not in the table.
  void Insert(Entry* entry);

  // `fresh` takes the place of `old`. REQUIRES: they have the same key.
  void Replace(Entry* old, Entry* fresh);

  // REQUIRES: the entry is in the table.
  void Remove(Entry* entry);

  size_t size() const { return size_; }

  // The memory of the bucket arrays.
  size_t bytes() const;

  // Calls `visit` for every entry of the bucket that `*position` lies in whose hash is not below
  // it, and moves the position to the next bucket. False when that was the last bucket. `visit` may
  // remove the entry it is called with, and no other.
  //
  // Starting from 0, an entry that stays in the table all the time is visited exactly once,
  // whatever else comes and goes between the calls.
  bool VisitBucket(uint64_t* position, absl::FunctionRef<void(Entry*)> visit);

  // Aborts if the structure is broken. For tests; O(size).
  void CheckInvariants() const;

 private:
  // 2^bits buckets, each the head of a chain.
  struct Table {
    explicit Table(int bits);
    size_t size() const { return size_t{1} << bits; }
    size_t BucketOf(uint64_t hash) const { return hash >> (64 - bits); }

    int bits;
    std::unique_ptr<Entry*[]> heads;
  };

  static constexpr int kBitsMin = 4;
  static constexpr int kBitsMax = 40;
  static constexpr size_t kBucketsPerStep = 4;

  bool IsMoving() const { return old_ != nullptr; }
  const Table& TableOf(uint64_t hash) const {
    return IsMoving() && hash >= moved_below_ ? *old_ : *table_;
  }
  Entry** SlotOf(const Entry* entry);
  void StartMoving(int bits);
  void MoveSome();
  void MaybeResize();

  std::unique_ptr<Table> table_;  // while moving: the new one
  std::unique_ptr<Table> old_;    // null unless moving
  uint64_t moved_below_ = 0;
  size_t size_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_HASH_INDEX_H_
