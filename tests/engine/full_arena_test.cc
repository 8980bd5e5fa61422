// Tables go on, on the heap, when the arena has no block left for them.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/arena.h"
#include "engine/entry.h"
#include "engine/entry_queues.h"
#include "engine/ghost_queue.h"
#include "engine/size_classes.h"
#include "tests/engine/table_deque_model.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

// Takes all pages of an arena that are left. None is touched, so that it costs no memory.
class FullArenaTest : public ::testing::Test {
 protected:
  ~FullArenaTest() override { Empty(); }

  // There is no page left for a slab of tables; what is free in slabs is used up by tables, too.
  void Fill() {
    for (size_t bytes = size_t{64} << 30; bytes > kSmallBytesMax; bytes /= 2) {
      while (void* const block = arena_.Allocate(bytes)) fill_.emplace_back(block, bytes);
    }
    while (true) {
      void* const table = arena_.AllocateTable();
      tables_.push_back(table);
      if (!arena_.Contains(table)) return;
    }
  }

  void Empty() {
    for (const auto& [block, bytes] : fill_) arena_.Free(block, Arena::BlockBytes(bytes));
    for (void* const table : tables_) arena_.FreeTable(table);
    fill_.clear();
    tables_.clear();
  }

  Arena arena_{false};

 private:
  std::vector<std::pair<void*, size_t>> fill_;  // with the size that was asked for
  std::vector<void*> tables_;
};

TEST_F(FullArenaTest, TablesComeFromTheHeapAndGoBackToIt) {
  Fill();
  EXPECT_EQ(arena_.Allocate(100'000), nullptr);
  const size_t before = arena_.block_bytes();
  for (int turn = 0; turn < 2; ++turn) {
    void* const table = arena_.AllocateTable();
    ASSERT_NE(table, nullptr);
    EXPECT_FALSE(arena_.Contains(table));
    std::memset(table, 'x', kTableBytes);
    EXPECT_EQ(arena_.block_bytes(), before);
    arena_.FreeTable(table);
    EXPECT_EQ(arena_.block_bytes(), before) << "it is no block of the arena now";
  }
  Empty();
  EXPECT_EQ(arena_.block_bytes(), 0u);
  void* const table = arena_.AllocateTable();
  EXPECT_TRUE(arena_.Contains(table)) << "where there is room again";
  arena_.FreeTable(table);
  arena_.CheckInvariants();
}

TEST_F(FullArenaTest, ADequeMayLieInBoth) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  testing::TableDequeModel deque(arena_);
  for (size_t i = 0; i < ScaledCount(100'000); ++i) {
    if (i % 20'000 == 2000) Fill();
    if (i % 20'000 == 12'000) Empty();
    deque.Change(i, random);
    ASSERT_NO_FATAL_FAILURE(deque.ExpectSame(random));
    ASSERT_GE(deque.table.bytes(), deque.table.size() * sizeof(uint64_t));
  }
  deque.table.Clear();
  Empty();
  EXPECT_EQ(arena_.block_bytes(), 0u);
}

TEST_F(FullArenaTest, QueuesOfEntriesMayLieInBoth) {
  constexpr size_t kEntries = 5000;
  std::vector<EntryPtr> owned;
  for (size_t i = 0; i < kEntries; ++i) {
    owned.emplace_back(Entry::Create(arena_, {.key = std::to_string(i), .value = ""}),
                       EntryDeleter{&arena_});
  }
  {
    EntryQueues queues(arena_);
    std::list<Entry*> model;
    for (size_t i = 0; i < kEntries; ++i) {
      if (i == kEntries / 4) Fill();
      if (i == kEntries * 3 / 4) Empty();
      queues.Push(0, owned[i].get());
      model.push_back(owned[i].get());
    }
    queues.CheckInvariants();
    // Of every eight one stays: chunks are joined across the border, and go.
    Fill();
    size_t i = 0;
    for (auto it = model.begin(); it != model.end(); ++i) {
      if (i % 8 == 0) {
        ++it;
        continue;
      }
      queues.Remove(*it);
      it = model.erase(it);
    }
    queues.CheckInvariants();
    std::list<Entry*> order;
    queues.ForEach(0, [&](Entry* entry) { order.push_back(entry); });
    EXPECT_EQ(order, model);
  }
  Empty();
  owned.clear();
  EXPECT_EQ(arena_.block_bytes(), 0u);
}

TEST_F(FullArenaTest, GhostsMayLieInBoth) {
  constexpr size_t kGhosts = 20'000;
  std::mt19937_64 random(1);
  std::vector<uint64_t> hashes;
  for (size_t i = 0; i < kGhosts; ++i) hashes.push_back(random());
  {
    GhostQueue ghosts(arena_);
    ghosts.SetCapacity(kGhosts);
    for (size_t i = 0; i < kGhosts; ++i) {
      if (i == kGhosts / 4) Fill();
      if (i == kGhosts * 3 / 4) Empty();
      ghosts.Add(hashes[i], 1);
    }
    ghosts.CheckInvariants();
    Fill();
    size_t remembered = 0;
    for (const uint64_t hash : hashes) remembered += ghosts.Take(hash) ? 1 : 0;
    EXPECT_GT(remembered, kGhosts * 19 / 20) << "a few may go early";
    ghosts.CheckInvariants();
    ghosts.Clear();
  }
  Empty();
  EXPECT_EQ(arena_.block_bytes(), 0u);
}

}  // namespace
}  // namespace trivet::engine
