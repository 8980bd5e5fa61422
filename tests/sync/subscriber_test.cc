#include "sync/subscriber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sync/redis_client.h"
#include "sync/redis_status.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/channel_diary.h"
#include "tests/sync/fake_server.h"
#include "tests/sync/redis_server.h"

namespace trivet::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using trivet::testing::ChannelDiary;
using trivet::testing::Eventually;
using trivet::testing::FakePeer;
using trivet::testing::FakeServer;
using trivet::testing::IsOk;
using trivet::testing::kLong;
using trivet::testing::RedisServer;
using trivet::testing::StatusIs;

// A subscriber with one listener.
struct Started {
  std::unique_ptr<Subscriber> subscriber;
  std::unique_ptr<Subscription> subscription;  // ends first
};

Started Start(const std::string& url, ChannelDiary& diary, absl::Duration silence_max = kLong) {
  auto subscriber = Subscriber::Open({.redis = {.url = url,
                                                .backoff_min = absl::Milliseconds(1),
                                                .backoff_max = absl::Milliseconds(2)},
                                      .silence_max = silence_max});
  EXPECT_THAT(subscriber, IsOk());
  auto subscription = (*subscriber)->Subscribe({"one", "two"}, diary);
  EXPECT_THAT(subscription, IsOk());
  return {*std::move(subscriber), *std::move(subscription)};
}

absl::Status Do(RedisClient& client, std::initializer_list<std::string_view> words) {
  return client.Call(words, client.In(kLong)).status();
}

std::unique_ptr<RedisClient> Client(const RedisServer& server) {
  auto client = RedisClient::Open({.url = server.UnixUrl(),
                                   .backoff_min = absl::Milliseconds(1),
                                   .backoff_max = absl::Milliseconds(2)});
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

TEST(SubscriberTest, MessagesComeInOrderFromAllChannels) {
  const RedisServer server;
  ChannelDiary diary;
  const Started started = Start(server.TcpUrl(), diary);
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
  const auto client = Client(server);
  ASSERT_THAT(Do(*client, {"PUBLISH", "one", "a"}), IsOk());
  ASSERT_THAT(Do(*client, {"PUBLISH", "two", std::string_view("\0\r\n", 3)}), IsOk());
  ASSERT_THAT(Do(*client, {"PUBLISH", "three", "not for us"}), IsOk());
  ASSERT_THAT(Do(*client, {"PUBLISH", "one", ""}), IsOk());
  ASSERT_TRUE(Eventually([&] { return diary.messages().size() == 3; }));
  EXPECT_THAT(diary.messages(), ElementsAre("one: a", "two: " + std::string("\0\r\n", 3), "one: "));
  EXPECT_EQ(diary.run_id(), client->server().run_id);
  EXPECT_THAT(diary.lost(), ElementsAre());
}

TEST(SubscriberTest, ALostConnectionIsToldAndMadeAgain) {
  const RedisServer server;
  ChannelDiary diary;
  const Started started = Start(server.UnixUrl(), diary);
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
  const auto client = Client(server);
  ASSERT_THAT(Do(*client, {"CLIENT", "KILL", "TYPE", "pubsub"}), IsOk());
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 2; }));
  ASSERT_EQ(diary.lost().size(), 1u);
  EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kDisconnected);
  ASSERT_THAT(Do(*client, {"PUBLISH", "one", "again"}), IsOk());
  EXPECT_TRUE(Eventually([&] { return diary.messages().size() == 1; }));
}

TEST(SubscriberTest, AServerThatStartsAgainIsFoundAndIsAnotherOne) {
  RedisServer server;
  ChannelDiary diary;
  const Started started = Start(server.UnixUrl(), diary);
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
  const std::string before = diary.run_id();
  server.Kill();
  ASSERT_TRUE(Eventually([&] {
    const std::vector<absl::Status> lost = diary.lost();
    return !lost.empty() && KindOf(lost.back()) == RedisError::kUnreachable;
  }));
  EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kDisconnected);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 2; }));
  EXPECT_NE(diary.run_id(), before);
}

TEST(SubscriberTest, AServerThatFallsSilentIsLost) {
  RedisServer server;
  ChannelDiary diary;
  const Started started = Start(server.UnixUrl(), diary, absl::Milliseconds(200));
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
  // As long as it answers nothing is lost, however little there is to say.
  const absl::Duration idle_until = Clock::System()->Elapsed() + absl::Milliseconds(900);
  ASSERT_TRUE(Eventually([&] { return Clock::System()->Elapsed() > idle_until; }));
  ASSERT_THAT(diary.lost(), ElementsAre());
  server.Pause();
  ASSERT_TRUE(Eventually([&] { return !diary.lost().empty(); }));
  EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kTimeout);
  server.Resume();
  EXPECT_TRUE(Eventually([&] { return diary.subscribed() == 2; }));
}

// As after a stop of the process: that nothing was heard meanwhile says nothing of the server.
TEST(SubscriberTest, AServerIsAskedBeforeItIsCalledSilent) {
  const RedisServer server;
  ChannelDiary diary;
  ManualClock clock;
  auto subscriber =
      Subscriber::Open({.redis = {.url = server.UnixUrl(), .clock = &clock}, .silence_max = kLong});
  ASSERT_THAT(subscriber, IsOk());
  auto subscription = (*subscriber)->Subscribe({"one"}, diary);
  ASSERT_THAT(subscription, IsOk());
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
  const auto client = Client(server);
  for (int round = 1; round <= 20; ++round) {
    clock.Advance(3 * kLong);
    ASSERT_THAT(Do(*client, {"PUBLISH", "one", "still here"}), IsOk());
    ASSERT_TRUE(Eventually([&] { return diary.messages().size() == static_cast<size_t>(round); }));
  }
  EXPECT_THAT(diary.lost(), ElementsAre());
}

TEST(SubscriberTest, StoppingDoesNotWaitForTheServer) {
  RedisServer server;
  ChannelDiary diary;
  server.Pause();
  for (const std::string& url : {server.UnixUrl(), server.TcpUrl(), std::string("unix:///none")}) {
    const absl::Time before = absl::Now();
    { const Started started = Start(url, diary); }
    EXPECT_LT(absl::Now() - before, kLong / 2);
  }
  server.Resume();
  EXPECT_EQ(diary.subscribed(), 0);
}

TEST(SubscriberTest, WithoutTheRightToListenTheErrorIsTold) {
  const RedisServer server(
      {"--user", "ada", "on", "nopass", "~*", "resetchannels", "&one", "+@all"});
  ChannelDiary diary;
  const Started started = Start("unix://ada@" + server.UnixUrl().substr(7), diary);
  ASSERT_TRUE(Eventually([&] { return !diary.lost().empty(); }));
  EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kNoPermission) << diary.lost()[0];
  EXPECT_EQ(diary.subscribed(), 0);
}

TEST(SubscriberTest, MessagesComeBetweenSubscribedAndLostOnly) {
  const auto words = [](const std::string& what, const std::string& channel,
                        const std::string& third) {
    return absl::StrCat("*3\r\n$", what.size(), "\r\n", what, "\r\n$", channel.size(), "\r\n",
                        channel, "\r\n", third, "\r\n");
  };
  int connections = 0;
  FakeServer server([&](FakePeer& peer) {
    if (!peer.Greet()) return;
    peer.Read();
    peer.Send(words("subscribe", "one", ":1") + words("message", "one", "$5\r\nearly") +
              words("subscribe", "two", ":2") + words("message", "one", "$4\r\nlate"));
    if (++connections == 2) peer.Read();
  });
  ChannelDiary diary;
  const Started started = Start(server.Url(), diary);
  ASSERT_TRUE(Eventually([&] { return diary.messages().size() == 2 && diary.subscribed() == 2; }));
  EXPECT_THAT(diary.messages(), ElementsAre("one: late", "one: late"));
  EXPECT_EQ(diary.lost().size(), 1u);
}

TEST(SubscriberTest, AcknowledgementsOfOtherChannelsEndTheConnection) {
  FakeServer server([&](FakePeer& peer) {
    if (!peer.Greet()) return;
    peer.Read();
    peer.Send("*3\r\n$9\r\nsubscribe\r\n$3\r\ntwo\r\n:1\r\n");
    peer.Read();
  });
  ChannelDiary diary;
  const Started started = Start(server.Url(), diary);
  ASSERT_TRUE(Eventually([&] { return !diary.lost().empty(); }));
  EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kProtocol);
  EXPECT_EQ(diary.subscribed(), 0);
}

TEST(SubscriberTest, ARefusedPingIsASignOfLife) {
  const RedisServer server(
      {"--user", "ada", "on", "nopass", "~*", "allchannels", "+@all", "-ping"});
  ChannelDiary diary;
  const Started started =
      Start("unix://ada@" + server.UnixUrl().substr(7), diary, absl::Milliseconds(50));
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
  const absl::Duration idle_until = Clock::System()->Elapsed() + absl::Milliseconds(300);
  ASSERT_TRUE(Eventually([&] { return Clock::System()->Elapsed() > idle_until; }));
  EXPECT_THAT(diary.lost(), ElementsAre());
}

TEST(SubscriberTest, WhatIsNoMessageEndsTheConnection) {
  for (const std::string lie :
       {"+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n:1\r\n", "*2\r\n$7\r\nmessage\r\n$3\r\none\r\n",
        "*3\r\n$7\r\nmessage\r\n:1\r\n$1\r\nx\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n*0\r\n",
        "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n$1\r\n1\r\n", "nonsense\r\n"}) {
    SCOPED_TRACE(lie);
    FakeServer server([&](FakePeer& peer) {
      if (!peer.Greet()) return;
      peer.Read();
      peer.Send(lie);
      peer.Read();
    });
    ChannelDiary diary;
    const Started started = Start(server.Url(), diary);
    ASSERT_TRUE(Eventually([&] { return !diary.lost().empty(); }));
    EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kProtocol) << diary.lost()[0];
    EXPECT_THAT(diary.messages(), ElementsAre());
  }
}

TEST(SubscriberTest, OptionsAreChecked) {
  const auto open = [&](Subscriber::Options options) { return Subscriber::Open(options).status(); };
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(open({.silence_max = absl::ZeroDuration()}),
              StatusIs(invalid, HasSubstr("silence_max:")));
  EXPECT_THAT(open({.redis = {.url = "x"}}), StatusIs(invalid));
  EXPECT_THAT(open({.redis = {.connections = 0}}), StatusIs(invalid));
  ChannelDiary diary;
  const auto subscriber = Subscriber::Open({});
  ASSERT_THAT(subscriber, IsOk());
  EXPECT_THAT((*subscriber)->Subscribe({}, diary), StatusIs(invalid, HasSubstr("channels:")));
}

}  // namespace
}  // namespace trivet::sync
