// Who still holds an entry, and what the entries cost that only handles hold.
#ifndef TRIVET_ENGINE_ENTRY_LEDGER_H_
#define TRIVET_ENGINE_ENTRY_LEDGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/entry.h"
#include "trivet/value.h"

namespace trivet::engine {

// Every linked entry has one reference of its shard and one for each Value on it. When the entry
// has left its shard and its grace period is over, the Reclaimer drops the shard's reference. From
// then on it is *pinned*, if there are Values on it: it is counted here until the last one lets go,
// and is freed. Nothing is counted for entries that nobody pins. New references are made from the
// shard's reference, by who holds the shard's lock or reads in the sense of the Reclaimer, or by
// copying a Value.
//
// Thread-safety: all methods, on any thread. No lock.
class EntryLedger {
 public:
  explicit EntryLedger(Arena& arena) : arena_(arena) {}
  EntryLedger(const EntryLedger&) = delete;
  EntryLedger& operator=(const EntryLedger&) = delete;

  // A handle with a reference of its own. REQUIRES: the caller holds a reference, or the lock of
  // the shard that links the entry, or reads (see Reclaimer).
  Value Pin(Entry* entry);

  // A handle that takes over the caller's only reference on an entry that no shard links.
  Value Adopt(Entry* entry);

  // What the handle pins; null if it is empty.
  static const Entry* EntryOf(const Value& value) { return value.entry_; }

  static bool IsPinned(const Entry* entry) {
    return (entry->references_.load(std::memory_order_acquire) & ~kCounted) > 1;
  }

  // Drops the shard's reference on an entry that readers cannot find any more: frees it, or counts
  // it as pinned.
  void Drop(Entry* entry);

  // Drops one reference; the last one frees the block.
  void Release(Entry* entry);

  Arena& arena() { return arena_; }

  // Counts what a listener is being told of as pinned, for as long as that lasts.
  void AddPinned(size_t entries, size_t bytes) {
    pinned_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    pinned_entries_.fetch_add(entries, std::memory_order_relaxed);
  }
  void RemovePinned(size_t entries, size_t bytes) {
    pinned_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    // Release: pairs with pinned_entries(), so that Close sees a count of zero only when the last
    // holder is done with the cache.
    pinned_entries_.fetch_sub(entries, std::memory_order_release);
  }

  // What only Values hold.
  size_t pinned_bytes() const { return pinned_bytes_.load(std::memory_order_relaxed); }
  // Acquire: who sees that the last one has gone sees it freed.
  size_t pinned_entries() const { return pinned_entries_.load(std::memory_order_acquire); }

 private:
  friend class trivet::Value;
  // Entry::references_:  counted as pinned (1 bit) | references (31)
  static constexpr uint32_t kCounted = uint32_t{1} << 31;

  static void AddReference(Entry* entry) {
    // Relaxed: the caller's own reference keeps the entry alive, nothing is published by this.
    entry->references_.fetch_add(1, std::memory_order_relaxed);
  }

  // Until it is freed. REQUIRES: the caller holds a reference.
  void CountPinned(Entry* entry);

  Arena& arena_;
  std::atomic<size_t> pinned_bytes_{0};
  std::atomic<size_t> pinned_entries_{0};
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ENTRY_LEDGER_H_
