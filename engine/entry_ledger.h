// Who still holds an entry, and what the entries cost that only handles hold.
#ifndef TRIVET_ENGINE_ENTRY_LEDGER_H_
#define TRIVET_ENGINE_ENTRY_LEDGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/entry.h"
#include "trivet/value.h"

namespace trivet::engine {

// Every linked entry has one reference of its shard and one for each Value on it. An entry that
// leaves its shard is *retired*: its bytes are counted here until it is freed, which is when its
// grace period is over, where the Reclaimer drops the shard's reference, and the last Value has let
// go. New references are made from the shard's reference, by who holds the shard's lock or reads in
// the sense of the Reclaimer, or by copying a Value.
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

  static bool IsPinned(const Entry* entry) {
    return entry->references_.load(std::memory_order_acquire) > 1;
  }

  // Counts an entry that leaves its shard. REQUIRES: the shard's lock, or the only reference.
  void Retire(Entry* entry);

  // Drops one reference; the last one frees the block.
  void Release(Entry* entry);

  Arena& arena() { return arena_; }

  // What left the shards and is not freed: what waits for its grace period, and what is pinned.
  size_t retired_bytes() const { return retired_bytes_.load(std::memory_order_relaxed); }
  size_t waiting_bytes() const { return waiting_bytes_.load(std::memory_order_relaxed); }
  size_t pinned_bytes() const {
    const size_t waiting = waiting_bytes();
    const size_t retired = retired_bytes();
    return retired > waiting ? retired - waiting : 0;
  }

  // Of the retired, so many wait for their grace period; and no longer.
  void AddWaiting(size_t bytes) { waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void RemoveWaiting(size_t bytes) { waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  size_t retired_entries() const { return retired_entries_.load(std::memory_order_acquire); }

 private:
  friend class trivet::Value;
  static void AddReference(Entry* entry) {
    // Relaxed: the caller's own reference keeps the entry alive, nothing is published by this.
    entry->references_.fetch_add(1, std::memory_order_relaxed);
  }

  Arena& arena_;
  std::atomic<size_t> retired_bytes_{0};
  std::atomic<size_t> waiting_bytes_{0};
  std::atomic<size_t> retired_entries_{0};
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ENTRY_LEDGER_H_
