#include "engine/ghost_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

class GhostTableTest : public ::testing::Test {
 protected:
  uint32_t Add(uint32_t fingerprint) {
    const uint32_t number = ring_.Push({.fingerprint = fingerprint, .weight = 1});
    table_.Insert(number);
    return number;
  }

  GhostRing ring_{testing::TestArena(), ~uint32_t{0} - 5000};  // numbers wrap around
  GhostTable table_{testing::TestArena(), ring_};
};

TEST_F(GhostTableTest, FindsWhatWasInsertedUntilItIsErased) {
  EXPECT_EQ(table_.Find(1), std::nullopt);
  EXPECT_EQ(table_.bytes(), 0u);
  const uint32_t number = Add(1);
  EXPECT_EQ(table_.Find(1), number);
  table_.Erase(number);
  EXPECT_EQ(table_.Find(1), std::nullopt);
  EXPECT_EQ(table_.size(), 0u);
}

// One bucket, and one tag.
TEST_F(GhostTableTest, TheOldestOfAFullBucketGoes) {
  std::vector<uint32_t> numbers;
  for (uint32_t i = 0; i < 20; ++i) numbers.push_back(Add(i << 12));
  table_.CheckInvariants();
  EXPECT_EQ(table_.size(), 12u);
  EXPECT_EQ(table_.weight(), 12u);
  for (uint32_t i = 0; i < 20; ++i) EXPECT_EQ(table_.Find(i << 12).has_value(), i >= 8) << i;
}

TEST_F(GhostTableTest, HardlyAnyGoBeforeTheirTime) {
  std::mt19937 random(1);
  size_t added = 0;
  for (; added < 100'000; ++added) {
    const auto fingerprint = static_cast<uint32_t>(random());
    if (!table_.Find(fingerprint).has_value()) Add(fingerprint);
  }
  EXPECT_GT(table_.size(), added * 96 / 100);
}

TEST_F(GhostTableTest, GivesBucketsBack) {
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto fingerprint = static_cast<uint32_t>(random());
    if (!table_.Find(fingerprint).has_value()) Add(fingerprint);
  }
  const size_t full = table_.bytes();
  EXPECT_LT(full, table_.size() * 14);
  while (table_.size() > 100) {
    const uint32_t oldest = ring_.oldest();
    if (table_.Find(ring_[oldest].fingerprint) == oldest) table_.Erase(oldest);
    ring_.PopOldest();
  }
  table_.CheckInvariants();
  EXPECT_LT(table_.bytes(), full / 3);
  table_.Clear();
  EXPECT_EQ(table_.bytes(), 0u);
}

TEST_F(GhostTableTest, AgreesWithAMap) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  std::map<uint32_t, uint32_t> model;
  size_t gone_early = 0;
  for (size_t i = 0; i < ScaledCount(300'000); ++i) {
    const auto fingerprint = static_cast<uint32_t>(random() % 2000 * 0x9E3779B1u);
    const auto found = model.find(fingerprint);
    const std::optional<uint32_t> number = table_.Find(fingerprint);
    if (number.has_value()) {
      ASSERT_TRUE(found != model.end());
      ASSERT_EQ(*number, found->second);
    } else if (found != model.end()) {
      ++gone_early;
      model.erase(found);
      continue;
    }
    // Fills and empties itself by turns.
    const bool grows = i / 5000 % 2 == 0;
    if (found == model.end() && random() % 8 < (grows ? 6 : 1)) {
      model[fingerprint] = Add(fingerprint);
    } else if (found != model.end() && random() % 8 < (grows ? 1 : 6)) {
      table_.Erase(found->second);
      model.erase(found);
    }
    ASSERT_LE(table_.size(), model.size());
    if (i % 1000 == 0) table_.CheckInvariants();
  }
  EXPECT_LT(gone_early, ScaledCount(300'000) / 50);
}

}  // namespace
}  // namespace trivet::engine
