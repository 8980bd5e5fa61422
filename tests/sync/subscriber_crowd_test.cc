// Many listeners on the one connection of a Subscriber.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/redis_client.h"
#include "sync/redis_status.h"
#include "sync/subscriber.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/channel_diary.h"
#include "tests/sync/redis_server.h"

namespace trivet::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using trivet::testing::ChannelDiary;
using trivet::testing::Eventually;
using trivet::testing::IsOk;
using trivet::testing::kLong;
using trivet::testing::RedisServer;

// Does what a test wants when a message comes.
class OnEach final : public ChannelListener {
 public:
  explicit OnEach(std::function<void(std::string_view)> message) : message_(std::move(message)) {}

  void OnSubscribed(const ServerInfo&) override { ++subscribed_; }
  void OnMessage(std::string_view, std::string_view payload) override { message_(payload); }
  void OnLost(const absl::Status&) override { ++lost_; }

  int subscribed() const { return subscribed_; }
  int lost() const { return lost_; }

 private:
  const std::function<void(std::string_view)> message_;
  std::atomic<int> subscribed_{0};
  std::atomic<int> lost_{0};
};

class SubscriberCrowdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const RedisOptions options{.url = server_.UnixUrl(),
                               .backoff_min = absl::Milliseconds(1),
                               .backoff_max = absl::Milliseconds(2)};
    auto client = RedisClient::Open(options);
    ASSERT_THAT(client, IsOk());
    client_ = *std::move(client);
    auto subscriber = Subscriber::Open({.redis = options, .silence_max = kLong});
    ASSERT_THAT(subscriber, IsOk());
    subscriber_ = *std::move(subscriber);
  }

  std::unique_ptr<Subscription> Subscribe(std::vector<std::string> channels,
                                          ChannelListener& listener) {
    auto subscription = subscriber_->Subscribe(std::move(channels), listener);
    EXPECT_THAT(subscription, IsOk());
    return *std::move(subscription);
  }

  Reply Do(std::initializer_list<std::string_view> words) {
    auto reply = client_->Call(words, client_->In(kLong));
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *std::move(reply) : Reply();
  }
  void Publish(std::string_view channel, std::string_view payload) {
    Do({"PUBLISH", channel, payload});
  }
  size_t Connections() {
    const std::string list = Do({"CLIENT", "LIST", "TYPE", "pubsub"}).text;
    return static_cast<size_t>(std::count(list.begin(), list.end(), '\n'));
  }
  std::string ChannelsOfServer() {
    std::vector<std::string> names;
    for (const Reply& name : Do({"PUBSUB", "CHANNELS"}).elements) names.push_back(name.text);
    std::sort(names.begin(), names.end());
    return absl::StrJoin(names, " ");
  }

  RedisServer server_;
  std::unique_ptr<RedisClient> client_;
  std::unique_ptr<Subscriber> subscriber_;
};

TEST_F(SubscriberCrowdTest, WhoComesLaterIsToldAloneAndOnTheSameConnection) {
  ChannelDiary first, second;
  const auto one = Subscribe({"a"}, first);
  ASSERT_TRUE(Eventually([&] { return first.subscribed() == 1; }));
  const auto two = Subscribe({"a", "b"}, second);
  ASSERT_TRUE(Eventually([&] { return second.subscribed() == 1; }));
  EXPECT_EQ(Connections(), 1u);
  Publish("a", "1");
  Publish("b", "2");
  ASSERT_TRUE(Eventually([&] { return second.messages().size() == 2; }));
  EXPECT_THAT(first.messages(), ElementsAre("a: 1"));
  EXPECT_THAT(second.messages(), ElementsAre("a: 1", "b: 2"));
  EXPECT_EQ(first.subscribed(), 1);
  EXPECT_THAT(first.lost(), IsEmpty());
}

TEST_F(SubscriberCrowdTest, WhatNobodyWantsAnyMoreIsUnsubscribed) {
  ChannelDiary first, second;
  auto one = Subscribe({"a", "b"}, first);
  const auto two = Subscribe({"b", "c"}, second);
  ASSERT_TRUE(Eventually([&] { return second.subscribed() == 1; }));
  EXPECT_EQ(ChannelsOfServer(), "a b c");
  one.reset();
  ASSERT_TRUE(Eventually([&] { return ChannelsOfServer() == "b c"; }));
  Publish("b", "still");
  ASSERT_TRUE(Eventually([&] { return second.messages().size() == 1; }));
  EXPECT_THAT(first.messages(), IsEmpty());
  EXPECT_THAT(second.lost(), IsEmpty());
}

TEST_F(SubscriberCrowdTest, TheLastOneClosesTheConnectionAndTheNextOpensIt) {
  EXPECT_EQ(Connections(), 0u);
  for (int round = 1; round <= 3; ++round) {
    ChannelDiary diary;
    auto subscription = Subscribe({"a"}, diary);
    ASSERT_TRUE(Eventually([&] { return diary.subscribed() == 1; }));
    EXPECT_EQ(Connections(), 1u);
    subscription.reset();
    ASSERT_TRUE(Eventually([&] { return Connections() == 0; }));
    EXPECT_THAT(diary.lost(), IsEmpty());
  }
}

// Numbers are published all the time; who listens hears each of them, whoever else comes and goes,
// and who comes hears each from then on.
TEST_F(SubscriberCrowdTest, ComingAndGoingLosesNoMessage) {
  struct Listener {
    void Hear(std::string_view payload) {
      const int number = std::stoi(std::string(payload));
      if (last >= 0 && number != last + 1) ++gaps;
      last = number;
    }
    std::atomic<int> last{-1};
    std::atomic<int> gaps{0};
    OnEach listener{[this](std::string_view payload) { Hear(payload); }};
  };
  Listener steady;
  const auto subscription = Subscribe({"numbers"}, steady.listener);
  ASSERT_TRUE(Eventually([&] { return steady.listener.subscribed() == 1; }));
  std::atomic<bool> stop{false};
  int published = 0;
  std::thread publisher([&] {
    while (!stop) Publish("numbers", std::to_string(published++));
  });
  for (int round = 0; round < 40; ++round) {
    Listener same, other;
    const auto on_same = Subscribe({"numbers"}, same.listener);
    auto on_other = Subscribe({absl::StrCat("other", round)}, other.listener);
    ASSERT_TRUE(Eventually([&] { return other.listener.subscribed() == 1; }));
    const int from = steady.last;
    ASSERT_TRUE(Eventually([&] { return same.last > from + 5; }));
    on_other.reset();
    EXPECT_EQ(same.gaps, 0);
  }
  stop = true;
  publisher.join();
  ASSERT_TRUE(Eventually([&] { return steady.last == published - 1; }));
  EXPECT_EQ(steady.gaps, 0);
  EXPECT_EQ(steady.listener.subscribed(), 1);
  EXPECT_EQ(steady.listener.lost(), 0);
}

TEST_F(SubscriberCrowdTest, AllAreToldOfALossAndListenAgain) {
  std::deque<ChannelDiary> diaries(20);
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  for (ChannelDiary& diary : diaries) {
    subscriptions.push_back(Subscribe({absl::StrCat("c", subscriptions.size())}, diary));
  }
  const auto all_subscribed = [&](int times) {
    return std::all_of(diaries.begin(), diaries.end(),
                       [times](const ChannelDiary& diary) { return diary.subscribed() == times; });
  };
  ASSERT_TRUE(Eventually([&] { return all_subscribed(1); }));
  EXPECT_EQ(Connections(), 1u);
  Do({"CLIENT", "KILL", "TYPE", "pubsub"});
  ASSERT_TRUE(Eventually([&] { return all_subscribed(2); }));
  for (size_t i = 0; i < diaries.size(); ++i) {
    ASSERT_EQ(diaries[i].lost().size(), 1u);
    EXPECT_EQ(KindOf(diaries[i].lost()[0]), RedisError::kDisconnected);
    Publish(absl::StrCat("c", i), "again");
  }
  EXPECT_TRUE(Eventually([&] { return diaries.back().messages().size() == 1; }));
  for (const ChannelDiary& diary : diaries) EXPECT_EQ(diary.messages().size(), 1u);
}

TEST_F(SubscriberCrowdTest, WhoIsRefusedDisturbsNobodyAndIsAskedForAgain) {
  Do({"ACL", "SETUSER", "default", "resetchannels", "&open"});
  ChannelDiary open, closed, left;
  const auto one = Subscribe({"open"}, open);
  ASSERT_TRUE(Eventually([&] { return open.subscribed() == 1; }));
  const auto two = Subscribe({"closed"}, closed);
  auto three = Subscribe({"left"}, left);
  ASSERT_TRUE(Eventually([&] { return closed.lost().size() >= 2 && !left.lost().empty(); }));
  EXPECT_EQ(KindOf(closed.lost()[0]), RedisError::kNoPermission);
  three.reset();
  Do({"ACL", "SETUSER", "default", "allchannels"});
  ASSERT_TRUE(Eventually([&] { return closed.subscribed() == 1; }));
  ASSERT_TRUE(Eventually([&] { return ChannelsOfServer() == "closed open"; }));
  EXPECT_EQ(open.subscribed(), 1);
  EXPECT_THAT(open.lost(), IsEmpty());
  EXPECT_EQ(left.subscribed(), 0);
}

TEST_F(SubscriberCrowdTest, ASlowListenerHoldsUpNobodyWhoLeaves) {
  std::promise<void> called, go_on;
  std::atomic<bool> returned{false};
  OnEach slow([&](std::string_view) {
    called.set_value();
    go_on.get_future().wait();
    returned = true;
  });
  ChannelDiary other, late;
  auto slow_one = Subscribe({"a"}, slow);
  auto other_one = Subscribe({"b"}, other);
  ASSERT_TRUE(Eventually([&] { return other.subscribed() == 1; }));
  Publish("a", "x");
  called.get_future().wait();
  Publish("b", "not heard any more");
  const auto late_one = Subscribe({"c"}, late);
  other_one.reset();
  std::thread leaver([&] {
    slow_one.reset();
    EXPECT_TRUE(returned);
  });
  go_on.set_value();
  leaver.join();
  EXPECT_TRUE(Eventually([&] { return late.subscribed() == 1; }));
  EXPECT_THAT(other.messages(), IsEmpty());
}

TEST_F(SubscriberCrowdTest, AListenerMayEndAnotherSubscriptionAndBeginOne) {
  ChannelDiary other, third;
  auto other_one = Subscribe({"b"}, other);
  std::unique_ptr<Subscription> third_one;
  OnEach listener([&](std::string_view) {
    other_one.reset();
    third_one = Subscribe({"c"}, third);
  });
  auto one = Subscribe({"a"}, listener);
  ASSERT_TRUE(Eventually([&] { return listener.subscribed() == 1; }));
  Publish("a", "x");
  ASSERT_TRUE(Eventually([&] { return third.subscribed() == 1; }));
  EXPECT_EQ(ChannelsOfServer(), "a c");
  one.reset();
}

}  // namespace
}  // namespace trivet::sync
