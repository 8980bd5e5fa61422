#include "engine/address_range.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace trivet::engine {
namespace {

constexpr size_t kPage = 4096;

// What the system says of the mappings that lie in a range.
struct Mappings {
  bool told = false;      // it knows transparent huge pages
  bool all_avoid = true;  // no huge pages, please
  bool any_prefer = false;
  size_t resident_bytes = 0;
  size_t huge_bytes = 0;  // of them, in huge pages
};

Mappings MappingsOf(const AddressRange& range) {
  const auto begin = reinterpret_cast<uintptr_t>(range.data());
  Mappings mappings;
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name.find('-') != std::string::npos) {  // "7f...-7f... rw-p ..."
      const uintptr_t at = std::stoull(name, nullptr, 16);
      inside = at >= begin && at < begin + range.size();
    } else if (inside && name == "VmFlags:") {
      const bool avoids = line.find(" nh") != std::string::npos;
      const bool prefers = line.find(" hg") != std::string::npos;
      mappings.told = mappings.told || avoids || prefers;
      mappings.all_avoid = mappings.all_avoid && avoids;
      mappings.any_prefer = mappings.any_prefer || prefers;
    } else if (inside && (name == "Rss:" || name == "AnonHugePages:")) {
      size_t kib = 0;
      words >> kib;
      (name == "Rss:" ? mappings.resident_bytes : mappings.huge_bytes) += kib << 10;
    }
  }
  return mappings;
}

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

TEST(AddressRangeTest, WhereHugePagesAreAvoidedTheRestIsGivenBackAndGrowsInSmallSteps) {
  AddressRange range(64 << 20);
  range.PreferHugePages();
  ASSERT_TRUE(range.Commit(8 << 20));
  std::memset(range.data(), 'a', 8 << 20);
  range.AvoidHugePages(1 << 20);
  EXPECT_FALSE(range.prefers_huge_pages());
  EXPECT_EQ(range.data()[0], 'a');
  EXPECT_EQ(range.data()[(1 << 20) - 1], 'a');
  EXPECT_EQ(range.data()[1 << 20], 0);
  EXPECT_EQ(range.data()[(8 << 20) - 1], 0);
  EXPECT_EQ(range.committed(), size_t{8} << 20) << "what was committed may be used";
  ASSERT_TRUE(range.Commit((8 << 20) + 1));
  EXPECT_LT(range.committed(), size_t{9} << 20);
}

TEST(AddressRangeTest, WhereHugePagesAreAvoidedTheSystemMakesNone) {
  AddressRange range(64 << 20);
  range.PreferHugePages();
  ASSERT_TRUE(range.Commit(8 << 20));
  std::memset(range.data(), 'a', 8 << 20);
  const Mappings before = MappingsOf(range);
  if (!before.told) GTEST_SKIP() << "the system has no transparent huge pages, or does not tell";
  EXPECT_TRUE(before.any_prefer);
  range.AvoidHugePages(1 << 20);
  const Mappings after = MappingsOf(range);
  EXPECT_TRUE(after.all_avoid);
  EXPECT_FALSE(after.any_prefer);
  EXPECT_LE(after.resident_bytes, size_t{1} << 20);
  std::memset(range.data(), 'b', 8 << 20);
  const Mappings again = MappingsOf(range);
  EXPECT_GE(again.resident_bytes, size_t{8} << 20);
  EXPECT_EQ(again.huge_bytes, 0u) << "of " << before.huge_bytes << " before";
}

}  // namespace
}  // namespace trivet::engine
