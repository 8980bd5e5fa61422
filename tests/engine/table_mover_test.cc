#include "engine/table_mover.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "engine/entry.h"
#include "engine/entry_queues.h"
#include "engine/ghost_queue.h"
#include "engine/table_deque.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

constexpr size_t kElements = 200'000;
// More than a step, and no multiple of anything.
constexpr size_t kBlocksPerStep = 7;
constexpr size_t kPhase = 10'000;  // of growing and shrinking

uint64_t Hash(uint32_t key) { return uint64_t{key * 2654435761u} << 16; }

// Shows all tables to movers, step by step, until one has seen everything. Returns the steps.
template <typename... Tables>
size_t MoveAll(Arena& arena, Tables&... tables) {
  size_t position = 0;
  for (size_t steps = 1;; ++steps) {
    TableMover mover(arena, position, kBlocksPerStep);
    (tables.MoveTables(&mover), ...);
    position = mover.position();
    if (mover.done()) return steps;
  }
}

TEST(TableMoverTest, TablesLeaveSlabsThatAreThinnedOut) {
  Arena arena(false);
  TableDeque<uint64_t> stays(arena);
  TableDeque<uint64_t> also_stays(arena);
  TableDeque<uint64_t> goes(arena);
  for (uint64_t i = 0; i < kElements; ++i) {
    stays.push_back(i);
    also_stays.push_back(~i);
    for (int times = 0; times < 6; ++times) goes.push_back(i);
  }
  const size_t full = arena.page_bytes();
  goes.Clear();
  arena.Trim();
  ASSERT_GT(arena.page_bytes(), full / 2) << "blocks of those that stay in nearly all slabs";
  const size_t blocks = arena.block_bytes();
  ASSERT_TRUE(arena.ThinOut());
  EXPECT_GT(MoveAll(arena, stays, also_stays), blocks / kTableBytes / kBlocksPerStep);
  arena.Trim();
  EXPECT_LT(arena.page_bytes(), blocks + blocks / 8);
  EXPECT_EQ(arena.block_bytes(), blocks);
  for (uint64_t i = 0; i < kElements; ++i) {
    ASSERT_EQ(stays[i], i);
    ASSERT_EQ(also_stays[i], ~i);
  }
  arena.CheckInvariants();
}

TEST(TableMoverTest, GhostsAreFoundWhereTheyWere) {
  Arena arena(false);
  GhostQueue stays(arena);
  GhostQueue goes(arena);
  stays.SetCapacity(kElements);
  goes.SetCapacity(kElements);
  for (uint32_t i = 0; i < kElements; ++i) {
    stays.Add(Hash(i), 1);
    goes.Add(Hash(i), 1);
  }
  goes.Clear();
  const size_t weight = stays.weight();
  const size_t pages = arena.page_bytes();
  ASSERT_TRUE(arena.ThinOut());
  MoveAll(arena, goes, stays);
  arena.Trim();
  EXPECT_LT(arena.page_bytes(), pages - pages / 4);
  EXPECT_EQ(stays.weight(), weight);
  stays.CheckInvariants();
  size_t found = 0;
  for (uint32_t i = 0; i < kElements; ++i) found += stays.Take(Hash(i)) ? 1 : 0;
  EXPECT_EQ(found, weight);
}

TEST(TableMoverTest, NothingMovesWithoutNeed) {
  Arena arena(false);
  TableDeque<uint64_t> table(arena);
  for (uint64_t i = 0; i < 1000; ++i) table.push_back(i);
  const uint64_t* const before = &table[0];
  MoveAll(arena, table);
  EXPECT_EQ(&table[0], before);
}

// Queues and deques change between the steps of a walk, and slabs are picked anew all the time.
TEST(TableMoverTest, WhatChangesMeanwhileIsRight) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  Arena arena(false);
  EntryQueues queues(arena);
  TableDeque<uint64_t> table(arena);
  TableDeque<uint64_t> goes(arena);
  std::deque<uint64_t> model;
  std::vector<EntryPtr> entries;
  for (int i = 0; i < 5000; ++i) {
    entries.emplace_back(Entry::Create(arena, {.key = std::to_string(i), .value = {}}),
                         EntryDeleter{&arena});
  }
  std::vector<bool> queued(entries.size());
  size_t position = 0;
  size_t moved = 0;
  for (size_t turn = 0; turn < std::max(ScaledCount(200'000), 2 * kPhase); ++turn) {
    const size_t at = random() % entries.size();
    if (queued[at]) {
      queues.Remove(entries[at].get());
    } else {
      queues.Push(0, entries[at].get());
    }
    queued[at] = !queued[at];
    // What goes at once leaves room between what stays.
    const bool grows = turn / kPhase % 2 == 0;
    if (turn % kPhase == 0) goes.Clear();
    if (grows || model.empty()) {
      for (int times = 0; times < 8; ++times) {
        goes.push_back(turn);
        table.push_back(turn);
        model.push_back(turn);
      }
    } else if (random() % 4 == 0) {
      table.pop_back();
      model.pop_back();
    } else {
      table.pop_front();
      model.pop_front();
    }
    if (turn % 1000 == 0) arena.ThinOut();
    if (turn % 4 == 0) {
      std::vector<const uint64_t*> before;
      for (size_t i = 0; i < 16 && i < table.size(); ++i)
        before.push_back(&table[i * table.size() / 16]);
      TableMover mover(arena, position, random() % 20);
      queues.MoveTables(&mover);
      table.MoveTables(&mover);
      position = mover.done() ? 0 : mover.position();
      for (size_t i = 0; i < before.size(); ++i)
        moved += before[i] != &table[i * table.size() / 16];
    }
    ASSERT_EQ(table.size(), model.size());
    if (model.empty()) continue;
    const size_t any = random() % model.size();
    ASSERT_EQ(table[any], model[any]);
  }
  queues.CheckInvariants();
  arena.CheckInvariants();
  EXPECT_GT(moved, 0u);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (queued[i]) queues.Remove(entries[i].get());
  }
}

}  // namespace
}  // namespace trivet::engine
