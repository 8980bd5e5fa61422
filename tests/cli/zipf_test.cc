#include "bindings/cli/zipf.h"

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

TEST(Zipf, RanksAreAsFrequentAsTheFormulaSays) {
  constexpr size_t kRanks = 100;
  constexpr size_t kDraws = 1'000'000;
  for (const double skew : {0.0, 0.99, 1.5}) {
    double norm = 0;
    for (size_t i = 1; i <= kRanks; ++i) norm += std::pow(i, -skew);
    const Zipf zipf(kRanks, skew);
    std::mt19937_64 random(11);
    std::vector<size_t> seen(kRanks);
    for (size_t i = 0; i < kDraws; ++i) ++seen[zipf(random)];
    for (size_t i = 0; i < kRanks; ++i) {
      const double expected = kDraws * std::pow(i + 1, -skew) / norm;
      EXPECT_NEAR(static_cast<double>(seen[i]), expected, 5 * std::sqrt(expected))
          << "rank " << i << ", skew " << skew;
    }
  }
}

TEST(Zipf, OneRankIsAlwaysDrawn) {
  const Zipf zipf(1, 0.99);
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zipf(random), 0u);
}

TEST(Zipf, EqualSeedsDrawEqualRanks) {
  const Zipf zipf(1000, 0.99);
  std::mt19937_64 one(3);
  std::mt19937_64 other(3);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(zipf(one), zipf(other));
}

}  // namespace
}  // namespace trivet::cli
