#include "tests/sim/model_runs.h"

#include <cinttypes>
#include <cstdio>

namespace trivet::sim {

namespace {

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char buffer[512];
  std::snprintf(buffer, sizeof(buffer), format, arguments...);
  return buffer;
}

std::string Named(const std::array<uint64_t, kViolationCount>& violations) {
  std::string names;
  for (size_t i = 0; i < kViolationCount; ++i) {
    if (violations[i] == 0) continue;
    names += Format("%s%s %" PRIu64, names.empty() ? "" : ", ", NameOf(static_cast<Violation>(i)),
                    violations[i]);
  }
  return names;
}

}  // namespace

Runs RunMany(const Rules& rules, uint64_t first, uint64_t seeds, Stop stop) {
  Runs runs;
  for (uint64_t seed = first; seed - first < seeds; ++seed) {
    World world(DrawSettings(seed, rules), seed);
    world.Run();
    ++runs.schedules;
    runs.tally += world.tally();
    if (world.checker().ok()) continue;
    for (size_t i = 0; i < kViolationCount; ++i) runs.violations[i] += world.checker().counts()[i];
    if (runs.violated++ == 0) runs.first_violated = seed;
    if (stop == Stop::kAtFirstViolation) break;
  }
  return runs;
}

std::string Summary(const Runs& runs) {
  const Tally& tally = runs.tally;
  std::string text = Format(
      "reads %" PRIu64 ": from memory %" PRIu64 ", from Redis %" PRIu64 ", joined %" PRIu64
      "; fills %" PRIu64 ", sets kept in Redis %" PRIu64 "\n",
      tally.reads, tally.memory_hits, tally.redis_hits, tally.joins, tally.fills, tally.sets_kept);
  if (runs.violated > 0) {
    text += Format("violated in %" PRIu64 " schedules, first with seed %" PRIu64 ": ",
                   runs.violated, runs.first_violated) +
            Named(runs.violations) + "\n";
  }
  uint64_t violations = 0;
  for (const uint64_t count : runs.violations) violations += count;
  return text + Format("sim: %" PRIu64 " schedules, %" PRIu64 " operations, %" PRIu64
                       " faults, %" PRIu64 " violations",
                       runs.schedules, tally.operations, tally.faults, violations);
}

Kill RunMutant(const RuleCard& card, uint64_t first, uint64_t seeds) {
  const Rules rules = Rules().Without(card.rule);
  return {.card = &card, .runs = RunMany(rules, first, seeds, Stop::kAtFirstViolation)};
}

Kills RunMutants(uint64_t first, uint64_t seeds, const std::function<void(const Kill&)>& each) {
  Kills kills;
  for (const RuleCard& card : RuleCards()) {
    const Kill kill = RunMutant(card, first, seeds);
    ++kills.mutants;
    kills.caught += kill.caught() ? 1 : 0;
    kills.unexpected += kill.expected() ? 0 : 1;
    kills.schedules += kill.runs.schedules;
    kills.tally += kill.runs.tally;
    each(kill);
  }
  return kills;
}

std::string Line(const Kill& kill) {
  return Format("%-36s %s %8" PRIu64 "  ", kill.card->name,
                kill.caught() ? "caught after  " : "survived      ", kill.runs.schedules) +
         (kill.caught() ? Named(kill.runs.violations) : std::string(kill.card->note)) +
         (kill.expected() ? "" : "  UNEXPECTED");
}

std::string Summary(const Kills& kills) {
  return Format("mutants: %" PRIu64 " of %" PRIu64 " caught in %" PRIu64 " schedules, %" PRIu64
                " operations, %" PRIu64 " faults; %" PRIu64 " against expectation",
                kills.caught, kills.mutants, kills.schedules, kills.tally.operations,
                kills.tally.faults, kills.unexpected);
}

}  // namespace trivet::sim
