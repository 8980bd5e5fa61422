// Work under locks, in a chaos run: a ledger that only the holder of its lock may write.
#ifndef TRIVET_TESTS_LIVE_CHAOS_LOCKS_H_
#define TRIVET_TESTS_LIVE_CHAOS_LOCKS_H_

#include <cstddef>

#include "tests/live/chaos_board.h"
#include "trivet/cache.h"

namespace trivet::testing {

// Acquires the locks of the ledgers and writes under them, each write with its fence, until the run
// is over; on the calling thread, as the process in that place. A write that is taken although a
// later holder's was taken before it began is a violation.
void WorkUnderLocks(Cache& cache, size_t slot, ChaosBoard& board);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_CHAOS_LOCKS_H_
