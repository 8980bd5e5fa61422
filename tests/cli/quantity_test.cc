#include "bindings/cli/quantity.h"

#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;

TEST(ParseBytes, SuffixesArePowersOf1024) {
  const struct {
    const char* text;
    uint64_t bytes;
  } kCases[] = {
      {"0", 0},
      {"4096", 4096},
      {"7b", 7},
      {"7B", 7},
      {"64K", 64 << 10},
      {"64k", 64 << 10},
      {"64KB", 64 << 10},
      {"64KiB", 64 << 10},
      {"16M", 16 << 20},
      {"2G", uint64_t{2} << 30},
      {"3TiB", uint64_t{3} << 40},
      {"9223372036854775807", INT64_MAX},
  };
  for (const auto& c : kCases) {
    const absl::StatusOr<uint64_t> bytes = ParseBytes(c.text);
    ASSERT_TRUE(bytes.ok()) << c.text << ": " << bytes.status();
    EXPECT_EQ(*bytes, c.bytes) << c.text;
  }
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"", "K", "-1", "+1", "1.5G", " 1", "1 ", "1X", "1Kx", "1KiBB", "0x10",
                           "9223372036854775808", "99999999999999999999", "8388608T"}) {
    const absl::StatusOr<uint64_t> bytes = ParseBytes(text);
    ASSERT_FALSE(bytes.ok()) << text;
    EXPECT_THAT(std::string(bytes.status().message()), HasSubstr(text));
  }
}

TEST(ParseDuration, TakesUnitsDaysAndBareSeconds) {
  const struct {
    const char* text;
    absl::Duration duration;
  } kCases[] = {
      {"90", absl::Seconds(90)},          {"0", absl::ZeroDuration()},
      {"1.5s", absl::Milliseconds(1500)}, {"0.25", absl::Milliseconds(250)},
      {"250ms", absl::Milliseconds(250)}, {"1h30m", absl::Minutes(90)},
      {"7d", absl::Hours(168)},           {"-5m", absl::Minutes(-5)},
      {"inf", absl::InfiniteDuration()},
  };
  for (const auto& c : kCases) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(c.text);
    ASSERT_TRUE(duration.ok()) << c.text << ": " << duration.status();
    EXPECT_EQ(*duration, c.duration) << c.text;
  }
  for (const char* text : {"", "s", "d", "m5", "1x", "1h2d", "1 h", "five"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ParseTtl, MustBePositiveAndAtMostAYear) {
  EXPECT_TRUE(ParseTtl("1ms").ok());
  EXPECT_TRUE(ParseTtl("366d").ok());
  EXPECT_TRUE(ParseTtl("inf").ok());
  for (const char* text : {"0", "0s", "-5m", "367d", "-inf"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseTtl(text).status())) << text;
  }
}

TEST(Format, IsForPeople) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(16 << 20), "16.0 MiB");
  EXPECT_EQ(FormatNanoseconds(350), "350 ns");
  EXPECT_EQ(FormatNanoseconds(5100), "5.1 us");
  EXPECT_EQ(FormatNanoseconds(1'200'000), "1.2 ms");
  EXPECT_EQ(FormatNanoseconds(3'000'000'000), "3.0 s");
  EXPECT_EQ(FormatPercent(0.8312), "83.12 %");
  EXPECT_EQ(FormatSeconds(absl::Milliseconds(12345)), "12.3 s");
}

}  // namespace
}  // namespace trivet::cli
