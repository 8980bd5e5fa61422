#include "sync/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/redis_client.h"
#include "sync/redis_status.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/fake_server.h"
#include "tests/sync/redis_server.h"

namespace trivet::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using trivet::testing::Eventually;
using trivet::testing::FakePeer;
using trivet::testing::FakeServer;
using trivet::testing::IsOk;
using trivet::testing::kLong;
using trivet::testing::RedisServer;
using trivet::testing::StatusIs;

// Writes down what it is told.
class Diary final : public Subscription::Listener {
 private:
  template <typename Read>
  auto Locked(const Read& read) const {
    const std::lock_guard lock(mutex_);
    return read();
  }

 public:
  void OnSubscribed(const ServerInfo& server) override {
    const std::lock_guard lock(mutex_);
    ++subscribed_;
    run_id_ = server.run_id;
  }
  void OnMessage(std::string_view channel, std::string_view payload) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::string(channel) + ": " + std::string(payload));
  }
  void OnLost(const absl::Status& why) override {
    const std::lock_guard lock(mutex_);
    lost_.push_back(Unshared(why));
  }

  int subscribed() const {
    return Locked([&] { return subscribed_; });
  }
  std::string run_id() const {
    return Locked([&] { return run_id_; });
  }
  std::vector<std::string> messages() const {
    return Locked([&] { return messages_; });
  }
  std::vector<absl::Status> lost() const {
    return Locked([&] {
      std::vector<absl::Status> copies;
      for (const absl::Status& status : lost_) copies.push_back(Unshared(status));
      return copies;
    });
  }

 private:
  mutable std::mutex mutex_;
  int subscribed_ = 0;
  std::string run_id_;
  std::vector<std::string> messages_;
  std::vector<absl::Status> lost_;
};

std::unique_ptr<Subscription> Start(const std::string& url, Diary& diary,
                                    absl::Duration silence_max = kLong) {
  auto started = Subscription::Start({.redis = {.url = url,
                                                .backoff_min = absl::Milliseconds(1),
                                                .backoff_max = absl::Milliseconds(2)},
                                      .channels = {"one", "two"},
                                      .silence_max = silence_max},
                                     diary);
  EXPECT_THAT(started, IsOk());
  return *std::move(started);
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

TEST(SubscriptionTest, MessagesComeInOrderFromAllChannels) {
  const RedisServer server;
  Diary diary;
  const auto subscription = Start(server.TcpUrl(), diary);
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

TEST(SubscriptionTest, ALostConnectionIsToldAndMadeAgain) {
  const RedisServer server;
  Diary diary;
  const auto subscription = Start(server.UnixUrl(), diary);
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
  const auto client = Client(server);
  ASSERT_THAT(Do(*client, {"CLIENT", "KILL", "TYPE", "pubsub"}), IsOk());
  ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 2; }));
  ASSERT_EQ(diary.lost().size(), 1u);
  EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kDisconnected);
  ASSERT_THAT(Do(*client, {"PUBLISH", "one", "again"}), IsOk());
  EXPECT_TRUE(Eventually([&] { return diary.messages().size() == 1; }));
}

TEST(SubscriptionTest, AServerThatStartsAgainIsFoundAndIsAnotherOne) {
  RedisServer server;
  Diary diary;
  const auto subscription = Start(server.UnixUrl(), diary);
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

TEST(SubscriptionTest, AServerThatFallsSilentIsLost) {
  RedisServer server;
  Diary diary;
  const auto subscription = Start(server.UnixUrl(), diary, absl::Milliseconds(200));
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

TEST(SubscriptionTest, StoppingDoesNotWaitForTheServer) {
  RedisServer server;
  Diary diary;
  server.Pause();
  for (const std::string& url : {server.UnixUrl(), server.TcpUrl(), std::string("unix:///none")}) {
    const absl::Time before = absl::Now();
    Start(url, diary).reset();
    EXPECT_LT(absl::Now() - before, kLong / 2);
  }
  server.Resume();
  EXPECT_EQ(diary.subscribed(), 0);
}

TEST(SubscriptionTest, WithoutTheRightToListenTheErrorIsTold) {
  const RedisServer server(
      {"--user", "ada", "on", "nopass", "~*", "resetchannels", "&one", "+@all"});
  Diary diary;
  const auto subscription = Start("unix://ada@" + server.UnixUrl().substr(7), diary);
  ASSERT_TRUE(Eventually([&] { return !diary.lost().empty(); }));
  EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kNoPermission) << diary.lost()[0];
  EXPECT_EQ(diary.subscribed(), 0);
}

TEST(SubscriptionTest, WhatIsNoMessageEndsTheConnection) {
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
    Diary diary;
    const auto subscription = Start(server.Url(), diary);
    ASSERT_TRUE(Eventually([&] { return !diary.lost().empty(); }));
    EXPECT_EQ(KindOf(diary.lost()[0]), RedisError::kProtocol) << diary.lost()[0];
    EXPECT_THAT(diary.messages(), ElementsAre());
  }
}

TEST(SubscriptionTest, OptionsAreChecked) {
  Diary diary;
  const auto start = [&](Subscription::Options options) {
    return Subscription::Start(options, diary).status();
  };
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(start({}), StatusIs(invalid, HasSubstr("channels:")));
  EXPECT_THAT(start({.channels = {"c"}, .silence_max = absl::ZeroDuration()}),
              StatusIs(invalid, HasSubstr("silence_max:")));
  EXPECT_THAT(start({.redis = {.url = "x"}, .channels = {"c"}}), StatusIs(invalid));
  EXPECT_THAT(start({.redis = {.connections = 0}, .channels = {"c"}}), StatusIs(invalid));
}

}  // namespace
}  // namespace trivet::sync
