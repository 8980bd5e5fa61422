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
  void AgreeWithAModel();

  AddressRange range_{256 << 20};
  PageRuns runs_{range_};
};

constexpr uint32_t kHugePage = AddressRange::kHugePageBytes / kPage;

class HugePageRunsTest : public PageRunsTest {
 protected:
  HugePageRunsTest() { range_.PreferHugePages(); }
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
  char* const byte = range_.data() + size_t{first + kMany - 1} * kPage;
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

TEST_F(PageRunsTest, WhatIsNotNeededForAWhileGivesItsMemoryBack) {
  const uint32_t first = *runs_.Allocate(100);
  runs_.Free(first, 100);
  runs_.TrimUnused();
  EXPECT_EQ(runs_.idle_pages(), 100u) << "it was in use since the last call";
  const uint32_t again = *runs_.Allocate(60);
  runs_.Free(again, 60);
  runs_.TrimUnused();
  EXPECT_EQ(runs_.idle_pages(), 60u) << "of a hundred pages, forty were not needed";
  runs_.TrimUnused();
  EXPECT_EQ(runs_.idle_pages(), 0u);
}

TEST_F(HugePageRunsTest, NeighboursOfWhatIsTouchedMayHaveMemory) {
  const uint32_t first = *runs_.Allocate(4 * kHugePage - 1);
  runs_.Free(first, 4 * kHugePage - 1);
  runs_.Trim(0);
  ASSERT_EQ(runs_.Allocate(32), first);
  EXPECT_EQ(runs_.idle_pages(), kHugePage - 32 - 1) << "the rest of the huge page, less page 0";
  ASSERT_EQ(runs_.Allocate(32), first + 32) << "from there, at no cost";
  EXPECT_EQ(runs_.idle_pages(), kHugePage - 64 - 1);
  // From within the second one to within the third one.
  const uint32_t over_an_edge = *runs_.Allocate(kHugePage + 5);
  EXPECT_EQ(over_an_edge, kHugePage);
  EXPECT_EQ(runs_.idle_pages(), kHugePage - 64 - 1 + kHugePage - 5);
  runs_.Trim(0);
  EXPECT_EQ(runs_.idle_pages(), 0u);
}

TEST_F(HugePageRunsTest, TheRestOfAHoleMayHaveMemory) {
  ASSERT_EQ(runs_.Allocate(kHugePage - 1), 1u);
  const uint32_t left = *runs_.Allocate(100);
  const uint32_t middle = *runs_.Allocate(32);
  ASSERT_TRUE(runs_.Allocate(1).has_value());
  ASSERT_TRUE(runs_.Allocate(kHugePage - 133).has_value());
  runs_.Free(left, 100);
  runs_.Free(middle, 32);
  runs_.Trim(0);
  EXPECT_EQ(runs_.Allocate(110), left);
  EXPECT_EQ(runs_.idle_pages(), 22u) << "what follows in the same huge page";
}

// The system may make a huge page of a few touched ones and the hole between them.
TEST_F(HugePageRunsTest, WhatGotMemoryBehindOurBackIsGivenBackAgain) {
  const uint32_t first = *runs_.Allocate(8);
  ASSERT_TRUE(runs_.Allocate(1).has_value());
  runs_.Free(first, 8);
  runs_.Trim(0);
  char* const byte = range_.data() + size_t{first} * kPage;
  for (int round = 0; round < 2; ++round) {
    *byte = 'a';
    runs_.TrimAgain(1);
    EXPECT_EQ(*byte, 0) << "the page came anew";
  }
}

TEST_F(HugePageRunsTest, WhatIsIdleIsNotGivenBackAgain) {
  const uint32_t first = *runs_.Allocate(8);
  char* const byte = range_.data() + size_t{first} * kPage;
  *byte = 'a';
  runs_.Free(first, 8);
  runs_.TrimAgain(10);
  EXPECT_EQ(*byte, 'a');
}

TEST_F(PageRunsTest, AgreesWithAModelUnderRandomUse) { AgreeWithAModel(); }
TEST_F(HugePageRunsTest, AgreesWithAModelUnderRandomUse) { AgreeWithAModel(); }

// No page is in two runs, and all come back.
void PageRunsTest::AgreeWithAModel() {
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
    if (random() % 64 == 0) runs_.Trim(random() % 512);
    if (random() % 64 == 0) runs_.TrimAgain(random() % 8);
    ASSERT_EQ(runs_.used_pages(), pages_out);
  }
  for (const auto& [first, pages] : out) runs_.Free(first, pages);
  runs_.Trim(0);
  EXPECT_EQ(runs_.idle_pages(), 0u);
  EXPECT_EQ(runs_.Allocate(1), 1u) << "all has grown together again";
}

}  // namespace
}  // namespace trivet::engine
