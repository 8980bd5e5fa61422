#include "sync/slot_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "tests/support/random_test.h"
#include "trivet/options.h"

namespace trivet::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kToken = 0x1122334455667788;

std::string Bytes(const char* hex) { return absl::HexStringToBytes(hex); }

// A tomb, unless other bytes are asked for.
std::string Mark(uint8_t state, uint8_t flags = 0) {
  std::string bytes = EncodeClaim(kToken);
  bytes[3] = static_cast<char>(state);
  bytes[4] = static_cast<char>(flags);
  return bytes;
}

TEST(SlotCodecTest, AClaimIsAMarkWithItsToken) {
  const std::string bytes = EncodeClaim(kToken);
  EXPECT_EQ(bytes, Bytes("745601020000000088776655443322110000000000000000"));
  const std::optional<Slot> slot = DecodeSlot(bytes);
  ASSERT_TRUE(slot.has_value());
  EXPECT_EQ(slot->state, SlotState::kClaim);
  EXPECT_EQ(slot->token, kToken);
  EXPECT_EQ(slot->version, 0u);
}

TEST(SlotCodecTest, MarksOfScriptsAreUnderstood) {
  std::string tomb = Mark(3);
  tomb[16] = 9;
  ASSERT_TRUE(DecodeSlot(tomb).has_value());
  EXPECT_EQ(DecodeSlot(tomb)->state, SlotState::kTomb);
  EXPECT_EQ(DecodeSlot(tomb)->version, 9u);
  ASSERT_TRUE(DecodeSlot(Mark(4, 1)).has_value());
  EXPECT_TRUE(DecodeSlot(Mark(4, 1))->dirtied);
  EXPECT_FALSE(DecodeSlot(Mark(4))->dirtied);
}

TEST(SlotCodecTest, AValueComesBackWithAllThatBelongsToIt) {
  const std::vector<std::string> tags = {"red", "a", "red"};
  const std::string value("v\0\r\n", 4);
  const std::string bytes = EncodeValue(kToken, {.value = value,
                                                 .version = ~uint64_t{0},
                                                 .tags = tags,
                                                 .birth = 41,
                                                 .ttl = absl::Milliseconds(1500)});
  const std::optional<Slot> slot = DecodeSlot(bytes);
  ASSERT_TRUE(slot.has_value());
  EXPECT_EQ(slot->state, SlotState::kValue);
  EXPECT_EQ(slot->token, kToken);
  EXPECT_EQ(slot->version, ~uint64_t{0});
  EXPECT_EQ(slot->birth, 41u);
  EXPECT_EQ(slot->ttl, absl::Milliseconds(1500));
  EXPECT_THAT(slot->tags, ElementsAre("a", "red"));
  EXPECT_EQ(slot->value, value);
  EXPECT_FALSE(slot->negative);
}

TEST(SlotCodecTest, TheFormatIsInServersAndStays) {
  const std::vector<std::string> tags = {"red", "a"};
  EXPECT_EQ(absl::BytesToHexString(
                EncodeValue(kToken, {.value = "v", .version = 7, .tags = tags, .birth = 41})),
            "7456010100000000887766554433221107000000000000002900000000000000"
            "000000000000000006000000010000004ce0f6227dae708401610372656476");
}

TEST(SlotCodecTest, EmptyAndNegativeValuesAreDifferentValues) {
  const std::optional<Slot> empty = DecodeSlot(EncodeValue(kToken, {.value = ""}));
  ASSERT_TRUE(empty.has_value());
  EXPECT_FALSE(empty->negative);
  EXPECT_EQ(empty->value, "");
  EXPECT_THAT(empty->tags, IsEmpty());
  EXPECT_EQ(empty->ttl, absl::InfiniteDuration());
  const std::optional<Slot> negative = DecodeSlot(EncodeValue(kToken, {.negative = true}));
  ASSERT_TRUE(negative.has_value());
  EXPECT_TRUE(negative->negative);
}

TEST(SlotCodecTest, TheShortestTtlIsNotForEver) {
  const auto ttl = [](absl::Duration given) {
    return DecodeSlot(EncodeValue(kToken, {.value = "v", .ttl = given}))->ttl;
  };
  EXPECT_EQ(ttl(absl::Nanoseconds(1)), absl::Milliseconds(1));
  EXPECT_EQ(ttl(kTtlMax), kTtlMax);
}

TEST(SlotCodecTest, ManyTagsOfEveryAllowedLength) {
  std::vector<std::string> tags;
  for (size_t i = 0; i < kTagsPerEntryMax; ++i) {
    tags.push_back(std::string(kNameBytesMax - i, static_cast<char>(255 - i)));
  }
  const std::string bytes = EncodeValue(kToken, {.value = "v", .tags = tags});
  ASSERT_TRUE(DecodeSlot(bytes).has_value());
  EXPECT_EQ(DecodeSlot(bytes)->tags.size(), kTagsPerEntryMax);
}

TEST(SlotCodecTest, EveryBitThatFlipsInAValueIsSeen) {
  const std::vector<std::string> tags = {"t"};
  const std::string good = EncodeValue(kToken, {.value = "value", .tags = tags, .birth = 3});
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(DecodeSlot(bad), std::nullopt) << "bit " << bit;
  }
}

TEST(SlotCodecTest, WhatIsCutOrGoesOnIsRefused) {
  const std::string good = EncodeValue(kToken, {.value = "value"});
  for (size_t size = 0; size < good.size(); ++size) {
    const std::vector<char> exact(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(DecodeSlot({exact.data(), exact.size()}), std::nullopt) << size << " bytes";
  }
  EXPECT_EQ(DecodeSlot(good + "x"), std::nullopt);
  EXPECT_EQ(DecodeSlot(EncodeClaim(kToken) + "x"), std::nullopt);
}

TEST(SlotCodecTest, UnknownStatesFlagsAndFormatsAreRefused) {
  for (const uint8_t state : {0, 5, 255}) EXPECT_EQ(DecodeSlot(Mark(state)), std::nullopt);
  EXPECT_EQ(DecodeSlot(Mark(2, 1)), std::nullopt);
  EXPECT_EQ(DecodeSlot(Mark(3, 2)), std::nullopt);
  EXPECT_EQ(DecodeSlot(Mark(4, 4)), std::nullopt);
  std::string other = Mark(3);
  other[2] = kSlotFormat + 1;
  EXPECT_EQ(DecodeSlot(other), std::nullopt);
}

TEST(SlotCodecTest, BrokenSlotsHaveATokenAllTheSame) {
  EXPECT_EQ(TokenOf(EncodeClaim(kToken)), kToken);
  EXPECT_EQ(TokenOf("12345678" + Bytes("8877665544332211")), kToken);
  EXPECT_EQ(TokenOf("123456781234567"), 0u);
  EXPECT_EQ(TokenOf(""), 0u);
}

TEST(SlotCodecTest, RandomBytesBehindAMarkNeverDecodeByChance) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < testing::ScaledCount(20'000); ++round) {
    std::string bytes = Mark(1);
    bytes.resize(kMarkBytes + random() % 80);
    for (size_t i = kMarkBytes; i < bytes.size(); ++i) bytes[i] = static_cast<char>(random() % 3);
    const std::vector<char> exact(bytes.begin(), bytes.end());
    EXPECT_EQ(DecodeSlot({exact.data(), exact.size()}), std::nullopt);
  }
}

}  // namespace
}  // namespace trivet::sync
