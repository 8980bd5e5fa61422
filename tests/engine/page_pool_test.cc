#include "engine/page_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "engine/slab_class.h"

namespace trivet::engine {
namespace {

constexpr size_t kSlabBytes = PagePool::kSlabPages * PageRuns::kPageBytes;

uint32_t BlockAt(uint32_t page) {
  return page * static_cast<uint32_t>(PageRuns::kPageBytes / kGranuleBytes);
}

TEST(PagePoolTest, KnowsTheSlabOfEachOfItsPages) {
  PagePool pool(false);
  Slab first;
  Slab second;
  const std::optional<uint32_t> of_first = pool.TakeFor(&first);
  const std::optional<uint32_t> of_second = pool.TakeFor(&second);
  ASSERT_TRUE(of_first.has_value() && of_second.has_value());
  for (uint32_t page = 0; page < PagePool::kSlabPages; ++page) {
    EXPECT_EQ(pool.SlabOf(BlockAt(*of_first + page)), &first);
    EXPECT_EQ(pool.SlabOf(BlockAt(*of_second + page) + 1), &second);
  }
  EXPECT_EQ(pool.page_bytes(), 2 * kSlabBytes);
  pool.GiveBack(*of_first);
  pool.GiveBack(*of_second);
  pool.Trim();
  EXPECT_EQ(pool.page_bytes(), 0u);
}

// Where a slab was may be a large block next, and that is in no slab.
TEST(PagePoolTest, ALargeBlockIsInNoSlab) {
  PagePool pool(false);
  Slab slab;
  const std::optional<uint32_t> page = pool.TakeFor(&slab);
  ASSERT_TRUE(page.has_value());
  pool.GiveBack(*page);
  void* const block = pool.AllocateLarge(kSlabBytes);
  ASSERT_EQ(block, pool.base() + *page * PageRuns::kPageBytes);
  EXPECT_EQ(pool.SlabOf(BlockAt(*page)), nullptr);
  EXPECT_EQ(pool.large_bytes(), kSlabBytes);
  pool.FreeLarge(block, kSlabBytes);
  EXPECT_EQ(pool.large_bytes(), 0u);
}

TEST(PagePoolTest, SaysWhenTheRangeIsUsedUp) {
  PagePool pool(false);
  void* const block = pool.AllocateLarge(pool.range_bytes() - 2 * kSlabBytes);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(pool.AllocateLarge(2 * kSlabBytes), nullptr);  // page 0 is never handed out
  Slab slab;
  EXPECT_TRUE(pool.TakeFor(&slab).has_value());
  EXPECT_FALSE(pool.TakeFor(&slab).has_value());
}

}  // namespace
}  // namespace trivet::engine
