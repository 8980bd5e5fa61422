#include "engine/slab_class.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "engine/size_classes.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

constexpr size_t kSlabBytes = PagePool::kSlabPages * PageRuns::kPageBytes;

TEST(SlabClassTest, TheLastBlockTakesTheSlabAlongButForOne) {
  PagePool pool(false);
  SlabClass slabs(pool, SizeClassOf(1024));
  std::vector<uint32_t> blocks(3 * kSlabBytes / 1024);
  ASSERT_EQ(slabs.Take(blocks), blocks.size());
  EXPECT_EQ(slabs.bytes_out(), 3 * kSlabBytes);
  slabs.Return(blocks);
  EXPECT_EQ(slabs.bytes_out(), 0u);
  slabs.TrimUnused();  // from now on the one that is left is unused
  pool.Trim();
  EXPECT_EQ(pool.page_bytes(), kSlabBytes);
  slabs.TrimUnused();
  pool.Trim();
  EXPECT_EQ(pool.page_bytes(), 0u);
}

TEST(SlabClassTest, GetsAsManyAsThereAre) {
  PagePool pool(false);
  ASSERT_NE(pool.AllocateLarge(pool.range_bytes() - 2 * kSlabBytes), nullptr);
  SlabClass slabs(pool, SizeClassOf(1024));
  std::vector<uint32_t> blocks(2 * kSlabBytes / 1024);
  EXPECT_EQ(slabs.Take(blocks), blocks.size() / 2);
  EXPECT_EQ(slabs.Take(blocks), 0u);
}

// Blocks are disjoint, those of picked slabs are not handed out, and all memory comes back.
TEST(SlabClassTest, KeepsItsPromisesUnderRandomUse) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < ScaledCount(20); ++round) {
    const size_t size_class = random() % kAllClasses;
    const auto granules = static_cast<uint32_t>(SizeOfClass(size_class) / kGranuleBytes);
    PagePool pool(false);
    SlabClass slabs(pool, size_class);
    std::vector<uint32_t> out;
    for (int step = 0; step < 500; ++step) {
      if (random() % 100 < 55) {
        std::vector<uint32_t> taken(1 + random() % 64);
        ASSERT_EQ(slabs.Take(taken), taken.size());
        for (const uint32_t block : taken) ASSERT_FALSE(pool.SlabOf(block)->picked);
        out.insert(out.end(), taken.begin(), taken.end());
      } else {
        std::shuffle(out.begin(), out.end(), random);
        const size_t count = std::min(out.size(), static_cast<size_t>(random() % 64));
        slabs.Return({out.data() + out.size() - count, count});
        out.resize(out.size() - count);
      }
      if (random() % 32 == 0) slabs.PickEmptiest();
      ASSERT_EQ(slabs.bytes_out(), out.size() * granules * kGranuleBytes);
    }
    std::set<uint32_t> sorted(out.begin(), out.end());
    ASSERT_EQ(sorted.size(), out.size());
    uint32_t end = 0;
    for (const uint32_t block : sorted) {
      ASSERT_GE(block, end);
      end = block + granules;
    }
    slabs.CheckInvariants();
    slabs.Return(out);
    slabs.TrimUnused();
    slabs.TrimUnused();
    pool.Trim();
    ASSERT_EQ(pool.page_bytes(), 0u);
  }
}

}  // namespace
}  // namespace trivet::engine
