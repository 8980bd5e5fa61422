// What the cache counted.
#ifndef TRIVET_STATS_H_
#define TRIVET_STATS_H_

#include <cstdint>

namespace trivet {

// Counters since the cache was opened, and gauges as of now, of one namespace or of all. Counters
// are exact: every operation that has returned is in them once.
struct Stats {
  // Look-ups in memory, by any operation that reads a value.
  uint64_t hits = 0;
  uint64_t misses = 0;

  // Entries put into memory by Set and its relatives, and by loads.
  uint64_t sets = 0;

  // Entries that left memory, by cause (RemovalCause).
  uint64_t removed_explicit = 0;
  uint64_t replaced = 0;
  uint64_t expired = 0;
  uint64_t evicted = 0;
  uint64_t invalidated = 0;
  uint64_t oversize = 0;  // entries dropped, and values refused, because they were too large

  // Loaders.
  uint64_t loads = 0;          // loaders run
  uint64_t load_failures = 0;  // of these: errors
  uint64_t load_joins = 0;     // calls that waited for a load of somebody else
  uint64_t loads_fenced = 0;   // loads whose result an invalidation forbade to keep

  // The store behind the Backing seam.
  uint64_t store_reads = 0;   // keys asked for
  uint64_t store_hits = 0;    // of these: found
  uint64_t store_writes = 0;  // keys that it was to write or delete, also where it failed
  uint64_t store_errors = 0;  // calls that failed

  // The tier that processes share.
  uint64_t shared_reads = 0;     // keys asked for there
  uint64_t shared_hits = 0;      // of these: values found
  uint64_t shared_stores = 0;    // values left there, by loads and by Set
  uint64_t shared_errors = 0;    // commands that failed
  uint64_t shared_messages = 0;  // changes that it told, this cache's own included
  uint64_t shared_resyncs = 0;   // times that all memory was over, after messages were missed or a
                                 // Clear of anybody
  // Gauges.
  uint64_t untold_changes = 0;  // that it could not be told yet, up to 4096 of each part
  uint64_t unproven = 0;        // 1: memory is not served now, for want of a proof; of the cache:
                                // in so many namespaces

  // Gauges. Bytes count everything: entry, index share, tags, and what the allocator adds.
  uint64_t entries = 0;  // held in memory, dead ones that are not yet freed included
  uint64_t bytes = 0;    // held by these entries
  // The budget, 0 where only entries are limited; of a namespace its quota, 0 if it has none.
  uint64_t memory_limit = 0;
  // Of the whole cache; 0 in the figures of a namespace.
  uint64_t index_bytes = 0;   // tables that do not belong to one entry
  uint64_t pinned_bytes = 0;  // entries that left the cache while a Value still holds them
  uint64_t memory_bytes = 0;  // bytes + index_bytes + pinned_bytes

  double hit_ratio() const {
    const uint64_t asked = hits + misses;
    return asked == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(asked);
  }

  Stats& operator+=(const Stats& other);
};

}  // namespace trivet

#endif  // TRIVET_STATS_H_
