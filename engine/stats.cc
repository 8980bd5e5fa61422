#include "trivet/stats.h"

#include <cstdint>

namespace trivet {

Stats& Stats::operator+=(const Stats& other) {
  static_assert(sizeof(Stats) == 31 * sizeof(uint64_t), "a field is missing here, or is new");
  hits += other.hits;
  misses += other.misses;
  sets += other.sets;
  removed_explicit += other.removed_explicit;
  replaced += other.replaced;
  expired += other.expired;
  evicted += other.evicted;
  invalidated += other.invalidated;
  oversize += other.oversize;
  loads += other.loads;
  load_failures += other.load_failures;
  load_joins += other.load_joins;
  loads_fenced += other.loads_fenced;
  store_reads += other.store_reads;
  store_hits += other.store_hits;
  store_writes += other.store_writes;
  store_errors += other.store_errors;
  shared_reads += other.shared_reads;
  shared_hits += other.shared_hits;
  shared_stores += other.shared_stores;
  shared_errors += other.shared_errors;
  shared_messages += other.shared_messages;
  shared_resyncs += other.shared_resyncs;
  untold_changes += other.untold_changes;
  unproven += other.unproven;
  entries += other.entries;
  bytes += other.bytes;
  index_bytes += other.index_bytes;
  pinned_bytes += other.pinned_bytes;
  memory_bytes += other.memory_bytes;
  memory_limit += other.memory_limit;
  return *this;
}

}  // namespace trivet
