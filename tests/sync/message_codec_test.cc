#include "sync/message_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "tests/support/random_test.h"
#include "trivet/options.h"

namespace trivet::sync {
namespace {

using Kind = SharedRecord::Kind;
using ::testing::ElementsAre;
using ::testing::Optional;

constexpr uint64_t kOrigin = 0x0A0B0C0D0E0F1011;
constexpr uint64_t kGeneration = 0x123456789ABC;

std::string Whole(const std::vector<SharedRecord>& records, uint64_t sequence = 7) {
  MessageBuilder builder(kOrigin, kGeneration);
  for (const SharedRecord& record : records) {
    EXPECT_TRUE(builder.Add(record.kind, record.version, record.token, record.name));
  }
  return WholeMessage(builder.Finish(), sequence);
}

TEST(MessageCodecTest, AMessageComesBackAsItWasSent) {
  const std::vector<SharedRecord> records = {
      {.kind = Kind::kWriting, .token = 3, .name = "a"},
      {.kind = Kind::kKey, .version = ~uint64_t{0}, .token = 3, .name = std::string("\0\r\n", 3)},
      {.kind = Kind::kTag, .name = "org:7"},
      {.kind = Kind::kPattern, .name = ""},
      {.kind = Kind::kClear, .version = 5},
      {.kind = Kind::kFence}};
  EXPECT_THAT(
      DecodeMessage(Whole(records)),
      Optional(SharedMessage{
          .origin = kOrigin, .generation = kGeneration, .sequence = 7, .records = records}));
}

TEST(MessageCodecTest, TheFormatIsSpokenBetweenProcessesAndStays) {
  EXPECT_EQ(absl::BytesToHexString(
                Whole({{.kind = Kind::kKey, .version = 9, .token = 3, .name = "key"}})),
            "744d01000100000011100f0e0d0c0b0abc9a7856341200000700000000000000"
            "0209000000000000000300000000000000030000006b65793bb4ca590b6621b5"
            "0700000000000000");
}

TEST(MessageCodecTest, AFullMessageRefusesMore) {
  MessageBuilder by_count(kOrigin, kGeneration);
  for (size_t i = 0; i < kRecordsMax; ++i) ASSERT_TRUE(by_count.Add(Kind::kKey, 0, 0, "k"));
  EXPECT_FALSE(by_count.Add(Kind::kKey, 0, 0, "k"));
  const auto message = DecodeMessage(WholeMessage(by_count.Finish(), 1));
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->records.size(), kRecordsMax);

  const std::string longest(kKeyBytesMax, 'k');
  MessageBuilder by_bytes(kOrigin, kGeneration);
  EXPECT_TRUE(by_bytes.Add(Kind::kKey, 0, 0, longest));
  EXPECT_FALSE(by_bytes.Add(Kind::kKey, 0, 0, "k"));
  EXPECT_EQ(by_bytes.count(), 1u);
  EXPECT_TRUE(DecodeMessage(WholeMessage(by_bytes.Finish(), 1)).has_value());
}

TEST(MessageCodecTest, EveryBitThatFlipsIsSeen) {
  const std::string good = Whole(
      {{.kind = Kind::kKey, .version = 9, .name = "key"}, {.kind = Kind::kTag, .name = "tag"}});
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(DecodeMessage(bad), std::nullopt) << "bit " << bit;
  }
}

TEST(MessageCodecTest, WhatIsCutOrGoesOnIsRefused) {
  const std::string good = Whole({{.kind = Kind::kKey, .name = "key"}});
  for (size_t size = 0; size < good.size(); ++size) {
    const std::vector<char> exact(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(DecodeMessage({exact.data(), exact.size()}), std::nullopt) << size << " bytes";
  }
  EXPECT_EQ(DecodeMessage(good + "x"), std::nullopt);
}

TEST(MessageCodecTest, SequencesBeyondWhatScriptsCanCountAreRefused) {
  const std::vector<SharedRecord> records = {{.kind = Kind::kFence}};
  EXPECT_TRUE(DecodeMessage(Whole(records, (uint64_t{1} << 53) - 1)).has_value());
  EXPECT_EQ(DecodeMessage(Whole(records, uint64_t{1} << 53)), std::nullopt);
  EXPECT_EQ(DecodeMessage(Whole(records, 0)), std::nullopt);
}

TEST(MessageCodecTest, RandomRecordsComeBack) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < testing::ScaledCount(2'000); ++round) {
    std::vector<SharedRecord> records(1 + random() % 5);
    for (SharedRecord& record : records) {
      record = {.kind = static_cast<Kind>(1 + random() % 4),
                .version = random(),
                .token = random(),
                .name = std::string(1 + random() % 200, static_cast<char>(random()))};
    }
    const auto message = DecodeMessage(Whole(records, 1 + random() % 1000));
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->records, records);
  }
}

}  // namespace
}  // namespace trivet::sync
