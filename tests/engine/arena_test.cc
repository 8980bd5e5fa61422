#include "engine/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
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
    if (!arena.IsThinnedOut(block, kSize)) {
      moved.push_back(block);
      continue;
    }
    moved.push_back(arena.Allocate(kSize));
    EXPECT_FALSE(arena.IsThinnedOut(moved.back(), kSize));
    arena.Free(block, kSize);
  }
  arena.CheckInvariants();
  arena.Trim();
  EXPECT_LT(arena.page_bytes(), pages / 2);
  for (void* block : moved) arena.Free(block, kSize);
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
  churn(0);
  other.join();
  arena.CheckInvariants();
  EXPECT_EQ(arena.block_bytes(), 0u);
}

}  // namespace
}  // namespace trivet::engine
