#include "sync/redis_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace trivet::sync {
namespace {

using ::testing::ElementsAre;
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

TEST(RedisUrlTest, SentinelsAndTheNameOfTheMaster) {
  for (const std::string rest : {"/my-master/3?", "/3?master=my%2Dmaster&"}) {
    const auto url = ParseRedisUrl("redis+sentinel://ada:s%40e@one,10.0.0.2:7000,[::1]" + rest +
                                   "sentinel_password=w%26e&sentinel_username=watch");
    ASSERT_THAT(url, IsOk());
    EXPECT_TRUE(url->is_sentinel());
    EXPECT_FALSE(url->is_unix());
    EXPECT_EQ(url->host, "");
    EXPECT_THAT(url->sentinels, ElementsAre(ServerPlace{.host = "one", .port = 26379},
                                            ServerPlace{.host = "10.0.0.2", .port = 7000},
                                            ServerPlace{.host = "::1", .port = 26379}));
    EXPECT_EQ(url->master, "my-master");
    EXPECT_EQ(url->database, 3);
    EXPECT_EQ(url->user, "ada");
    EXPECT_EQ(url->password, "s@e");
    EXPECT_EQ(url->sentinel_user, "watch");
    EXPECT_EQ(url->sentinel_password, "w&e");
    EXPECT_EQ(url->Endpoint(), "redis+sentinel://one:26379,10.0.0.2:7000,[::1]:26379/my-master/3");
  }
  const auto least = ParseRedisUrl("redis+sentinel://h/m");
  ASSERT_THAT(least, IsOk());
  EXPECT_EQ(least->database, 0);
  EXPECT_FALSE(least->has_login());
}

// Random URLs, with characters that mean something in places where they must not.
TEST(RedisUrlTest, SentinelUrlsComeBackAsTheyWereMeant) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto upto = [&](size_t most) { return static_cast<size_t>(random() % (most + 1)); };
  const auto of = [&](std::string_view alphabet, size_t least, size_t most) {
    std::string text;
    const size_t size = least + upto(most - least);
    while (text.size() < size) text += alphabet[upto(alphabet.size() - 1)];
    return text;
  };
  const auto encoded = [](std::string_view text) {
    std::string url;
    for (const char c : text) {
      absl::StrAppend(&url, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
    return url;
  };
  const std::string_view any = "aZ0:@/?&=%#,[] \xff\n";
  for (int i = 0; i < 2000; ++i) {
    RedisUrl meant{.user = of(any, 0, 4),
                   .password = of(any, 0, 4),
                   .database = static_cast<int>(upto(20)),
                   .master = of("aZ0._-", 1, 5),
                   .sentinel_user = of(any, 0, 3),
                   .sentinel_password = of(any, 0, 3)};
    std::string hosts;
    for (size_t count = 1 + upto(3); count > 0; --count) {
      const bool is_name = upto(1) == 0;
      const std::string host = of(is_name ? "aZ0.-_" : "0a:.", 1, 5);
      const bool has_port = upto(1) == 0;
      const auto port = static_cast<uint16_t>(has_port ? 1 + upto(65'534) : 26379);
      meant.sentinels.push_back({.host = host, .port = port});
      absl::StrAppend(&hosts, hosts.empty() ? "" : ",", is_name ? host : "[" + host + "]",
                      has_port ? absl::StrCat(":", port) : "");
    }
    const std::string login =
        meant.has_login() ? encoded(meant.user) + ":" + encoded(meant.password) + "@" : "";
    const std::string sentinel_login = "sentinel_username=" + encoded(meant.sentinel_user) +
                                       "&sentinel_password=" + encoded(meant.sentinel_password);
    for (const std::string& rest :
         {absl::StrCat("/", meant.master, "/", meant.database, "?", sentinel_login),
          absl::StrCat("/", meant.database, "?", sentinel_login, "&master=", meant.master)}) {
      const std::string text = "redis+sentinel://" + login + hosts + rest;
      SCOPED_TRACE(text);
      const auto url = ParseRedisUrl(text);
      ASSERT_THAT(url, IsOk());
      EXPECT_EQ(url->sentinels, meant.sentinels);
      EXPECT_EQ(url->master, meant.master);
      EXPECT_EQ(url->database, meant.database);
      EXPECT_EQ(url->user, meant.user);
      EXPECT_EQ(url->password, meant.password);
      EXPECT_EQ(url->sentinel_user, meant.sentinel_user);
      EXPECT_EQ(url->sentinel_password, meant.sentinel_password);
      const auto shown = ParseRedisUrl(url->Endpoint());
      ASSERT_THAT(shown, IsOk());
      EXPECT_EQ(shown->sentinels, meant.sentinels);
      EXPECT_EQ(shown->master, meant.master);
      EXPECT_EQ(shown->database, meant.database);
      EXPECT_FALSE(shown->has_login());
    }
  }
}

TEST(RedisUrlTest, TlsIsRefusedAndNamed) {
  for (const std::string url : {"rediss://:secret@host", "rediss+sentinel://:secret@host/m"}) {
    const auto parsed = ParseRedisUrl(url);
    EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("no TLS yet")));
    EXPECT_THAT(std::string(parsed.status().message()), Not(HasSubstr("secret")));
  }
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
      {"redis+sentinel://", "host:"},
      {"redis+sentinel://:secret@/m", "host:"},
      {"redis+sentinel://:secret@a,/m", "host:"},
      {"redis+sentinel://:secret@a,,b/m", "host:"},
      {"redis+sentinel://:secret@a b/m", "host:"},
      {"redis+sentinel://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,secret/m", "host:"},
      {"redis+sentinel://:secret@a:0,b/m", "port:"},
      {"redis+sentinel://:secret@a,b:65536/m", "port:"},
      {"redis+sentinel://:secret@a", "master:"},
      {"redis+sentinel://:secret@a/", "master:"},
      {"redis+sentinel://a/secret%20", "master:"},
      {"redis+sentinel://a?master=secret/", "master:"},
      {"redis+sentinel://a?master=" + std::string(256, 'm'), "master:"},
      {"redis+sentinel://a?master=secret%4", "master:"},
      {"redis+sentinel://a/m/secret", "database:"},
      {"redis+sentinel://a/secret?master=m", "database:"},
      {"redis+sentinel://a/m/1/secret", "database:"},
      {"redis+sentinel://a/m?password=secret", "query:"},
      {"redis+sentinel://a/m?sentinel_password=secret%0", "sentinel_password:"},
      {"redis+sentinel://a/m?sentinel_password=sec&ret", "query:"},
      {"redis+sentinel://u:secret%@host/m", "password:"},
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
