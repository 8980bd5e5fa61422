#include "engine/moving_pass.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

namespace trivet::engine {
namespace {

using Place = MovingPass::Place;

TEST(MovingPassTest, NobodyEntersBeforeItBegins) {
  MovingPass pass;
  EXPECT_FALSE(pass.is_running());
  EXPECT_FALSE(pass.Enter().has_value());
}

TEST(MovingPassTest, EachShardIsDoneOnceAndTheNextGoesOnWhereOneLeft) {
  MovingPass pass;
  pass.Begin(2);
  Place first = pass.Enter().value();
  EXPECT_EQ(first.shard, 0u);
  EXPECT_EQ(first.position, 0u);
  Place second = pass.Enter().value();
  EXPECT_EQ(second.shard, 1u);
  EXPECT_FALSE(pass.Enter().has_value()) << "others are at all of them";
  first.position = 7;
  first.table = 3;
  pass.Leave(first, false);
  pass.Leave(second, true);
  first = pass.Enter().value();
  EXPECT_EQ(first.shard, 0u);
  EXPECT_EQ(first.position, 7u);
  EXPECT_EQ(first.table, 3u);
  EXPECT_TRUE(pass.is_running());
  pass.Leave(first, true);
  EXPECT_FALSE(pass.is_running());
  EXPECT_FALSE(pass.Enter().has_value());
}

TEST(MovingPassTest, WhoIsLeftOverFromAnotherPassCountsForNothing) {
  MovingPass pass;
  pass.Begin(2);
  const Place one = pass.Enter().value();
  const Place other = pass.Enter().value();
  pass.Begin(2);
  pass.Leave(one, true);
  pass.Leave(other, false);
  for (size_t shard = 0; shard < 2; ++shard) {
    EXPECT_TRUE(pass.is_running());
    const std::optional<Place> place = pass.Enter();
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->shard, shard);
    pass.Leave(*place, true);
  }
  EXPECT_FALSE(pass.is_running());
}

TEST(MovingPassTest, ThreadsAreInShardsOfTheirOwn) {
  constexpr size_t kShards = 8;
  constexpr size_t kUnits = 1000;  // of work in each shard
  MovingPass pass;
  std::vector<size_t> units(kShards);  // TSan sees two threads in one shard
  pass.Begin(kShards);
  std::vector<std::thread> threads;
  std::atomic<size_t> begun{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      ++begun;
      while (begun < 4) std::this_thread::yield();
      while (pass.is_running()) {
        std::optional<Place> place = pass.Enter();
        if (!place.has_value()) continue;
        EXPECT_EQ(place->position, units[place->shard]);
        place->position = ++units[place->shard];
        pass.Leave(*place, place->position == kUnits);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(units, std::vector<size_t>(kShards, kUnits));
}

}  // namespace
}  // namespace trivet::engine
