#include "engine/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

TEST(SizeClassesTest, EverySizeHasTheSmallestClassThatHoldsIt) {
  for (size_t size = 1; size <= kSmallBytesMax; ++size) {
    const size_t size_class = SizeClassOf(size);
    ASSERT_GE(SizeOfClass(size_class), size);
    if (size_class > 0) {
      ASSERT_LT(SizeOfClass(size_class - 1), size);
    }
    ASSERT_EQ(SizeOfClass(size_class) % kGranuleBytes, 0u);
    if (size > kFineBytesMax) {
      ASSERT_LE(SizeOfClass(size_class) - size, size / 8);
    }
  }
}

TEST(ArenaTest, BlocksAreAlignedAndNamedByTheirNumber) {
  Arena arena(false);
  for (const size_t size : {1u, 100u, 5000u, 20'000u, 1'000'000u}) {
    void* const block = arena.Allocate(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % kGranuleBytes, 0u);
    EXPECT_NE(arena.NumberOf(block), 0u);
    EXPECT_EQ(arena.At(arena.NumberOf(block)), block);
    EXPECT_GE(Arena::BlockBytes(size), size);
    arena.Free(block, Arena::BlockBytes(size));
  }
}

TEST(ArenaTest, CountsWhatIsOut) {
  Arena arena(false);
  void* const small = arena.Allocate(100);
  void* const large = arena.Allocate(100'000);
  EXPECT_EQ(arena.block_bytes(), Arena::BlockBytes(100) + Arena::BlockBytes(100'000));
  EXPECT_GE(arena.page_bytes(), arena.block_bytes());
  arena.Free(small, Arena::BlockBytes(100));
  arena.Free(large, Arena::BlockBytes(100'000));
  EXPECT_EQ(arena.block_bytes(), 0u);
}

// Memory of one class must not be lost to the others when the mix of sizes shifts.
TEST(ArenaTest, PagesMoveFromOneClassToAnother) {
  Arena arena(false);
  size_t most = 0;
  for (const size_t size : {64u, 200u, 1000u, 9000u, 50'000u, 128u}) {
    std::vector<void*> blocks;
    for (size_t bytes = 0; bytes < (8 << 20); bytes += size) blocks.push_back(arena.Allocate(size));
    most = std::max(most, arena.page_bytes());
    for (void* block : blocks) arena.Free(block, Arena::BlockBytes(size));
  }
  EXPECT_EQ(arena.block_bytes(), 0u);
  EXPECT_LT(most, size_t{20} << 20);
  arena.Trim();
  EXPECT_LT(arena.page_bytes(), size_t{2} << 20) << "a slab of each class at most";
}

TEST(ArenaTest, SlabsThatAreHardlyUsedArePickedAndGetNothingMore) {
  Arena arena(false);
  constexpr size_t kSize = 1024;
  std::vector<void*> blocks;
  for (size_t i = 0; i < 128 * 20; ++i) blocks.push_back(arena.Allocate(kSize));
  EXPECT_FALSE(arena.ThinOut()) << "all slabs are full";
  // Of every eight one stays.
  std::vector<void*> left;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 8 == 0) {
      left.push_back(blocks[i]);
    } else {
      arena.Free(blocks[i], kSize);
    }
  }
  ASSERT_TRUE(arena.ThinOut());
  const size_t pages = arena.page_bytes();
  std::vector<void*> moved;
  for (void* block : left) {
    if (!arena.IsThinnedOut(block)) {
      moved.push_back(block);
      continue;
    }
    moved.push_back(arena.Allocate(kSize));
    EXPECT_FALSE(arena.IsThinnedOut(moved.back()));
    arena.Free(block, kSize);
  }
  arena.CheckInvariants();
  arena.Trim();
  EXPECT_LT(arena.page_bytes(), pages / 2);
  for (void* block : moved) arena.Free(block, kSize);
  EXPECT_EQ(arena.block_bytes(), 0u);
}

TEST(ArenaTest, TheEmptiestSlabsArePickedAlsoIfAllAreMoreThanHalfUsed) {
  Arena arena(false);
  arena.SetCachedBytesMax(0);
  constexpr size_t kSize = 1024;
  constexpr size_t kInSlab = 128;
  constexpr size_t kSlabs = 40;
  std::vector<void*> blocks;
  for (size_t i = 0; i < kInSlab * kSlabs; ++i) blocks.push_back(arena.Allocate(kSize));
  const size_t pages = arena.page_bytes();
  // A quarter of each slab is free, but of every fifth slab three eighths are.
  std::vector<void*> left;
  std::vector<void*> emptier;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const bool is_emptier = i / kInSlab % 5 == 0;
    if (i % 8 < (is_emptier ? 3u : 2u)) {
      arena.Free(blocks[i], kSize);
    } else {
      (is_emptier ? emptier : left).push_back(blocks[i]);
    }
  }
  ASSERT_TRUE(arena.ThinOut());
  size_t picked = 0;
  for (std::vector<void*>* part : {&emptier, &left}) {
    for (void*& block : *part) {
      if (!arena.IsThinnedOut(block)) {
        EXPECT_NE(part, &emptier) << "room is for nine slabs, and the emptier ones are eight";
        continue;
      }
      ++picked;
      void* const fresh = arena.Allocate(kSize);
      EXPECT_FALSE(arena.IsThinnedOut(fresh));
      arena.Free(block, kSize);
      block = fresh;
    }
  }
  EXPECT_GT(picked, 0u);
  arena.Trim();
  EXPECT_LE(arena.page_bytes(), pages * 8 / 10) << "all that was free but two or three slabs";
  arena.CheckInvariants();
  for (const std::vector<void*>* part : {&emptier, &left}) {
    for (void* block : *part) arena.Free(block, kSize);
  }
  EXPECT_EQ(arena.block_bytes(), 0u);
}

TEST(ArenaTest, SlabsWithoutBlocksAreNotPickedButGoAtOnce) {
  Arena arena(false);
  arena.SetCachedBytesMax(0);
  constexpr size_t kSize = 1024;
  // A slab that is emptied while it is the only one with room stays; another one comes beside it.
  std::vector<void*> blocks;
  for (size_t i = 0; i < 128 * 8; ++i) blocks.push_back(arena.Allocate(kSize));
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i < 128 || i % 8 != 0) arena.Free(blocks[i], kSize);
  }
  ASSERT_TRUE(arena.ThinOut());
  for (size_t i = 128; i < blocks.size(); i += 8) arena.Free(blocks[i], kSize);
  arena.Trim();
  EXPECT_EQ(arena.block_bytes(), 0u);
  EXPECT_EQ(arena.page_bytes(), size_t{128} << 10) << "one slab stays, the last with room";
}

TEST(ArenaTest, AnEmptySlabGoesWhenItIsNotNeededForAWhile) {
  Arena arena(false);
  const auto use_once = [&arena] {
    void* const block = arena.Allocate(100);
    arena.Free(block, Arena::BlockBytes(100));
    arena.Trim();  // what the thread keeps at hand, too
  };
  use_once();
  const size_t with_slab = arena.page_bytes();
  ASSERT_GT(with_slab, 0u);
  arena.TrimUnused();
  EXPECT_GT(arena.page_bytes(), 0u) << "it was in use since the last call";
  use_once();
  arena.TrimUnused();
  EXPECT_GT(arena.page_bytes(), 0u);
  for (int i = 0; i < 3; ++i) arena.TrimUnused();
  EXPECT_EQ(arena.page_bytes(), 0u);
  use_once();
  arena.CheckInvariants();
}

TEST(ArenaTest, AnEmptySlabGoesAlsoIfAnotherHasRoom) {
  Arena arena(false);
  constexpr size_t kSize = 1000;
  constexpr size_t kPerSlab = (size_t{128} << 10) / 1024;
  std::vector<void*> blocks;
  for (size_t i = 0; i < 2 * kPerSlab; ++i) blocks.push_back(arena.Allocate(kSize));
  const auto free_last = [&](size_t count) {
    for (; count > 0; --count) {
      arena.Free(blocks.back(), Arena::BlockBytes(kSize));
      blocks.pop_back();
    }
    arena.Trim();
  };
  std::sort(blocks.begin(), blocks.end());
  free_last(kPerSlab);  // of two full slabs one is empty now
  EXPECT_EQ(arena.page_bytes(), size_t{256} << 10) << "lest it come and go with one block";
  free_last(1);  // and the other one comes first
  for (int i = 0; i < 3; ++i) arena.TrimUnused();
  EXPECT_EQ(arena.page_bytes(), size_t{128} << 10);
  arena.CheckInvariants();
  free_last(blocks.size());
}

TEST(ArenaTest, TablesLieApartFromEntries) {
  Arena arena(false);
  void* const table = arena.AllocateTable();
  void* const entry = arena.Allocate(kTableBytes);
  const auto page = [](const void* block) {
    return reinterpret_cast<uintptr_t>(block) / (32 * PageRuns::kPageBytes);
  };
  EXPECT_NE(page(table), page(entry));
  EXPECT_EQ(arena.block_bytes(), 2 * kTableBytes);
  arena.FreeTable(table);
  EXPECT_EQ(arena.AllocateTable(), table);
  arena.FreeTable(table);
  arena.Free(entry, Arena::BlockBytes(kTableBytes));
  EXPECT_EQ(arena.block_bytes(), 0u);
}

TEST(ArenaTest, ALargeBlockThatComesBackIsUsedAgain) {
  Arena arena(false);
  for (int i = 0; i < 100; ++i) {
    void* const block = arena.Allocate(1 << 20);
    static_cast<char*>(block)[0] = 'a';
    arena.Free(block, Arena::BlockBytes(1 << 20));
  }
  EXPECT_LE(arena.page_bytes(), size_t{2} << 20);
}

TEST(ArenaTest, WhatWasFreedLastIsHandedOutFirst) {
  Arena arena(false);
  void* const one = arena.Allocate(100);
  void* const other = arena.Allocate(100);
  arena.Free(one, Arena::BlockBytes(100));
  arena.Free(other, Arena::BlockBytes(100));
  EXPECT_EQ(arena.Allocate(100), other);
  EXPECT_EQ(arena.Allocate(100), one);
  arena.Free(one, Arena::BlockBytes(100));
  arena.Free(other, Arena::BlockBytes(100));
}

TEST(ArenaTest, AThreadKeepsNoMoreAtHandThanItMay) {
  Arena arena(false);
  arena.SetCachedBytesMax(10'000);
  std::vector<std::pair<void*, size_t>> blocks;
  for (size_t i = 0; i < 2000; ++i) {
    const size_t size = 16 + i % 3000;
    blocks.emplace_back(arena.Allocate(size), Arena::BlockBytes(size));
  }
  size_t out = 0;
  for (const auto& [block, bytes] : blocks) out += bytes;
  EXPECT_EQ(arena.block_bytes(), out) << "what is at hand is not out";
  for (const auto& [block, bytes] : blocks) {
    arena.Free(block, bytes);
    ASSERT_LE(arena.cached_bytes(), 10'000u);
  }
  EXPECT_GT(arena.cached_bytes(), 1000u);
  EXPECT_EQ(arena.block_bytes(), 0u);
  arena.Trim();
  EXPECT_EQ(arena.cached_bytes(), 0u);
}

TEST(ArenaTest, WhatAThreadKeptIsTakenBackWhenItHasEnded) {
  Arena arena(false);
  void* const mine = arena.Allocate(100);
  arena.Free(mine, Arena::BlockBytes(100));
  const size_t kept = arena.cached_bytes();
  EXPECT_GT(kept, 0u);
  std::thread([&] { arena.Free(arena.Allocate(200), Arena::BlockBytes(200)); }).join();
  EXPECT_GT(arena.cached_bytes(), kept);
  arena.CollectFromEndedThreads();
  EXPECT_EQ(arena.cached_bytes(), kept) << "mine stays";
}

TEST(ArenaTest, NothingOfAPickedSlabIsKeptAtHand) {
  Arena arena(false);
  constexpr size_t kSize = 1024;
  std::vector<void*> blocks;
  for (size_t i = 0; i < 128 * 20; ++i) blocks.push_back(arena.Allocate(kSize));
  std::vector<void*> left;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 8 == 0) {
      left.push_back(blocks[i]);
    } else {
      arena.Free(blocks[i], kSize);
    }
  }
  ASSERT_TRUE(arena.ThinOut());
  EXPECT_EQ(arena.cached_bytes(), 0u) << "it may have been of picked slabs";
  for (void* block : left) {
    const size_t kept = arena.cached_bytes();
    const bool is_picked = arena.IsThinnedOut(block);
    arena.Free(block, kSize);
    ASSERT_EQ(arena.cached_bytes(), is_picked ? kept : kept + kSize);
  }
}

// No byte is in two blocks: each is filled with its own number, by several threads.
TEST(ArenaTest, BlocksAreDisjointUnderRandomUse) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  Arena arena(false);
  const auto churn = [&arena, seed](uint64_t thread) {
    struct Block {
      unsigned char* bytes;
      size_t size;
      unsigned char fill;
    };
    std::mt19937_64 random(seed + thread);
    std::vector<Block> blocks;
    const auto is_intact = [](const Block& block) {
      return block.bytes[0] == block.fill && block.bytes[block.size / 2] == block.fill &&
             block.bytes[block.size - 1] == block.fill;
    };
    for (size_t turn = 0; turn < testing::ScaledCount(30'000); ++turn) {
      if (blocks.size() < 500 && random() % 8 < 5) {
        const size_t size = 1 + random() % (random() % 16 == 0 ? 60'000 : 600);
        auto* const bytes = static_cast<unsigned char*>(arena.Allocate(size));
        ASSERT_NE(bytes, nullptr);
        const auto fill = static_cast<unsigned char>(random());
        std::memset(bytes, fill, size);
        blocks.push_back({bytes, size, fill});
      } else if (!blocks.empty()) {
        std::swap(blocks[random() % blocks.size()], blocks.back());
        ASSERT_TRUE(is_intact(blocks.back()));
        arena.Free(blocks.back().bytes, Arena::BlockBytes(blocks.back().size));
        blocks.pop_back();
      }
    }
    for (const Block& block : blocks) {
      EXPECT_TRUE(is_intact(block));
      arena.Free(block.bytes, Arena::BlockBytes(block.size));
    }
  };
  std::thread other(churn, 1);
  std::atomic<bool> done{false};
  std::thread keeper([&] {
    for (int round = 0; !done; ++round) {
      if (round % 2 == 0) {
        arena.Trim();
      } else {
        arena.ThinOut();
      }
      std::this_thread::yield();
    }
  });
  churn(0);
  other.join();
  done = true;
  keeper.join();
  arena.CheckInvariants();
  EXPECT_EQ(arena.block_bytes(), 0u);
}

}  // namespace
}  // namespace trivet::engine
