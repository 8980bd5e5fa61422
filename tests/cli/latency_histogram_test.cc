#include "bindings/cli/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

TEST(LatencyHistogram, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (uint64_t ns = 1; ns <= 60; ++ns) histogram.Record(ns);
  EXPECT_EQ(histogram.count(), 60u);
  EXPECT_EQ(histogram.Percentile(50), 30u);
  EXPECT_EQ(histogram.Percentile(100), 60u);
  EXPECT_EQ(histogram.Percentile(0.001), 1u);
}

TEST(LatencyHistogram, NothingRecordedIsZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.Percentile(99), 0u);
}

TEST(LatencyHistogram, PercentilesAreNeverTooSmallAndAtMostAThirtySecondTooLarge) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  std::vector<uint64_t> values;
  LatencyHistogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t ns = random() >> (24 + random() % 40);  // all magnitudes below 2^40
    values.push_back(ns);
    histogram.Record(ns);
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.1, 1.0, 10.0, 25.0, 50.0, 75.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * 20'000));
    const uint64_t exact = values[rank - 1];
    const uint64_t told = histogram.Percentile(percent);
    EXPECT_GE(told, exact) << percent << " %, seed " << kSeed;
    EXPECT_LE(told, exact + exact / 32 + 1) << percent << " %, seed " << kSeed;
  }
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(LatencyHistogram, BucketEdges) {
  for (int bit = 0; bit < 40; ++bit) {
    for (const int64_t step : {-1, 0, 1}) {
      const uint64_t ns = (uint64_t{1} << bit) + static_cast<uint64_t>(step);
      LatencyHistogram histogram;
      histogram.Record(ns);
      histogram.Record(UINT64_MAX);
      EXPECT_GE(histogram.Percentile(50), ns) << ns;
      EXPECT_LE(histogram.Percentile(50), ns + ns / 32) << ns;
      EXPECT_EQ(histogram.Percentile(100), UINT64_MAX);
    }
  }
}

TEST(LatencyHistogram, MergeCountsBoth) {
  LatencyHistogram one;
  LatencyHistogram other;
  for (uint64_t ns = 1; ns <= 30; ++ns) one.Record(ns);
  for (uint64_t ns = 31; ns <= 60; ++ns) other.Record(ns);
  one.Merge(other);
  EXPECT_EQ(one.count(), 60u);
  EXPECT_EQ(one.Percentile(50), 30u);
  EXPECT_EQ(one.max(), 60u);
}

}  // namespace
}  // namespace trivet::cli
