#include "engine/capacity.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <limits>

namespace trivet::engine {
namespace {

TEST(ChooseShards, FollowsCoresAndLeavesEnoughInEach) {
  const struct {
    Capacity capacity;
    size_t cores;
    size_t shards;
  } kCases[] = {
      // Four for each core, as a power of two.
      {{.memory_bytes = size_t{1} << 30}, 1, 4},
      {{.memory_bytes = size_t{1} << 30}, 2, 8},
      {{.memory_bytes = size_t{1} << 30}, 3, 16},
      {{.memory_bytes = size_t{1} << 40}, 1000, 1024},
      // Unknown cores count as one.
      {{.memory_bytes = size_t{1} << 30}, 0, 4},
      // At least 128 entries in each.
      {{.max_entries = 1}, 8, 1},
      {{.max_entries = 255}, 8, 1},
      {{.max_entries = 256}, 8, 2},
      {{.max_entries = 1000}, 8, 4},
      // At least 1 MiB in each.
      {{.memory_bytes = 64 << 10}, 8, 1},
      {{.memory_bytes = 2 << 20}, 8, 2},
      {{.memory_bytes = 8 << 20}, 8, 8},
      // The smaller of the two counts.
      {{.memory_bytes = 8 << 20, .max_entries = 300}, 8, 2},
      {{.memory_bytes = 1600 << 10, .max_entries = 100'000}, 8, 1},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ChooseShards(c.capacity, c.cores), c.shards)
        << c.capacity.memory_bytes << " bytes, " << c.capacity.max_entries << " entries, "
        << c.cores << " cores";
  }
}

TEST(PartOf, AddsUpToTheWholeAndDiffersByOneAtMost) {
  for (const size_t whole : {64'000, 65'537, 1'000'003}) {
    for (const size_t shards : {1, 2, 8, 1024}) {
      const Capacity capacity{.memory_bytes = whole, .max_entries = whole + 1};
      size_t bytes = 0;
      size_t entries = 0;
      for (size_t i = 0; i < shards; ++i) {
        const ShardBudget part = PartOf(capacity, i, shards);
        bytes += part.bytes;
        entries += part.entries;
        EXPECT_LE(PartOf(capacity, 0, shards).bytes - part.bytes, 1u);
        EXPECT_LE(PartOf(capacity, 0, shards).entries - part.entries, 1u);
      }
      EXPECT_EQ(bytes, capacity.memory_bytes);
      EXPECT_EQ(entries, capacity.max_entries);
    }
  }
}

TEST(PartOf, NoLimitStaysNoLimit) {
  EXPECT_EQ(PartOf({.max_entries = 10}, 0, 2).bytes, 0u);
  EXPECT_EQ(PartOf({.memory_bytes = 64 << 10}, 0, 2).entries, 0u);
}

TEST(PartOf, APartOfALimitIsALimit) { EXPECT_EQ(PartOf({.max_entries = 2}, 3, 4).entries, 1u); }

TEST(PartOf, TakesTheLargestNumbers) {
  const size_t most = std::numeric_limits<size_t>::max();
  const size_t for_entries = most - most / 16;
  EXPECT_EQ(PartOf({.memory_bytes = most}, 0, 2).bytes, for_entries / 2 + for_entries % 2);
  EXPECT_EQ(PartOf({.memory_bytes = most}, 1, 2).bytes, for_entries / 2);
}

// See docs/decisions/0017-room-for-the-turn.md.
TEST(PartOf, LargeBudgetsKeepASixteenthFree) {
  constexpr size_t kFrom = 256 << 20;
  EXPECT_EQ(PartOf({.memory_bytes = kFrom - 1}, 0, 1).bytes, kFrom - 1);
  EXPECT_EQ(PartOf({.memory_bytes = kFrom}, 0, 1).bytes, kFrom - kFrom / 16);
}

}  // namespace
}  // namespace trivet::engine
