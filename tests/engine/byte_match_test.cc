#include "engine/byte_match.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>

#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

// Both ways to answer; where the processor has no instruction for it, one and the same.
constexpr unsigned (*kWays[])(uint64_t, uint64_t, uint8_t) = {MatchBytes, MatchBytesOneByOne};

TEST(ByteMatchTest, TheLowestBitIsTheLowestByteOfTheFirstWord) {
  for (const auto& match : kWays) {
    EXPECT_EQ(match(0x0807060504030201, 0x100f0e0d0c0b0a09, 1), 1u);
    EXPECT_EQ(match(0x0807060504030201, 0x100f0e0d0c0b0a09, 8), 1u << 7);
    EXPECT_EQ(match(0x0807060504030201, 0x100f0e0d0c0b0a09, 9), 1u << 8);
    EXPECT_EQ(match(0x0807060504030201, 0x100f0e0d0c0b0a09, 16), 1u << 15);
    EXPECT_EQ(match(0x0807060504030201, 0x100f0e0d0c0b0a09, 17), 0u);
  }
}

TEST(ByteMatchTest, FindsAllOfThemZerosAndBytesWithTheHighBitToo) {
  for (const auto& match : kWays) {
    EXPECT_EQ(match(0, 0, 0), 0xffffu);
    EXPECT_EQ(match(~uint64_t{0}, ~uint64_t{0}, 0xff), 0xffffu);
    EXPECT_EQ(match(0x8000000000000080, 0x0000008000000000, 0x80), 1u | 1u << 7 | 1u << 12);
    EXPECT_EQ(match(0x7f817f817f817f81, 0, 0x80), 0u) << "neighbours do not count";
  }
}

TEST(ByteMatchTest, BothWaysAgree) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < ScaledCount(300'000); ++i) {
    // Few different bytes, so that some match; of all values, so that none is special.
    const uint64_t any = random();
    const auto pick = [&](uint64_t choices) {
      uint64_t word = 0;
      for (int byte = 0; byte < 8; ++byte)
        word = word << 8 | (any >> 8 * (choices >> 3 * byte & 7) & 0xff);
      return word;
    };
    const uint64_t first = pick(random());
    const uint64_t second = pick(random());
    const auto byte = static_cast<uint8_t>(any >> 8 * (random() % 8));
    ASSERT_EQ(MatchBytes(first, second, byte), MatchBytesOneByOne(first, second, byte))
        << std::hex << first << ' ' << second << ' ' << unsigned{byte};
  }
}

}  // namespace
}  // namespace trivet::engine
