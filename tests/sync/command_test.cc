#include "sync/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sync/resp_reader.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"

namespace trivet::sync {
namespace {

using trivet::testing::IsOk;
using trivet::testing::StatusIs;

TEST(CommandTest, ArgumentsAreLengthPrefixed) {
  Commands commands;
  ASSERT_THAT(commands.Add({"SET", "k", ""}), IsOk());
  ASSERT_THAT(commands.Add({"GET", "k"}), IsOk());
  EXPECT_EQ(commands.bytes(),
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  EXPECT_EQ(commands.count(), 2u);
}

TEST(CommandTest, AnEmptyOrTooLongCommandAddsNothing) {
  Commands commands;
  EXPECT_THAT(commands.Add({}), StatusIs(absl::StatusCode::kInvalidArgument));
  const std::vector<std::string_view> many((1 << 20) + 1, "x");
  EXPECT_THAT(commands.Add(many), StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string half(257 << 20, 'v');
  EXPECT_THAT(commands.Add({half, half}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(commands.bytes(), "");
  EXPECT_EQ(commands.count(), 0u);
}

TEST(CommandTest, AnyBytesComeOutAsTheyWentIn) {
  const uint64_t seed = trivet::testing::RandomTestSeed();
  SCOPED_TRACE(trivet::testing::SeedTrace(seed));
  std::mt19937_64 random(seed);
  const std::string_view alphabet("\r\n$*\0 a1", 8);
  for (size_t i = 0; i < trivet::testing::ScaledCount(20'000); ++i) {
    std::vector<std::string> arguments(1 + random() % 5);
    for (std::string& argument : arguments) {
      for (size_t n = random() % 8; n > 0; --n) argument += alphabet[random() % alphabet.size()];
    }
    Commands commands;
    ASSERT_THAT(commands.Add(std::vector<std::string_view>(arguments.begin(), arguments.end())),
                IsOk());
    RespReader reader;  // a command is an array of strings, as a reply may be
    reader.Feed(commands.bytes());
    const auto reply = reader.Next();
    ASSERT_THAT(reply, IsOk());
    ASSERT_TRUE(reply->has_value());
    ASSERT_EQ((*reply)->elements.size(), arguments.size());
    for (size_t n = 0; n < arguments.size(); ++n) {
      ASSERT_EQ((*reply)->elements[n].text, arguments[n]);
    }
  }
}

}  // namespace
}  // namespace trivet::sync
