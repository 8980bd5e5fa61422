// Where sentinels say which server is the primary: real ones, and real failovers.
#include "tests/sync/redis_sentinel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/redis_client.h"
#include "sync/redis_status.h"
#include "tests/support/message_diary.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/redis_server.h"
#include "trivet/redis_tier.h"

namespace trivet::sync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using trivet::testing::Eventually;
using trivet::testing::FreePort;
using trivet::testing::IsOk;
using trivet::testing::kLong;
using trivet::testing::MessageDiary;
using trivet::testing::RedisSentinel;
using trivet::testing::RedisServer;
using trivet::testing::StatusIs;

using Words = std::initializer_list<std::string_view>;

RedisOptions Options(const std::string& url) {
  return {.url = url, .backoff_min = absl::Milliseconds(1), .backoff_max = absl::Milliseconds(20)};
}

// A client of the server that the sentinels name.
std::unique_ptr<RedisClient> Client(const std::string& hosts, const std::string& rest = "/m") {
  auto client = RedisClient::Open(Options("redis+sentinel://" + hosts + rest));
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

absl::StatusOr<Reply> Call(RedisClient& client, Words words) {
  return client.Call(words, client.In(kLong));
}

// Says it to one server or sentinel.
Reply Tell(const std::string& url, Words words) {
  auto client = RedisClient::Open(Options(url));
  EXPECT_THAT(client, IsOk());
  Reply answer;
  EXPECT_TRUE(Eventually([&] {
    auto reply = Call(**client, words);
    if (reply.ok()) answer = *std::move(reply);
    return !absl::IsUnavailable(reply.status());
  }));
  return answer;
}
Reply Tell(const RedisServer& server, Words words) { return Tell(server.UnixUrl(), words); }
Reply Tell(const RedisSentinel& sentinel, Words words) {
  return Tell("redis://" + sentinel.place(), words);
}

std::string Port(const RedisServer& server) { return std::to_string(server.port()); }

// Which of them answers.
std::string PortOf(RedisClient& client) {
  const auto reply = Call(client, {"CONFIG", "GET", "port"});
  return reply.ok() && reply->elements.size() == 2 ? reply->elements[1].text
                                                   : reply.status().ToString();
}

// A replica that has all that its primary has.
class Replica : public RedisServer {
 public:
  explicit Replica(const RedisServer& primary) {
    Tell(*this, {"REPLICAOF", "127.0.0.1", Port(primary)});
    EXPECT_TRUE(Eventually([&] {
      return absl::StrContains(Tell(primary, {"INFO", "replication"}).text, "state=online");
    }));
  }
};

RedisServer* NewPrimary() { return new RedisServer({"--repl-diskless-sync-delay", "0"}); }

TEST(RedisSentinelTest, ThePrimaryIsFoundThroughWhicheverSentinelAnswers) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  const RedisSentinel sentinel(primary->port());
  Tell(sentinel, {"PING"});
  const auto dead = absl::StrCat("127.0.0.1:", FreePort());
  for (const std::string& hosts : {sentinel.place(), sentinel.place() + "," + dead,
                                   dead + "," + sentinel.place(), dead + "," + sentinel.place()}) {
    SCOPED_TRACE(hosts);
    EXPECT_EQ(PortOf(*Client(hosts)), Port(*primary));
    EXPECT_EQ(PortOf(*Client(hosts, "/3?master=m")), Port(*primary));
  }
}

TEST(RedisSentinelTest, ASentinelThatHangsIsNotWaitedForLongerThanToConnect) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  RedisSentinel hanging(primary->port());
  const RedisSentinel sentinel(primary->port());
  Tell(hanging, {"PING"});
  Tell(sentinel, {"PING"});
  hanging.Pause();
  RedisOptions options =
      Options("redis+sentinel://" + hanging.place() + "," + sentinel.place() + "/m");
  options.connect_timeout = absl::Milliseconds(100);
  const auto client = RedisClient::Open(options);
  ASSERT_THAT(client, IsOk());
  EXPECT_EQ(PortOf(**client), Port(*primary));
}

TEST(RedisSentinelTest, ASentinelBehindTheTimesIsNotTheLastWord) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  const std::string patient = "sentinel down-after-milliseconds m 60000";
  const RedisSentinel behind(FreePort(), {patient});
  const RedisSentinel sentinel(primary->port(), {patient});
  Tell(behind, {"PING"});
  Tell(sentinel, {"PING"});
  EXPECT_EQ(PortOf(*Client(behind.place() + "," + sentinel.place())), Port(*primary));
}

TEST(RedisSentinelTest, AFailoverIsFollowedByCommandsAndMessages) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  const Replica replica(*primary);
  const RedisSentinel sentinel(primary->port());
  ASSERT_TRUE(Eventually([&] {
    return Tell(sentinel, {"SENTINEL", "REPLICAS", "m"}).elements.size() == 1;
  }));
  auto tier = OpenRedisTier({.redis = Options("redis+sentinel://" + sentinel.place() + "/m")});
  ASSERT_THAT(tier, IsOk());
  const auto deadline = [] { return Clock::System()->Elapsed() + kLong; };
  SharedPart part{.space = "users"};
  MessageDiary diary;
  const auto subscription = (*tier)->Subscribe({&part, 1}, diary);
  ASSERT_THAT(subscription, IsOk());
  const auto before = (*tier)->Fence(part, 7, deadline());
  ASSERT_THAT(before, IsOk());
  ASSERT_TRUE(Eventually([&] { return diary.listening() == 1; }));

  primary->Kill();
  absl::StatusOr<PartState> after;
  ASSERT_TRUE(Eventually([&] {
    after = (*tier)->Fence(part, 8, deadline());
    return after.ok();
  })) << after.status();
  EXPECT_NE(after->server, before->server);
  EXPECT_EQ(after->generation, 8u);  // another server: what it holds is out of reach
  ASSERT_TRUE(Eventually([&] { return diary.listening() == 2; }));
  EXPECT_GE(diary.lost(), 1);
  part.generation = after->generation;
  part.server = after->server;
  const SharedChange change{.key = "k"};
  ASSERT_THAT((*tier)->InvalidateKeys(part, {&change, 1}, deadline()), IsOk());
  EXPECT_TRUE(Eventually([&] {
    const auto records = diary.records();
    return !records.empty() && records.back() == "key k";
  }));
}

TEST(RedisSentinelTest, AServerThatTakesNoWritesAnyMoreIsLeft) {
  const std::unique_ptr<RedisServer> first(NewPrimary());
  const RedisServer second;
  const RedisSentinel sentinel(first->port(), {"sentinel down-after-milliseconds m 60000"});
  const auto client = Client(sentinel.place());
  ASSERT_TRUE(Eventually([&] { return Call(*client, {"SET", "a", "1"}).ok(); }));
  ASSERT_EQ(PortOf(*client), Port(*first));

  Tell(sentinel, {"SENTINEL", "REMOVE", "m"});
  Tell(sentinel, {"SENTINEL", "MONITOR", "m", "127.0.0.1", Port(second), "1"});
  EXPECT_EQ(PortOf(*client), Port(*first));  // nothing has told it yet
  Tell(*first, {"REPLICAOF", "127.0.0.1", Port(second)});
  EXPECT_EQ(KindOf(Call(*client, {"SET", "a", "2"}).status()), RedisError::kReadOnly);
  EXPECT_THAT(Call(*client, {"SET", "a", "3"}), IsOk());
  EXPECT_EQ(PortOf(*client), Port(second));
}

TEST(RedisSentinelTest, WithoutSentinelsAReplicaIsNotLeft) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  const Replica replica(*primary);
  auto client = RedisClient::Open(Options(replica.UnixUrl()));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(KindOf(Call(**client, {"SET", "a", "1"}).status()), RedisError::kReadOnly);
  }
  EXPECT_EQ((*client)->connects(), 1u);
}

TEST(RedisSentinelTest, AReplicaIsNotTakenForThePrimary) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  const Replica replica(*primary);
  const RedisSentinel sentinel(replica.port(), {"sentinel down-after-milliseconds m 60000"});
  Tell(sentinel, {"PING"});
  const auto client = Client(sentinel.place());
  EXPECT_THAT(
      Call(*client, {"PING"}),
      StatusIs(absl::StatusCode::kUnavailable,
               HasSubstr("the primary that the sentinels name: the server is not a primary")));
  Tell(replica, {"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(Eventually([&] { return Call(*client, {"SET", "a", "1"}).ok(); }));
}

TEST(RedisSentinelTest, WithoutSentinelsThatIsTold) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  RedisSentinel sentinel(primary->port());
  Tell(sentinel, {"PING"});
  sentinel.Kill();
  const auto client = Client(absl::StrCat(sentinel.place(), ",127.0.0.1:", FreePort()));
  EXPECT_THAT(Call(*client, {"PING"}), StatusIs(absl::StatusCode::kUnavailable,
                                                HasSubstr("none of 2 sentinels answers: cannot")));
}

TEST(RedisSentinelTest, ConnectionsOutliveTheSentinels) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  RedisSentinel sentinel(primary->port());
  Tell(sentinel, {"PING"});
  const auto client = Client(sentinel.place());
  ASSERT_THAT(Call(*client, {"PING"}), IsOk());
  sentinel.Kill();
  EXPECT_THAT(Call(*client, {"PING"}), IsOk());
}

TEST(RedisSentinelTest, AMasterThatNobodyKnowsIsNamed) {
  const std::unique_ptr<RedisServer> primary(NewPrimary());
  const RedisSentinel sentinel(primary->port());
  Tell(sentinel, {"PING"});
  EXPECT_THAT(Call(*Client(sentinel.place(), "/other"), {"PING"}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("sentinel: no master named other is known")));
  // A server that is no sentinel does not know what is asked.
  EXPECT_THAT(Call(*Client(absl::StrCat("127.0.0.1:", primary->port())), {"PING"}),
              StatusIs(absl::StatusCode::kUnknown, HasSubstr("sentinel: ERR: unknown command")));
}

TEST(RedisSentinelTest, ServerAndSentinelsHavePasswordsOfTheirOwn) {
  const RedisServer primary({"--requirepass", "s3cret"});
  const RedisSentinel sentinel(primary.port(),
                               {"sentinel auth-pass m s3cret", "requirepass wh1sper"});
  Tell("redis://:wh1sper@" + sentinel.place(), {"PING"});
  EXPECT_EQ(PortOf(*Client(":s3cret@" + sentinel.place(), "/m?sentinel_password=wh1sper")),
            Port(primary));
  const struct {
    std::string user;
    std::string rest;
    std::string told;
  } cases[] = {
      {":s3cret@", "/m", "sentinel: NOAUTH"},
      {":s3cret@", "/m?sentinel_password=wr0ng", "sentinel: WRONGPASS"},
      {"", "/m?sentinel_password=wh1sper", "the primary that the sentinels name: NOAUTH"},
      {":wr0ng@", "/m?sentinel_password=wh1sper", "the primary that the sentinels name: WRONGPASS"},
  };
  for (const auto& [user, rest, told] : cases) {
    SCOPED_TRACE(told);
    const auto reply = Call(*Client(user + sentinel.place(), rest), {"PING"});
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr(told)));
    EXPECT_THAT(reply.status().ToString(), AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("wr0ng")),
                                                 Not(HasSubstr("wh1sper"))));
  }
}

}  // namespace
}  // namespace trivet::sync
