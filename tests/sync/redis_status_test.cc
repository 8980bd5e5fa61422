#include "sync/redis_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "tests/support/status_matchers.h"

namespace trivet::sync {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trivet::testing::IsOk;
using trivet::testing::StatusIs;

absl::Status ErrorReply(std::string text) {
  return StatusOf(Reply{.type = Reply::Type::kError, .text = std::move(text)});
}

TEST(RedisStatusTest, WhatIsNoErrorIsOk) {
  EXPECT_THAT(StatusOf(Reply{}), IsOk());
  EXPECT_THAT(StatusOf(Reply{.type = Reply::Type::kString, .text = "OOM"}), IsOk());
  EXPECT_EQ(KindOf(absl::OkStatus()), RedisError::kNone);
}

TEST(RedisStatusTest, EachCodeOfTheServerHasItsKind) {
  const struct {
    std::string text;
    RedisError kind;
    absl::StatusCode code;
  } cases[] = {
      {"NOAUTH Authentication required.", RedisError::kNotLoggedIn,
       absl::StatusCode::kUnauthenticated},
      {"WRONGPASS invalid username-password pair", RedisError::kNotLoggedIn,
       absl::StatusCode::kUnauthenticated},
      {"NOPERM this user has no permissions", RedisError::kNoPermission,
       absl::StatusCode::kPermissionDenied},
      {"READONLY You can't write", RedisError::kReadOnly, absl::StatusCode::kUnavailable},
      {"OOM command not allowed", RedisError::kOutOfMemory, absl::StatusCode::kResourceExhausted},
      {"LOADING Redis is loading", RedisError::kLoading, absl::StatusCode::kUnavailable},
      {"BUSY Redis is busy", RedisError::kBusy, absl::StatusCode::kUnavailable},
      {"MOVED 3999 127.0.0.1:6381", RedisError::kMoved, absl::StatusCode::kUnavailable},
      {"ASK 3999 127.0.0.1:6381", RedisError::kAsk, absl::StatusCode::kUnavailable},
      {"TRYAGAIN Multiple keys", RedisError::kTryAgain, absl::StatusCode::kUnavailable},
      {"CLUSTERDOWN The cluster is down", RedisError::kClusterDown, absl::StatusCode::kUnavailable},
      {"MASTERDOWN Link with MASTER is down", RedisError::kMasterDown,
       absl::StatusCode::kUnavailable},
      {"NOREPLICAS Not enough good replicas", RedisError::kNoReplicas,
       absl::StatusCode::kUnavailable},
      {"MISCONF Redis is configured to", RedisError::kMisconfigured,
       absl::StatusCode::kUnavailable},
      {"NOSCRIPT No matching script.", RedisError::kNoScript, absl::StatusCode::kNotFound},
      {"WRONGTYPE Operation against a key", RedisError::kWrongType,
       absl::StatusCode::kFailedPrecondition},
      {"ERR syntax error", RedisError::kOther, absl::StatusCode::kUnknown},
      {"STALE_GEN of ours", RedisError::kOther, absl::StatusCode::kUnknown},
      {"", RedisError::kOther, absl::StatusCode::kUnknown},
  };
  for (const auto& [text, kind, code] : cases) {
    SCOPED_TRACE(text);
    const absl::Status status = ErrorReply(text);
    EXPECT_THAT(status, StatusIs(code, HasSubstr("redis: ")));
    EXPECT_EQ(KindOf(status), kind);
  }
}

TEST(RedisStatusTest, RefusalsWereNotExecutedAndOtherErrorsMayHaveBeen) {
  EXPECT_FALSE(MaybeExecuted(ErrorReply("READONLY no")));
  EXPECT_FALSE(MaybeExecuted(ErrorReply("LOADING wait")));
  EXPECT_TRUE(MaybeExecuted(ErrorReply("ERR in the middle of a script")));
  EXPECT_TRUE(MaybeExecuted(absl::InternalError("not of this tier")));
}

TEST(RedisStatusTest, MessagesQuoteNothingThatCameFromTheClient) {
  const std::string hostile[] = {
      "ERR unknown command 'secret', with args beginning with: 'secret'",
      "ERR unknown command `secret`",
      "ERR Error running script: secret",
      "NOPERM No permissions to access the secret key",
      "WRONGPASS secret",
      "ERR \x01secret",
      "secret",
      "SECRETsecret",
      "ODD secret",
  };
  for (const std::string& text : hostile) {
    SCOPED_TRACE(text);
    EXPECT_THAT(std::string(ErrorReply(text).message()), Not(HasSubstr("secret")));
  }
  EXPECT_THAT(std::string(ErrorReply(hostile[0]).message()), HasSubstr("ERR: unknown command"));
}

TEST(RedisStatusTest, OurOwnErrorsKeepKindAndWhetherExecuted) {
  const absl::Status lost =
      MakeRedisStatus(RedisError::kDisconnected, Executed::kMaybe, "lost the connection");
  EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable, "redis: lost the connection"));
  EXPECT_EQ(KindOf(lost), RedisError::kDisconnected);
  EXPECT_TRUE(MaybeExecuted(lost));
  EXPECT_FALSE(MaybeExecuted(MakeRedisStatus(RedisError::kTimeout, Executed::kNo, "")));
  EXPECT_FALSE(MaybeExecuted(NotExecuted(lost)));
  EXPECT_EQ(KindOf(NotExecuted(lost)), RedisError::kDisconnected);
  EXPECT_EQ(Unshared(lost), lost);
  EXPECT_THAT(WithContext("there: ", lost),
              StatusIs(absl::StatusCode::kUnavailable, "redis: there: lost the connection"));
  EXPECT_EQ(KindOf(WithContext("there: ", lost)), RedisError::kDisconnected);
  EXPECT_TRUE(MaybeExecuted(WithContext("there: ", lost)));
  EXPECT_THAT(WithContext("there: ", absl::InternalError("odd")),
              StatusIs(absl::StatusCode::kInternal, "redis: there: odd"));
  EXPECT_EQ(Unshared(absl::OkStatus()), absl::OkStatus());
  for (int kind = 1; kind <= static_cast<int>(RedisError::kUnknownMaster); ++kind) {
    EXPECT_FALSE(MakeRedisStatus(static_cast<RedisError>(kind), Executed::kNo, "").ok()) << kind;
  }
}

}  // namespace
}  // namespace trivet::sync
