// The protocol between processes, as docs/protocol.md tells it, under random schedules: it keeps
// what it promises, and every rule of it is there for a reason that a schedule can show.
//
// `./dev sim` and `./dev mutants` run more of the same.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/sim/model_runs.h"
#include "tests/sim/model_world.h"
#include "tests/support/random_test.h"

namespace trivet::sim {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

TEST(ProtocolModel, TheFullProtocolKeepsItsPromises) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::cout << SeedTrace(seed) << std::endl;
  const Runs runs = RunMany(Rules(), seed, ScaledCount(100'000));
  EXPECT_EQ(runs.violated, 0U) << Summary(runs);
  std::cout << Summary(runs) << std::endl;
}

// A protocol that keeps nothing would be as safe.
TEST(ProtocolModel, TheFullProtocolIsOfUse) {
  const Runs runs = RunMany(Rules(), 1, 2'000);
  EXPECT_GT(runs.tally.faults, runs.schedules);
  EXPECT_GT(runs.tally.memory_hits, runs.schedules / 4);
  EXPECT_GT(runs.tally.redis_hits, runs.schedules / 2);
  EXPECT_GT(runs.tally.joins, runs.schedules / 2);
  EXPECT_GT(runs.tally.fills, runs.schedules / 2);
  EXPECT_GT(runs.tally.sets_kept, runs.schedules / 8);
}

TEST(ProtocolModel, EveryForgottenRuleShowsWhenItsCardSays) {
  for (const RuleCard& card : RuleCards()) {
    if (card.schedules > ScaledCount(100'000))
      continue;  // instrumented builds have no time for the rare ones
    const Kill kill = RunMutant(card, card.first, card.schedules);
    EXPECT_TRUE(kill.expected()) << Line(kill);
    std::cout << Line(kill) << std::endl;
  }
}

TEST(ProtocolModel, CardsAreInTheOrderOfTheRules) {
  for (size_t i = 0; i < RuleCards().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(RuleCards()[i].rule), i) << RuleCards()[i].name;
  }
}

TEST(ProtocolModel, AScheduleFollowsFromItsSeed) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    World first(DrawSettings(seed, Rules()), seed);
    World second(DrawSettings(seed, Rules()), seed);
    first.Run();
    second.Run();
    EXPECT_EQ(first.now(), second.now());
    EXPECT_EQ(first.tally().fills, second.tally().fills);
    EXPECT_EQ(first.tally().faults, second.tally().faults);
  }
}

}  // namespace
}  // namespace trivet::sim
