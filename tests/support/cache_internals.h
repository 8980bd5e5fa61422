// What tests may see of a cache that programs may not.
#ifndef TRIVET_TESTS_SUPPORT_CACHE_INTERNALS_H_
#define TRIVET_TESTS_SUPPORT_CACHE_INTERNALS_H_

#include <cstddef>

#include "trivet/cache.h"

namespace trivet::testing {

// Walks index, policy, timing wheel, tag groups and counters of every shard, and aborts if they
// disagree. O(entries). Not while other threads write: a shard is over its budget for a moment
// inside an insert, never between two.
void CheckInvariants(Cache& cache);

// Bytes of blocks and buckets, which do not come from the heap; of the pages that the blocks lie
// in.
size_t MappedBytes(Cache& cache);
size_t PageBytes(Cache& cache);

// Moves every entry that may be moved, as maintenance moves those in slabs that are hardly used.
void MoveEntries(Cache& cache);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_CACHE_INTERNALS_H_
