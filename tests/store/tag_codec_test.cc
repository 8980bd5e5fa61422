#include "store/tag_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/support/random_test.h"
#include "trivet/options.h"

namespace trivet::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

std::vector<std::string> RoundTrip(const std::vector<std::string>& tags) {
  return DecodeTags(EncodeTags(tags)).value_or(std::vector<std::string>{"not decoded"});
}

TEST(TagCodecTest, NoTagsAreNoBytes) {
  EXPECT_EQ(EncodeTags({}), "");
  EXPECT_THAT(DecodeTags(""), Optional(IsEmpty()));
}

TEST(TagCodecTest, TagsComeBackInOrderAndOnce) {
  EXPECT_THAT(RoundTrip({"b", "a", "ab", "b"}), ElementsAre("a", "ab", "b"));
}

TEST(TagCodecTest, EqualSetsHaveEqualEncodings) {
  EXPECT_EQ(EncodeTags(std::vector<std::string>{"x", "y"}),
            EncodeTags(std::vector<std::string>{"y", "x", "y"}));
}

TEST(TagCodecTest, TheFormatIsOnDiskAndStays) {
  EXPECT_EQ(EncodeTags(std::vector<std::string>{"red", "a"}), std::string("\x01"
                                                                          "a"
                                                                          "\x03"
                                                                          "red"));
}

TEST(TagCodecTest, TagsAreArbitraryBytesOfEveryAllowedLength) {
  const std::string longest(kNameBytesMax, '\xff');
  const std::string zeros(2, '\0');
  EXPECT_THAT(RoundTrip({longest, zeros}), ElementsAre(zeros, longest));
}

TEST(TagCodecTest, WhatIsNotAnEncodingIsRefused) {
  const std::string bad[] = {
      std::string(1, '\0'),  // an empty tag
      std::string("\x02"
                  "a"),     // cut short
      std::string("\x01"),  // cut shorter
      std::string("\x01"
                  "b"
                  "\x01"
                  "a"),  // out of order
      std::string("\x01"
                  "a"
                  "\x01"
                  "a"),  // twice
      std::string("\x01"
                  "a"
                  "\xff"),
  };
  for (const std::string& encoded : bad) EXPECT_EQ(DecodeTags(encoded), std::nullopt);
}

TEST(TagCodecTest, RandomBytesAreRefusedOrAreExactlyAnEncoding) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  std::mt19937_64 random(seed);
  const size_t rounds = testing::ScaledCount(20'000);
  for (size_t round = 0; round < rounds; ++round) {
    std::string bytes(random() % 12, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 5);
    const std::vector<char> exact(bytes.begin(), bytes.end());  // reading past the end is seen
    const auto tags = DecodeTags({exact.data(), exact.size()});
    EXPECT_EQ(tags.has_value() ? EncodeTags(*tags) : bytes, bytes);
  }
}

}  // namespace
}  // namespace trivet::store
