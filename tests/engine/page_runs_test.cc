#include "engine/page_runs.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <random>

#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

constexpr size_t kPage = PageRuns::kPageBytes;

class PageRunsTest : public ::testing::Test {
 protected:
  AddressRange range_{256 << 20};
  PageRuns runs_{range_};
};

TEST_F(PageRunsTest, PageZeroIsNobodys) { EXPECT_EQ(runs_.Allocate(3), 1u); }

TEST_F(PageRunsTest, WhatFitsBestIsUsedAgain) {
  const uint32_t wide = *runs_.Allocate(10);
  ASSERT_TRUE(runs_.Allocate(1).has_value());
  const uint32_t narrow = *runs_.Allocate(4);
  ASSERT_TRUE(runs_.Allocate(1).has_value());
  runs_.Free(wide, 10);
  runs_.Free(narrow, 4);
  EXPECT_EQ(runs_.Allocate(4), narrow);
  EXPECT_EQ(runs_.Allocate(4), wide);
  EXPECT_EQ(runs_.Allocate(6), wide + 4);
}

TEST_F(PageRunsTest, NeighboursGrowTogether) {
  const uint32_t a = *runs_.Allocate(2);
  const uint32_t b = *runs_.Allocate(3);
  const uint32_t c = *runs_.Allocate(4);
  ASSERT_TRUE(runs_.Allocate(1).has_value());
  runs_.Free(a, 2);
  runs_.Free(c, 4);
  runs_.Free(b, 3);
  EXPECT_EQ(runs_.Allocate(9), a);
}

TEST_F(PageRunsTest, SaysWhenTheRangeIsUsedUp) {
  AddressRange small(16 * kPage);
  PageRuns runs(small);
  EXPECT_FALSE(runs.Allocate(16).has_value()) << "page 0 is one of them";
  EXPECT_TRUE(runs.Allocate(15).has_value());
  EXPECT_FALSE(runs.Allocate(1).has_value());
}

TEST_F(PageRunsTest, FreePagesGiveTheirMemoryBackBeyondALimit) {
  constexpr uint32_t kMany = 8192;  // 32 MiB
  const uint32_t first = *runs_.Allocate(kMany);
  char* const byte = range_.data() + size_t{first} * kPage;
  *byte = 'a';
  runs_.Free(first, kMany);
  EXPECT_LE(runs_.idle_pages(), 1024u);
  EXPECT_EQ(*byte, 0) << "the page came anew";
}

TEST_F(PageRunsTest, WhatWasGivenBackIsNotGivenBackAgain) {
  const uint32_t first = *runs_.Allocate(8192);
  runs_.Free(first, 8192);
  runs_.Trim(0);
  // At the edge of the great hole.
  const uint32_t edge = *runs_.Allocate(4);
  EXPECT_EQ(edge, first);
  runs_.Free(edge, 4);
  EXPECT_EQ(runs_.idle_pages(), 4u) << "the hole is not taken for idle";
  EXPECT_EQ(runs_.Allocate(8192), first) << "and yet they grow together when that is needed";
}

TEST_F(PageRunsTest, AFewFreePagesKeepTheirMemory) {
  const uint32_t first = *runs_.Allocate(8);
  char* const byte = range_.data() + size_t{first} * kPage;
  *byte = 'a';
  runs_.Free(first, 8);
  EXPECT_EQ(runs_.idle_pages(), 8u);
  EXPECT_EQ(*byte, 'a');
  runs_.Trim(0);
  EXPECT_EQ(runs_.idle_pages(), 0u);
  EXPECT_EQ(*byte, 0);
}

// No page is in two runs, and all come back.
TEST_F(PageRunsTest, AgreesWithAModelUnderRandomUse) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  std::mt19937_64 random(seed);
  std::map<uint32_t, uint32_t> out;  // pages by first page
  size_t pages_out = 0;
  for (size_t turn = 0; turn < testing::ScaledCount(20'000); ++turn) {
    if (out.size() < 100 && random() % 2 == 0) {
      const auto pages = static_cast<uint32_t>(1 + random() % (random() % 8 == 0 ? 300 : 20));
      const std::optional<uint32_t> first = runs_.Allocate(pages);
      ASSERT_TRUE(first.has_value());
      const auto after = out.lower_bound(*first);
      if (after != out.end()) {
        ASSERT_LE(*first + pages, after->first);
      }
      if (after != out.begin()) {
        const auto before = std::prev(after);
        ASSERT_LE(before->first + before->second, *first);
      }
      out.emplace(*first, pages);
      pages_out += pages;
    } else if (!out.empty()) {
      auto it = out.lower_bound(static_cast<uint32_t>(random() % 4000));
      if (it == out.end()) it = out.begin();
      runs_.Free(it->first, it->second);
      pages_out -= it->second;
      out.erase(it);
    }
    ASSERT_EQ(runs_.used_pages(), pages_out);
  }
  for (const auto& [first, pages] : out) runs_.Free(first, pages);
  runs_.Trim(0);
  EXPECT_EQ(runs_.idle_pages(), 0u);
  EXPECT_EQ(runs_.Allocate(1), 1u) << "all has grown together again";
}

}  // namespace
}  // namespace trivet::engine
