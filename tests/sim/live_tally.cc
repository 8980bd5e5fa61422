#include "tests/sim/live_tally.h"

#include "absl/strings/str_cat.h"

namespace trivet::sim {

LiveTally& LiveTally::operator+=(const LiveTally& other) {
  schedules += other.schedules;
  turns += other.turns;
  reads += other.reads;
  memory_hits += other.memory_hits;
  shared_hits += other.shared_hits;
  changes += other.changes;
  faults += other.faults;
  read_your_writes += other.read_your_writes;
  bound += other.bound;
  backwards += other.backwards;
  diverged += other.diverged;
  not_served += other.not_served;
  stuck += other.stuck;
  return *this;
}

std::string Summary(const LiveTally& tally) {
  return absl::StrCat(
      tally.schedules, " schedules, ", tally.turns, " turns, ", tally.reads, " reads (",
      tally.memory_hits, " from memory, ", tally.shared_hits, " from the shared tier), ",
      tally.changes, " changes, ", tally.faults, " faults, ", tally.violations(), " violations",
      tally.violations() == 0
          ? ""
          : absl::StrCat(" (read-your-writes ", tally.read_your_writes, ", bound ", tally.bound,
                         ", backwards ", tally.backwards, ", diverged ", tally.diverged,
                         ", not served ", tally.not_served, ", stuck ", tally.stuck, ")"));
}

}  // namespace trivet::sim
