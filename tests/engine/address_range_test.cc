#include "engine/address_range.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace trivet::engine {
namespace {

constexpr size_t kPage = 4096;

TEST(AddressRangeTest, ReservesWithoutMemory) {
  const AddressRange range(size_t{1} << 40);
  EXPECT_GE(range.size(), size_t{1} << 30) << "a limit on addresses may have halved it";
  EXPECT_EQ(range.committed(), 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(range.data()) % (2 << 20), 0u) << "a huge page may begin";
}

TEST(AddressRangeTest, WhatIsCommittedIsZeroAndStaysWhereItIs) {
  AddressRange range(64 << 20);
  ASSERT_TRUE(range.Commit(1));
  char* const data = range.data();
  EXPECT_EQ(data[0], 0);
  data[0] = 'a';
  ASSERT_TRUE(range.Commit(10 << 20));
  EXPECT_EQ(range.data(), data);
  EXPECT_EQ(data[0], 'a');
  EXPECT_EQ(data[(10 << 20) - 1], 0);
  ASSERT_TRUE(range.Commit(5)) << "less than before changes nothing";
  EXPECT_GE(range.committed(), size_t{10} << 20);
}

TEST(AddressRangeTest, RefusesWhatLiesBeyondIt) {
  AddressRange range(1 << 20);
  EXPECT_FALSE(range.Commit((1 << 20) + 1));
  EXPECT_TRUE(range.Commit(1 << 20));
}

TEST(AddressRangeTest, DiscardedPagesAreZeroAgainAndTheirNeighboursUntouched) {
  AddressRange range(1 << 20);
  ASSERT_TRUE(range.Commit(8 * kPage));
  for (size_t i = 0; i < 8 * kPage; ++i) range.data()[i] = 'a';
  // Only whole pages.
  range.Discard(kPage - 1, 2 * kPage + 2);
  EXPECT_EQ(range.data()[kPage - 1], 'a');
  EXPECT_EQ(range.data()[kPage], 0);
  EXPECT_EQ(range.data()[3 * kPage - 1], 0);
  EXPECT_EQ(range.data()[3 * kPage], 'a');
}

TEST(AddressRangeTest, WorksWithHugePages) {
  AddressRange range(64 << 20);
  range.PreferHugePages();
  ASSERT_TRUE(range.Commit(1));
  EXPECT_EQ(range.committed(), size_t{2} << 20);
  range.data()[0] = 'a';
}

}  // namespace
}  // namespace trivet::engine
