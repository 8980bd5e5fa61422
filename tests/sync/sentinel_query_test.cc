#include "sync/sentinel_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "sync/redis_status.h"
#include "tests/support/status_matchers.h"

namespace trivet::sync {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trivet::testing::IsOk;

RedisUrl Url(std::string user = "", std::string password = "") {
  return {.sentinels = {{.host = "h", .port = 1}},
          .master = "m",
          .sentinel_user = std::move(user),
          .sentinel_password = std::move(password)};
}

Reply Text(std::string text) { return {.type = Reply::Type::kString, .text = std::move(text)}; }
Reply Array(std::vector<Reply> elements) {
  return {.type = Reply::Type::kArray, .elements = std::move(elements)};
}
Reply Error(std::string text) { return {.type = Reply::Type::kError, .text = std::move(text)}; }

TEST(SentinelQueryTest, LogsInWhereTheUrlSaysHow) {
  const std::string question =
      "*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n$1\r\nm\r\n";
  EXPECT_EQ(SentinelQuery(Url()).bytes(), question);
  EXPECT_EQ(SentinelQuery(Url("", "p")).bytes(), "*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n" + question);
  EXPECT_EQ(SentinelQuery(Url("u", "p")).bytes(),
            "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n" + question);
}

TEST(SentinelQueryTest, LearnsWhereThePrimaryIsAndMayAskAgain) {
  SentinelQuery query(Url("", "p"));
  for (const std::string host : {"10.0.0.1", "::1", "cache.example"}) {
    query.Restart();
    ASSERT_THAT(query.Take({.type = Reply::Type::kStatus, .text = "OK"}), IsOk());
    EXPECT_FALSE(query.done());
    ASSERT_THAT(query.Take(Array({Text(host), Text("6380")})), IsOk());
    ASSERT_TRUE(query.done());
    EXPECT_EQ(query.primary(), (ServerPlace{.host = host, .port = 6380}));
  }
}

TEST(SentinelQueryTest, WhatIsNoAddressIsRefused) {
  const std::string long_name(256, 'h');
  for (const Reply& lie :
       {Text("10.0.0.1"), Array({}), Array({Text("h")}), Array({Text("h"), Text("0")}),
        Array({Text("h"), Text("65536")}), Array({Text("h"), Text("x")}),
        Array({Text(""), Text("1")}), Array({Text("a b"), Text("1")}),
        Array({Text(long_name), Text("1")}), Array({Text("h"), Text("1"), Text("2")}),
        Array({Text("h"), {.type = Reply::Type::kInteger, .integer = 1}})}) {
    SentinelQuery query(Url());
    EXPECT_EQ(KindOf(query.Take(lie)), RedisError::kProtocol);
    EXPECT_FALSE(query.done());
  }
}

TEST(SentinelQueryTest, RefusalsAreTold) {
  SentinelQuery unknown(Url());
  const absl::Status nothing = unknown.Take({});
  EXPECT_EQ(KindOf(nothing), RedisError::kUnknownMaster);
  EXPECT_THAT(std::string(nothing.message()), HasSubstr("no master named m "));
  SentinelQuery wrong(Url("", "secret"));
  const absl::Status refused = wrong.Take(Error("WRONGPASS secret"));
  EXPECT_EQ(KindOf(refused), RedisError::kNotLoggedIn);
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace trivet::sync
