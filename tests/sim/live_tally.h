// What simulated schedules did.
#ifndef TRIVET_TESTS_SIM_LIVE_TALLY_H_
#define TRIVET_TESTS_SIM_LIVE_TALLY_H_

#include <cstdint>
#include <string>

namespace trivet::sim {

// What a run did, and what it found.
struct LiveTally {
  uint64_t schedules = 0;
  uint64_t turns = 0;
  uint64_t reads = 0;
  uint64_t memory_hits = 0;
  uint64_t shared_hits = 0;
  uint64_t changes = 0;
  uint64_t faults = 0;
  // Violations.
  uint64_t read_your_writes = 0;
  uint64_t bound = 0;
  uint64_t backwards = 0;   // of one process alone: older than what was read before
  uint64_t diverged = 0;    // when all is quiet, a cache shows what is over
  uint64_t not_served = 0;  // when all is quiet, what was just loaded is not in memory
  uint64_t stuck = 0;
  uint64_t violations() const {
    return read_your_writes + bound + backwards + diverged + not_served + stuck;
  }
  LiveTally& operator+=(const LiveTally& other);
};
std::string Summary(const LiveTally& tally);

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_LIVE_TALLY_H_
