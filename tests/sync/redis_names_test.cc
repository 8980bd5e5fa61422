#include "sync/redis_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "engine/glob.h"

namespace trivet::sync {
namespace {

using ::testing::Optional;

TEST(RedisNamesTest, TheNamesAreInServersAndStay) {
  const RedisNames names({}, {.space = "users", .part = 3, .generation = 0x1a2b});
  EXPECT_EQ(names.hash(), "tv1:{5:users:3}:m");
  EXPECT_EQ(names.channel(), "tv1:{5:users:3}:c0");
  EXPECT_EQ(names.Key("42"), "tv1:{5:users:3}:1a2b:k:42");
  EXPECT_EQ(StampField("org:7"), "t:org:7");
}

TEST(RedisNamesTest, ProgramsWithAPrefixOrADatabaseOfTheirOwnKeepApart) {
  const SharedPart part{.space = "users", .part = 3, .generation = 7};
  const RedisNames staging({.prefix = "staging:", .database = 2}, part);
  EXPECT_EQ(staging.hash(), "staging:tv1:{5:users:3}:m");
  EXPECT_EQ(staging.channel(), "staging:tv1:{5:users:3}:c2");
  EXPECT_EQ(staging.KeyIn(RedisNames({}, part).Key("42")), std::nullopt);
}

TEST(RedisNamesTest, NamespacesDoNotRunTogether) {
  EXPECT_NE(RedisNames({}, {.space = "a:1", .part = 2}).hash(),
            RedisNames({}, {.space = "a", .part = 1}).hash());
  EXPECT_NE(RedisNames({}, {.space = "a}:m"}).hash(), RedisNames({}, {.space = "a"}).hash());
}

TEST(RedisNamesTest, AKeyIsFoundInItsNameAndInNoOther) {
  const RedisNames names({}, {.space = "users", .generation = 7});
  EXPECT_THAT(names.KeyIn(names.Key("a:k:b")), Optional(std::string_view("a:k:b")));
  EXPECT_EQ(names.KeyIn(names.hash()), std::nullopt);
  EXPECT_EQ(names.KeyIn(RedisNames({}, {.space = "users", .generation = 8}).Key("a")),
            std::nullopt);
  EXPECT_EQ(names.KeyIn(""), std::nullopt);
}

TEST(RedisNamesTest, PatternsConcernTheKeyAlone) {
  const RedisNames names({}, {.space = "*?[\\", .generation = 7});
  const auto glob = engine::Glob::Compile(names.Matching("a*"));
  ASSERT_TRUE(glob.ok());
  EXPECT_TRUE(glob->Matches(names.Key("ab")));
  EXPECT_FALSE(glob->Matches(names.Key("b")));
  EXPECT_FALSE(glob->Matches(RedisNames({}, {.space = "xyz\\", .generation = 7}).Key("ab")));
}

TEST(RedisNamesTest, GenerationsAreTextAndBack) {
  for (const uint64_t generation : {uint64_t{1}, uint64_t{0xABC}, ~uint64_t{0}}) {
    EXPECT_EQ(GenerationOf(GenerationText(generation)), generation);
  }
  for (const char* text : {"", "x", "1 ", "-1", "10000000000000000"}) {
    EXPECT_EQ(GenerationOf(text), 0u) << text;
  }
}

TEST(RedisNamesTest, EveryProcessFindsAKeyInTheSamePart) {
  EXPECT_EQ(PartOfKey("anything", 1), 0u);
  EXPECT_EQ(PartOfKey("a", 1024), 543u);
  EXPECT_EQ(PartOfKey("users:42", 1024), 39u);
  std::array<int, 4> keys = {};
  for (int i = 0; i < 4000; ++i) ++keys[PartOfKey("key" + std::to_string(i), 4)];
  for (const int count : keys) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace trivet::sync
