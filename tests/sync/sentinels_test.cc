#include "sync/sentinels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

using ::testing::HasSubstr;

absl::Status Silent() {
  return MakeRedisStatus(RedisError::kUnreachable, Executed::kNo, "refused");
}
absl::Status Unknown() {
  return MakeRedisStatus(RedisError::kUnknownMaster, Executed::kNo, "unknown");
}

class SentinelsTest : public ::testing::Test {
 protected:
  // Who is asked next; "" if nobody is left.
  std::string Next() const {
    const ServerPlace* next = sentinels_.next();
    return next == nullptr ? "" : next->host;
  }
  std::string Failure() const { return std::string(sentinels_.failure().message()); }

  Sentinels sentinels_{{.sentinels = {{.host = "a"}, {.host = "b"}, {.host = "c"}}, .master = "m"}};
};

TEST_F(SentinelsTest, TheOneThatHelpedIsAskedFirst) {
  sentinels_.BeginRound();
  EXPECT_EQ(Next(), "a");
  sentinels_.NotAnswered(Silent());
  EXPECT_EQ(Next(), "b");
  sentinels_.Helped();
  sentinels_.BeginRound();
  EXPECT_EQ(Next(), "b");
  sentinels_.NotAnswered(Silent());
  EXPECT_EQ(Next(), "c");
  sentinels_.NotAnswered(Silent());
  EXPECT_EQ(Next(), "a");
  sentinels_.Helped();
  sentinels_.BeginRound();
  EXPECT_EQ(Next(), "a");
}

TEST_F(SentinelsTest, WhereNobodyAnswersThatIsTold) {
  sentinels_.BeginRound();
  for (int i = 0; i < 3; ++i) sentinels_.NotAnswered(Silent());
  EXPECT_EQ(Next(), "");
  EXPECT_EQ(Failure(), "redis: none of 3 sentinels answers: refused");
  EXPECT_EQ(KindOf(sentinels_.failure()), RedisError::kUnreachable);
  sentinels_.BeginRound();
  EXPECT_EQ(Next(), "a");
}

TEST_F(SentinelsTest, WhoCameNearestIsTold) {
  sentinels_.BeginRound();
  sentinels_.NotAnswered(Unknown());
  sentinels_.NotAnswered(Silent());
  EXPECT_EQ(KindOf(sentinels_.failure()), RedisError::kUnknownMaster);
  sentinels_.Vain({.host = "p", .port = 1}, Silent());
  EXPECT_THAT(Failure(), HasSubstr("primary that the sentinels name: refused"));
  EXPECT_EQ(Next(), "");
}

TEST_F(SentinelsTest, WhatWasTriedInVainIsKnownForARound) {
  const ServerPlace primary{.host = "p", .port = 1};
  sentinels_.BeginRound();
  EXPECT_FALSE(sentinels_.IsVain(primary));
  sentinels_.Vain(primary, Silent());
  EXPECT_TRUE(sentinels_.IsVain(primary));
  EXPECT_FALSE(sentinels_.IsVain({.host = "p", .port = 2}));
  EXPECT_EQ(Next(), "b");
  sentinels_.VainAgain();
  EXPECT_EQ(Next(), "c");
  sentinels_.BeginRound();
  EXPECT_FALSE(sentinels_.IsVain(primary));
}

}  // namespace
}  // namespace trivet::sync
