#include "bindings/cli/demo_data.h"

#include <cstddef>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "bindings/cli/demo_value.h"
#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

std::string Value(uint64_t row, uint64_t sequence) {
  std::string value;
  EncodeDemoValue(row, sequence, &value);
  return value;
}

TEST(DemoValue, TellsItsSequenceToItsRowAlone) {
  for (uint64_t row = 0; row < 300; ++row) {
    for (const uint64_t sequence : {uint64_t{0}, uint64_t{1}, uint64_t{77}, UINT64_MAX}) {
      const std::string value = Value(row, sequence);
      EXPECT_EQ(value.size(), DemoValueBytes(row));
      EXPECT_EQ(DecodeDemoValue(row, value), sequence);
      EXPECT_EQ(DecodeDemoValue(row + 1, value), std::nullopt);
    }
  }
  EXPECT_NE(Value(1, 1), Value(1, 2));
}

TEST(DemoValue, EveryDamageIsSeen) {
  constexpr uint64_t kRow = 42;
  const std::string good = Value(kRow, 9);
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_EQ(DecodeDemoValue(kRow, bad), std::nullopt) << "byte " << at << ", bit " << bit;
    }
  }
  EXPECT_EQ(DecodeDemoValue(kRow, good.substr(1)), std::nullopt);
  EXPECT_EQ(DecodeDemoValue(kRow, good + "x"), std::nullopt);
  EXPECT_EQ(DecodeDemoValue(kRow, ""), std::nullopt);
}

TEST(JudgeDemoValue, RightBetweenAcknowledgedAndBegun) {
  constexpr size_t kRow = 3;
  for (uint64_t sequence = 0; sequence < 10; ++sequence) {
    const DemoAnswer expected = sequence < 4   ? DemoAnswer::kStale
                                : sequence > 6 ? DemoAnswer::kWrong
                                               : DemoAnswer::kRight;
    EXPECT_EQ(JudgeDemoValue(kRow, Value(kRow, sequence), 4, 6), expected) << sequence;
  }
  EXPECT_EQ(JudgeDemoValue(kRow, Value(kRow + 1, 5), 4, 6), DemoAnswer::kWrong);
}

TEST(DemoLedger, CountsEachRow) {
  DemoLedger ledger(2);
  EXPECT_EQ(ledger.Begin(1), 1u);
  EXPECT_EQ(ledger.Begin(1), 2u);
  EXPECT_EQ(ledger.begun(1), 2u);
  EXPECT_EQ(ledger.acknowledged(1), 0u);
  ledger.Acknowledge(1, 2);
  EXPECT_EQ(ledger.acknowledged(1), 2u);
  EXPECT_EQ(ledger.begun(0), 0u);
}

TEST(DemoData, PopularRowsDependOnTheSeedAlone) {
  const DemoData one(1000, 7);
  const DemoData same(1000, 7);
  const DemoData other(1000, 8);
  std::mt19937_64 random(1);
  std::mt19937_64 random_same(1);
  std::mt19937_64 random_other(1);
  std::set<size_t> drawn;
  size_t different = 0;
  for (int i = 0; i < 1000; ++i) {
    const size_t row = one.Draw(random);
    ASSERT_LT(row, 1000u);
    EXPECT_EQ(same.Draw(random_same), row);
    different += other.Draw(random_other) != row ? 1 : 0;
    drawn.insert(row);
  }
  EXPECT_GT(different, 900u);
  EXPECT_GT(drawn.size(), 100u);
  EXPECT_LT(drawn.size(), 700u) << "not skewed";
  EXPECT_EQ(one.key(999), "row:0000000999");
}

}  // namespace
}  // namespace trivet::cli
