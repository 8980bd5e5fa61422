// One process of a chaos run.
#ifndef TRIVET_TESTS_LIVE_CHAOS_WORKER_H_
#define TRIVET_TESTS_LIVE_CHAOS_WORKER_H_

#include <cstddef>
#include <cstdint>

#include "tests/live/chaos_board.h"
#include "tests/live/chaos_client.h"

namespace trivet::testing {

struct ChaosWork {
  ChaosPlace place = {};
  size_t slot = 0;  // on the board
  size_t threads = 4;
  // Reads per second of this process; its threads rest in between.
  double rate = 10'000;
  bool naive = false;
  uint64_t seed = 0;
};

// Reads and writes until the board says that it is over, and counts there what it sees.
void DoChaosWork(const ChaosWork& work, ChaosBoard& board);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_CHAOS_WORKER_H_
