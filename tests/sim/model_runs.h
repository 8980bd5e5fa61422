// Many schedules, and what they showed.
#ifndef TRIVET_TESTS_SIM_MODEL_RUNS_H_
#define TRIVET_TESTS_SIM_MODEL_RUNS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/sim/model_checker.h"
#include "tests/sim/model_rules.h"
#include "tests/sim/model_world.h"

namespace trivet::sim {

struct Runs {
  uint64_t schedules = 0;
  uint64_t violated = 0;        // schedules in which a promise was broken
  uint64_t first_violated = 0;  // seed of the first of them
  std::array<uint64_t, kViolationCount> violations = {};
  Tally tally;
};

enum class Stop : uint8_t { kNever, kAtFirstViolation };

// The schedules with the seeds first, first + 1...
Runs RunMany(const Rules& rules, uint64_t first, uint64_t seeds, Stop stop = Stop::kNever);
std::string Summary(const Runs& runs);

// A rule forgotten, and what that led to.
struct Kill {
  const RuleCard* card = nullptr;
  Runs runs;
  bool caught() const { return runs.violated > 0; }
  bool expected() const { return caught() == (card->fate == Fate::kCaught); }
};
struct Kills {
  uint64_t mutants = 0;
  uint64_t caught = 0;
  uint64_t unexpected = 0;  // not the fate that the card tells
  uint64_t schedules = 0;
  Tally tally;
};
Kill RunMutant(const RuleCard& card, uint64_t first, uint64_t seeds);
Kills RunMutants(uint64_t first, uint64_t seeds, const std::function<void(const Kill&)>& each);
std::string Line(const Kill& kill);
std::string Summary(const Kills& kills);

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_RUNS_H_
