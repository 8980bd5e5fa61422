#include "trivet/stats.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace trivet {
namespace {

using Fields = std::array<uint64_t, sizeof(Stats) / sizeof(uint64_t)>;

TEST(Stats, SumsEveryField) {
  Fields a;
  Fields b;
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = i + 1;
    b[i] = 1000 * (i + 1);
  }
  Stats sum = std::bit_cast<Stats>(a);
  sum += std::bit_cast<Stats>(b);
  const auto fields = std::bit_cast<Fields>(sum);
  for (size_t i = 0; i < fields.size(); ++i) EXPECT_EQ(fields[i], 1001 * (i + 1)) << "field " << i;
}

TEST(Stats, HitRatioIsZeroBeforeTheFirstLookUp) {
  EXPECT_EQ(Stats{}.hit_ratio(), 0.0);
  EXPECT_EQ((Stats{.hits = 3, .misses = 1}).hit_ratio(), 0.75);
}

}  // namespace
}  // namespace trivet
