// Several real caches over one server and one store, in one thread, with everything going wrong
// that may: nobody reads what they must not.
//
// `./dev sim` runs more of the same, `./dev mutants` shows what it would notice.
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "tests/sim/live_world.h"
#include "tests/support/random_test.h"

namespace trivet::sim {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

class LiveWorldTest : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "one thread: nothing for ThreadSanitizer, which does not follow fibers";
#endif
  }
};

#ifdef __SANITIZE_ADDRESS__
constexpr size_t kSchedules = 4'000;  // a switch between stacks costs it ten times as much
#else
constexpr size_t kSchedules = 20'000;
#endif

TEST_F(LiveWorldTest, TheRealCodeKeepsItsPromises) {
  const uint64_t first = RandomTestSeed();
  std::cout << SeedTrace(first) << std::endl;
  LiveTally all;
  for (uint64_t seed = first; seed < first + ScaledCount(kSchedules); ++seed) {
    const LiveTally tally = LiveWorld(seed).Run();
    all += tally;
    ASSERT_EQ(tally.violations(), 0U)
        << SeedTrace(seed) << ", live_main trace --first " << seed << ": " << Summary(tally);
  }
  std::cout << Summary(all) << std::endl;
}

// Caches that keep nothing would be as safe.
TEST_F(LiveWorldTest, TheSimulationIsOfUse) {
  LiveTally all;
  for (uint64_t seed = 1; seed <= ScaledCount(500); ++seed) all += LiveWorld(seed).Run();
  EXPECT_GT(all.memory_hits, all.reads / 20) << Summary(all);
  EXPECT_GT(all.shared_hits, all.reads / 50) << Summary(all);
  EXPECT_GT(all.changes, all.reads / 10) << Summary(all);
  EXPECT_GT(all.faults, all.schedules) << Summary(all);
}

TEST_F(LiveWorldTest, AScheduleFollowsFromItsSeed) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const std::string first = Summary(LiveWorld(seed).Run());
    EXPECT_EQ(Summary(LiveWorld(seed).Run()), first) << seed;
  }
}

}  // namespace
}  // namespace trivet::sim
