// Finds ghosts by fingerprint.
#ifndef TRIVET_ENGINE_GHOST_TABLE_H_
#define TRIVET_ENGINE_GHOST_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/ghost_ring.h"
#include "engine/table_deque.h"

namespace trivet::engine {

// A hash table of the numbers of some ghosts of a ring, with one for a fingerprint at most, that
// adds their weights up. It grows and shrinks by linear hashing (see linear_hashing.h), a bucket at
// a time, so that no operation takes longer because there are many ghosts. Where a bucket is full
// its oldest ghost goes, one in fifty or so, and no chain of buckets is needed. A ghost takes some
// 13 bytes.
//
// Not thread-safe: guarded by the shard.
class GhostTable {
 public:
  // `ring` outlives the table, and keeps each ghost until it has gone from here; what goes is
  // marked there as taken.
  GhostTable(Arena& arena, GhostRing& ring) : ring_(ring), buckets_(arena) {}
  GhostTable(const GhostTable&) = delete;
  GhostTable& operator=(const GhostTable&) = delete;

  // Brings into the cache what the next call for this fingerprint will look at.
  void Prefetch(uint32_t fingerprint) const {
    if (!buckets_.empty()) __builtin_prefetch(&buckets_[BucketOf(fingerprint)]);
  }

  // The number of the ghost with this fingerprint.
  std::optional<uint32_t> Find(uint32_t fingerprint) const;

  // REQUIRES: none with its fingerprint is in the table.
  void Insert(uint32_t number);

  // REQUIRES: it is in the table.
  void Erase(uint32_t number);

  size_t size() const { return size_; }
  size_t weight() const { return weight_; }
  size_t bytes() const { return buckets_.bytes(); }
  void MoveTables(TableMover* mover) { buckets_.MoveTables(mover); }

  void Clear();

  // Aborts if the structure is broken. For tests; O(size).
  void CheckInvariants() const;

 private:
  static constexpr size_t kSlots = 12;

  struct alignas(kGranuleBytes) Bucket {
    std::array<uint8_t, kSlots> tags = {};  // eight bits of the fingerprint; 0: an empty slot
    std::array<uint32_t, kSlots> numbers = {};
  };

  static uint8_t TagOf(uint32_t fingerprint);
  size_t BucketOf(uint32_t fingerprint) const;
  // The slots with that tag, a bit for each.
  static unsigned Match(const Bucket& bucket, uint8_t tag);
  // The slot of the first with the fingerprint's tag for which `matches(number)`; kSlots if there
  // is none.
  template <typename Matches>
  static size_t Search(const Bucket& bucket, uint32_t fingerprint, const Matches& matches);
  // Into its bucket, in place of the oldest where that is full.
  void Put(uint32_t number);
  void Drop(Bucket& bucket, size_t slot);
  // Puts what is in the bucket where it belongs.
  void PutAgain(const Bucket& bucket);

  GhostRing& ring_;
  TableDeque<Bucket> buckets_;
  size_t size_ = 0;
  size_t weight_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GHOST_TABLE_H_
