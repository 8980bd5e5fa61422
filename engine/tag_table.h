// The tags of one namespace, by name, and when each was invalidated.
#ifndef TRIVET_ENGINE_TAG_TABLE_H_
#define TRIVET_ENGINE_TAG_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "engine/mutex.h"
#include "engine/strings.h"

namespace trivet::engine {

// A moment of the invalidations of a namespace: the number of them so far.
using TagTime = uint64_t;

// One tag that somebody holds: a tag group of a shard, or a write or load about to finish.
class TagRecord {
 public:
  explicit TagRecord(std::string_view name, TagTime invalidated_at)
      : name_(name), invalidated_at_(invalidated_at) {}

  const std::string& name() const { return name_; }

  // True if the tag was invalidated after `birth`. Exact for one who holds the lock of a shard that
  // the invalidation has not visited yet, or has: see TagTable::Invalidate.
  bool InvalidatedSince(TagTime birth) const {
    return invalidated_at_.load(std::memory_order_acquire) > birth;
  }

 private:
  friend class TagTable;
  const std::string name_;
  std::atomic<TagTime> invalidated_at_;
  size_t holders_ = 0;  // guarded by TagTable::mu_
};

// The records a caller holds, each once.
using TagRecords = absl::InlinedVector<TagRecord*, 4>;

// Invalidation in two steps. Invalidate() raises the time of the tag; then the caller visits every
// shard, under its lock, and dooms the group of the tag there. Whoever wants to keep a value that
// was read at time `birth` looks at InvalidatedSince(birth) under the lock of the shard it links
// the entry into: either it sees the new time and refuses, or it is ahead of the visit, and the
// visit dooms the entry.
//
// A tag that nobody holds has no record. So that its invalidations are not forgotten while a load
// that may declare it is running, dropping a record, and invalidating a tag without one, raise
// `forgotten_`: the earliest time that an unknown tag may be taken to be good from.
//
// Thread-safety: all methods, on any thread. One short lock, taken under a shard's lock by nobody.
class TagTable {
 public:
  TagTable() = default;
  TagTable(const TagTable&) = delete;
  TagTable& operator=(const TagTable&) = delete;

  // The time now. A load or write reads it before it reads the truth: its birth.
  TagTime now() const { return clock_.load(std::memory_order_acquire); }

  // The records of `names`, duplicates once, each with a hold that the caller must Release.
  TagRecords Acquire(std::span<const std::string> names) {
    return names.empty() ? TagRecords() : AcquireSome(names);
  }
  void Release(std::span<TagRecord* const> records) {
    if (!records.empty()) ReleaseSome(records);
  }

  // The first step. Returns the record with a hold, or null if nobody holds the tag: then no entry
  // carries it, and there is nothing to visit.
  TagRecord* Invalidate(std::string_view name);

  // How many tags are held, and the memory of their records. For figures and tests.
  size_t size() const;

 private:
  TagRecords AcquireSome(std::span<const std::string> names);
  void ReleaseSome(std::span<TagRecord* const> records);
  void DropIfUnused(TagRecord* record) TRIVET_REQUIRES(mu_);

  // By the hash of the name. A tree: it grows in small steps.
  using Records = absl::btree_multimap<size_t, std::unique_ptr<TagRecord>>;
  Records::iterator Find(std::string_view name) TRIVET_REQUIRES(mu_);

  mutable Mutex mu_;
  Records records_ TRIVET_GUARDED_BY(mu_);
  TagTime forgotten_ TRIVET_GUARDED_BY(mu_) = 0;
  std::atomic<TagTime> clock_{0};  // raised under mu_
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TAG_TABLE_H_
