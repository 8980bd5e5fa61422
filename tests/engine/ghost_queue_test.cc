#include "engine/ghost_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <utility>

#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

// A hash with the given fingerprint.
uint64_t Hash(uint32_t fingerprint) { return uint64_t{fingerprint} << 16; }

TEST(GhostQueue, RemembersUntilTakenOnce) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(10);
  ghosts.Add(Hash(1), 1);
  EXPECT_TRUE(ghosts.Take(Hash(1)));
  EXPECT_FALSE(ghosts.Take(Hash(1)));
  EXPECT_EQ(ghosts.weight(), 0u);
}

TEST(GhostQueue, TheOldestGoFirstWhenTheWeightIsTooMuch) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(10);
  ghosts.Add(Hash(1), 4);
  ghosts.Add(Hash(2), 4);
  ghosts.Add(Hash(3), 4);
  EXPECT_FALSE(ghosts.Take(Hash(1)));
  EXPECT_TRUE(ghosts.Take(Hash(2)));
  EXPECT_TRUE(ghosts.Take(Hash(3)));
}

TEST(GhostQueue, OneThatIsAddedAgainIsYoungAgain) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(2);
  ghosts.Add(Hash(1), 1);
  ghosts.Add(Hash(2), 1);
  ghosts.Add(Hash(1), 1);
  ghosts.Add(Hash(3), 1);
  EXPECT_TRUE(ghosts.Take(Hash(1)));
  EXPECT_FALSE(ghosts.Take(Hash(2)));
}

TEST(GhostQueue, ASmallerCapacityForgetsWhatIsOver) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(3);
  for (uint32_t i = 0; i < 3; ++i) ghosts.Add(Hash(i), 1);
  ghosts.SetCapacity(1);
  EXPECT_EQ(ghosts.weight(), 1u);
  EXPECT_TRUE(ghosts.Take(Hash(2)));
}

TEST(GhostQueue, NoCallForgetsTooMany) {
  constexpr size_t kGhosts = 100'000;
  constexpr size_t kTrimmedMost = 128;
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(kGhosts);
  for (uint32_t i = 0; i < kGhosts; ++i) ghosts.Add(Hash(i), 1);
  size_t before = ghosts.size();
  ghosts.SetCapacity(1);
  EXPECT_GE(ghosts.size() + kTrimmedMost, before);
  for (uint32_t i = 0; ghosts.weight() > 1; ++i) {
    before = ghosts.size();
    ghosts.Add(Hash(i), 1);
    ASSERT_GE(ghosts.size() + kTrimmedMost, before);
    ASSERT_LE(i, kGhosts / kTrimmedMost * 2) << "it goes on";
  }
}

TEST(GhostQueue, AgreesWithASimpleList) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  GhostQueue ghosts(testing::TestArena());
  size_t capacity = 20;
  ghosts.SetCapacity(capacity);
  std::deque<std::pair<uint32_t, size_t>> model;  // oldest first
  const auto weight = [&model] {
    size_t sum = 0;
    for (const auto& ghost : model) sum += ghost.second;
    return sum;
  };
  for (size_t i = 0; i < ScaledCount(300'000); ++i) {
    const auto key = static_cast<uint32_t>(random() % 16);
    const auto found = std::find_if(model.begin(), model.end(),
                                    [key](const auto& ghost) { return ghost.first == key; });
    switch (random() % 8) {
      case 0:
        capacity = random() % 40;
        ghosts.SetCapacity(capacity);
        break;
      case 1:
      case 2:
      case 3:
        ASSERT_EQ(ghosts.Take(Hash(key)), found != model.end());
        if (found != model.end()) model.erase(found);
        break;
      default: {
        const size_t ghost_weight = 1 + random() % 5;
        ghosts.Add(Hash(key), ghost_weight);
        if (found != model.end()) model.erase(found);
        model.emplace_back(key, ghost_weight);
      }
    }
    while (weight() > capacity) model.pop_front();
    ASSERT_EQ(ghosts.weight(), weight());
  }
  ghosts.CheckInvariants();
}

TEST(GhostQueue, ManySmallOnesMakeRoomForALargeOneByAndBy) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(1000);
  for (uint32_t i = 0; i < 1000; ++i) ghosts.Add(Hash(i), 1);
  ghosts.Add(Hash(1000), 500);
  EXPECT_LT(ghosts.weight(), 1500u);
  EXPECT_GT(ghosts.weight(), 1000u);
  for (uint32_t i = 1001; i < 1100; ++i) ghosts.Add(Hash(i), 1);
  EXPECT_EQ(ghosts.weight(), 1000u);
  EXPECT_TRUE(ghosts.Take(Hash(1000)));
}

TEST(GhostQueue, ForgetsTheOldest) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(10);
  for (uint32_t i = 0; i < 10; ++i) ghosts.Add(Hash(i), 1);
  ghosts.Take(Hash(1));
  ghosts.Forget(3);
  EXPECT_EQ(ghosts.size(), 7u);
  EXPECT_EQ(ghosts.weight(), 7u);
  EXPECT_FALSE(ghosts.Take(Hash(2)));
  EXPECT_TRUE(ghosts.Take(Hash(3)));
  ghosts.Forget(100);
  EXPECT_EQ(ghosts.size(), 0u);
  EXPECT_EQ(ghosts.bytes(), 0u);
}

TEST(GhostQueue, ClearForgetsAll) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(1000);
  for (uint32_t i = 0; i < 1000; ++i) ghosts.Add(Hash(i), 1);
  ghosts.Clear();
  EXPECT_EQ(ghosts.weight(), 0u);
  EXPECT_EQ(ghosts.bytes(), 0u);
  EXPECT_FALSE(ghosts.Take(Hash(7)));
  ghosts.Add(Hash(7), 1);
  EXPECT_TRUE(ghosts.Take(Hash(7)));
}

TEST(GhostQueue, AGhostTakesTwentyOneBytes) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(100'000);
  std::mt19937 random(1);
  for (int i = 0; i < 200'000; ++i) ghosts.Add(Hash(static_cast<uint32_t>(random())), 1);
  EXPECT_LT(static_cast<double>(ghosts.bytes()) / 100'000, 21.5);
}

TEST(GhostQueue, DoesNotKeepWhatWasTaken) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(1000);
  for (uint32_t i = 0; i < 100'000; ++i) {
    ghosts.Add(Hash(i), 1);
    ghosts.Take(Hash(i));
  }
  EXPECT_LT(ghosts.bytes(), 100'000u);
}

TEST(GhostQueue, DoesNotKeepWhatWasTakenBehindAnOldGhost) {
  GhostQueue ghosts(testing::TestArena());
  ghosts.SetCapacity(1000);
  ghosts.Add(Hash(0), 1);
  for (uint32_t i = 1; i < 100'000; ++i) {
    ghosts.Add(Hash(i), 1);
    ghosts.Take(Hash(i));
  }
  EXPECT_LT(ghosts.bytes(), 10'000u);
  ghosts.CheckInvariants();
  EXPECT_FALSE(ghosts.Take(Hash(0)));  // it went early
}

}  // namespace
}  // namespace trivet::engine
