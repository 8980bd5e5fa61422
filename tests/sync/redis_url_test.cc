#include "sync/redis_url.h"

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

TEST(RedisUrlTest, AHostIsEnough) {
  const auto url = ParseRedisUrl("redis://cache.example");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->host, "cache.example");
  EXPECT_EQ(url->port, 6379);
  EXPECT_EQ(url->database, 0);
  EXPECT_FALSE(url->has_login());
  EXPECT_FALSE(url->is_unix());
}

TEST(RedisUrlTest, EveryPartOfATcpUrl) {
  const auto url = ParseRedisUrl("REDIS://ada:s3%63ret%2F%40@10.0.0.1:6380/7");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->host, "10.0.0.1");
  EXPECT_EQ(url->port, 6380);
  EXPECT_EQ(url->user, "ada");
  EXPECT_EQ(url->password, "s3cret/@");
  EXPECT_EQ(url->database, 7);
}

TEST(RedisUrlTest, ThePasswordAloneBelongsToTheDefaultUser) {
  const auto url = ParseRedisUrl("redis://:p:q@localhost/");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->user, "");
  EXPECT_EQ(url->password, "p:q");
  EXPECT_EQ(url->host, "localhost");
}

TEST(RedisUrlTest, APasswordThatIsNotEncodedEndsAtTheLastAt) {
  const auto url = ParseRedisUrl("redis://u:a/b@c?d@localhost");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->password, "a/b@c?d");
  EXPECT_EQ(url->host, "localhost");
}

TEST(RedisUrlTest, Ipv6InBrackets) {
  const auto url = ParseRedisUrl("redis://[::1]:7000/2");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 7000);
  EXPECT_EQ(url->Endpoint(), "redis://[::1]:7000/2");
}

TEST(RedisUrlTest, UnixSockets) {
  for (const std::string scheme : {"unix", "redis+unix"}) {
    const auto url = ParseRedisUrl(scheme + "://ada:x@/run/my%20redis.sock?db=3");
    ASSERT_THAT(url, IsOk());
    EXPECT_EQ(url->path, "/run/my redis.sock");
    EXPECT_EQ(url->database, 3);
    EXPECT_EQ(url->user, "ada");
    EXPECT_EQ(url->password, "x");
    EXPECT_TRUE(url->is_unix());
  }
}

TEST(RedisUrlTest, TheEndpointShowsNoLogin) {
  const auto tcp = ParseRedisUrl("redis://ada:secret@host:1/2");
  ASSERT_THAT(tcp, IsOk());
  EXPECT_EQ(tcp->Endpoint(), "redis://host:1/2");
  const auto socket = ParseRedisUrl("unix://ada:secret@/tmp/s");
  ASSERT_THAT(socket, IsOk());
  EXPECT_EQ(socket->Endpoint(), "unix:///tmp/s?db=0");
}

TEST(RedisUrlTest, TlsIsRefusedAndNamed) {
  EXPECT_THAT(ParseRedisUrl("rediss://host"),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("TLS")));
}

TEST(RedisUrlTest, ErrorsNameThePartAndNeverRepeatIt) {
  const struct {
    std::string url;
    std::string part;
  } cases[] = {
      {"", "scheme:"},
      {"secret", "scheme:"},
      {"http://secret", "scheme:"},
      {"redis://", "host:"},
      {"redis://:secret@", "host:"},
      {"redis://:secret@:6379", "host:"},
      {"redis://u:secret%@host", "password:"},
      {"redis://u:secret%4@host", "password:"},
      {"redis://u:secret%zz@host", "password:"},
      {"redis://u:secret%00@host", "password:"},
      {"redis://%0:secret@host", "user:"},
      {"redis://:secret@host:", "port:"},
      {"redis://:secret@host:0", "port:"},
      {"redis://:secret@host:65536", "port:"},
      {"redis://:secret@host:12x", "port:"},
      {"redis://:secret@host/x", "database:"},
      {"redis://:secret@host/-1", "database:"},
      {"redis://:secret@host/65536", "database:"},
      {"redis://:secret@host/1/2", "database:"},
      {"redis://host?password=secret", "query:"},
      {"redis://:secret@ho st", "host:"},
      {"redis://:secret@::1", "host:"},
      {"redis://:secret@[::1", "host:"},
      {"redis://:secret@[::1]x", "host:"},
      {"redis://:secret@[host]", "host:"},
      {"redis://:secret@" + std::string(256, 'h'), "host:"},
      {"unix://", "path:"},
      {"unix://:secret@", "path:"},
      {"unix://host/secret", "host:"},
      {"unix:///secret%2", "path:"},
      {"unix:///secret?password=x", "query:"},
      {"unix:///secret?db=", "database:"},
      {"unix:///" + std::string(200, 's'), "path:"},
      {"redis://:secret@host/" + std::string(5000, '1'), "length:"},
  };
  for (const auto& [url, part] : cases) {
    SCOPED_TRACE(url);
    const auto parsed = ParseRedisUrl(url);
    EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(part)));
    EXPECT_THAT(std::string(parsed.status().message()), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace trivet::sync
