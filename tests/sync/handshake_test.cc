#include "sync/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "sync/redis_status.h"
#include "tests/support/status_matchers.h"

namespace trivet::sync {
namespace {

using ::testing::HasSubstr;
using trivet::testing::IsOk;

const Reply kOk = {.type = Reply::Type::kStatus, .text = "OK"};

Reply Error(std::string text) { return {.type = Reply::Type::kError, .text = std::move(text)}; }
Reply Info(std::string text) { return {.type = Reply::Type::kString, .text = std::move(text)}; }

TEST(HandshakeTest, SaysWhatTheUrlAsksForAndNoMore) {
  EXPECT_EQ(Handshake({.host = "h"}, "").bytes(), "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n");
  const Handshake all({.host = "h", .user = "u", .password = "p", .database = 3}, "me");
  EXPECT_EQ(all.bytes(),
            "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
            "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$2\r\nme\r\n*2\r\n$4\r\nINFO\r\n$6\r\nserver"
            "\r\n");
  const Handshake password({.host = "h", .password = "p"}, "");
  EXPECT_THAT(password.bytes(), HasSubstr("*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n"));
}

TEST(HandshakeTest, LearnsWhoIsThere) {
  Handshake handshake({.host = "h"}, "me");
  ASSERT_THAT(handshake.Take(kOk), IsOk());
  EXPECT_FALSE(handshake.done());
  ASSERT_THAT(handshake.Take(Info("# Server\r\nredis_version:7.2.4\r\nxrun_id:x\r\nrun_id:ab\r\n")),
              IsOk());
  EXPECT_TRUE(handshake.done());
  EXPECT_EQ(handshake.server().version, "7.2.4");
  EXPECT_EQ(handshake.server().run_id, "ab");
}

TEST(HandshakeTest, OldServersAndStrangersAreRefused) {
  const struct {
    std::string info;
    RedisError kind;
  } cases[] = {
      {"redis_version:6.2.14\r\n", RedisError::kTooOld},
      {"redis_version:255.255.255\r\n", RedisError::kNone},
      {"redis_version:10.0.0", RedisError::kNone},
      {"redis_version:\r\n", RedisError::kProtocol},
      {"redis_version:seven\r\n", RedisError::kProtocol},
      {"redis_version:7.0<script>\r\n", RedisError::kProtocol},
      {"", RedisError::kProtocol},
  };
  for (const auto& [info, kind] : cases) {
    Handshake handshake({.host = "h"}, "");
    EXPECT_EQ(KindOf(handshake.Take(Info(info))), kind) << info;
  }
  Handshake handshake({.host = "h"}, "");
  EXPECT_EQ(KindOf(handshake.Take(kOk)), RedisError::kProtocol);
}

TEST(HandshakeTest, WithoutTheRightToAskItGoesOn) {
  Handshake handshake({.host = "h"}, "me");
  EXPECT_THAT(handshake.Take(Error("NOPERM no")), IsOk());
  EXPECT_THAT(handshake.Take(Error("NOPERM no")), IsOk());
  EXPECT_TRUE(handshake.done());
  EXPECT_EQ(handshake.server().version, "");
}

TEST(HandshakeTest, WhoWasNamedBySentinelsMustBeAPrimary) {
  const auto greet = [](const Reply& role) {
    Handshake handshake({.sentinels = {{.host = "h"}}, .master = "m"}, "");
    EXPECT_THAT(handshake.bytes(), HasSubstr("*1\r\n$4\r\nROLE\r\n"));
    for (int i = 0; i < 2; ++i) {
      handshake.Restart();
      EXPECT_THAT(handshake.Take(Info("redis_version:7.0.0\r\n")), IsOk());
      EXPECT_FALSE(handshake.done());
    }
    return handshake.Take(role);
  };
  const auto role = [](std::string name) {
    return Reply{.type = Reply::Type::kArray, .elements = {Info(std::move(name)), Info("x")}};
  };
  EXPECT_THAT(greet(role("master")), IsOk());
  EXPECT_EQ(KindOf(greet(role("slave"))), RedisError::kReadOnly);
  EXPECT_EQ(KindOf(greet(role("sentinel"))), RedisError::kReadOnly);
  EXPECT_TRUE(absl::IsUnavailable(greet(role("slave"))));
  EXPECT_EQ(KindOf(greet(kOk)), RedisError::kProtocol);
  EXPECT_EQ(KindOf(greet({.type = Reply::Type::kArray})), RedisError::kProtocol);
  EXPECT_THAT(greet(Error("NOPERM no")), IsOk());
}

TEST(HandshakeTest, WhoIsNotLetInIsTold) {
  Handshake wrong({.host = "h", .password = "p"}, "");
  EXPECT_EQ(KindOf(wrong.Take(Error("WRONGPASS no"))), RedisError::kNotLoggedIn);
  Handshake none({.host = "h"}, "me");
  EXPECT_EQ(KindOf(none.Take(Error("NOAUTH no"))), RedisError::kNotLoggedIn);
  Handshake database({.host = "h", .database = 99}, "me");
  EXPECT_EQ(KindOf(database.Take(Error("ERR DB index is out of range"))), RedisError::kOther);
}

}  // namespace
}  // namespace trivet::sync
