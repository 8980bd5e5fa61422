// A connection to a server that lies, is silent, or goes in the middle of a reply.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "absl/time/time.h"
#include "sync/command.h"
#include "sync/redis_connection.h"
#include "sync/redis_status.h"
#include "tests/support/crew.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/ask_connection.h"
#include "tests/sync/fake_server.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {
namespace {

using trivet::testing::Ask;
using trivet::testing::Eventually;
using trivet::testing::FakePeer;
using trivet::testing::FakeServer;
using trivet::testing::IsOk;
using trivet::testing::Of;
using trivet::testing::Open;
using trivet::testing::Replies;

TEST(RedisConnectionTest, OldServersAreRefused) {
  FakeServer server([](FakePeer& peer) {
    peer.Greet("6.2.14");
    peer.Read();
  });
  const auto connection = Open(server.Url());
  const Replies replies = Ask(*connection, {"PING"});
  EXPECT_EQ(KindOf(replies.status()), RedisError::kTooOld);
  EXPECT_THAT(std::string(replies.status().message()), ::testing::HasSubstr("6.2.14"));
}

TEST(RedisConnectionTest, RepliesMayComeByteByByte) {
  FakeServer server([](FakePeer& peer) {
    if (!peer.Greet()) return;
    while (!peer.Read().empty()) {
      for (const char c : std::string("*2\r\n$3\r\na\r\n\r\n:1\r\n")) peer.Send({&c, 1});
    }
  });
  const auto connection = Open(server.Url());
  for (int i = 0; i < 20; ++i) {
    const Replies replies = Ask(*connection, {"X"});
    ASSERT_THAT(replies, IsOk());
    ASSERT_EQ((*replies)[0].elements[0].text, "a\r\n");
    ASSERT_EQ((*replies)[0].elements[1].integer, 1);
  }
}

TEST(RedisConnectionTest, WhatIsNoReplyClosesTheConnection) {
  for (const std::string lie :
       {"HTTP/1.1 200 OK\r\n", "$9999999999999\r\n", "*1048577\r\n", "*-7\r\n", ":x\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "+PONG\r\n+more\r\n"}) {
    SCOPED_TRACE(lie);
    FakeServer server([&](FakePeer& peer) {
      if (!peer.Greet()) return;
      peer.Read();
      peer.Send(lie);
      peer.Read();  // until the other side closes
    });
    const auto connection = Open(server.Url());
    const Replies first = Ask(*connection, {"PING"});
    if (lie[0] != '+') {
      EXPECT_EQ(KindOf(first.status()), RedisError::kProtocol) << first.status();
      EXPECT_TRUE(MaybeExecuted(first.status()));
    }
    // The next request goes to a new connection, which lies as well.
    ASSERT_TRUE(Eventually([&] {
      (void)Ask(*connection, {"PING"});
      return connection->connects() > 1;
    }));
  }
}

TEST(RedisConnectionTest, RepliesBeforeTheLieAreGood) {
  FakeServer server([](FakePeer& peer) {
    if (!peer.Greet()) return;
    peer.Read();
    peer.Read();
    peer.Send("+one\r\nxxx\r\n");
    peer.Read();
  });
  const auto connection = Open(server.Url());
  std::atomic<int> good{0};
  std::atomic<int> lost{0};
  trivet::testing::RunCrew(2, 1, [&](size_t, auto&) {
    const Replies replies = Ask(*connection, {"PING"});
    if (replies.ok()) {
      ++good;
    } else if (KindOf(replies.status()) == RedisError::kProtocol) {
      ++lost;
    }
  });
  EXPECT_EQ(good, 1);
  EXPECT_EQ(lost, 1);
}

TEST(RedisConnectionTest, ACloseInTheMiddleOfAReplyMayHaveExecuted) {
  FakeServer server([](FakePeer& peer) {
    if (!peer.Greet()) return;
    peer.Read();
    peer.Send("$10\r\nabc");
  });
  const auto connection = Open(server.Url());
  const Replies replies = Ask(*connection, {"INCR", "n"});
  EXPECT_EQ(KindOf(replies.status()), RedisError::kDisconnected);
  EXPECT_TRUE(MaybeExecuted(replies.status()));
}

TEST(RedisConnectionTest, AServerThatLetsUsInAndGoesIsNotTriedWithoutAPause) {
  FakeServer server([](FakePeer& peer) { peer.Greet(); });
  ManualClock clock;
  RedisOptions options = {.backoff_min = absl::Seconds(1), .clock = &clock};
  const auto url = ParseRedisUrl(server.Url());
  ASSERT_THAT(url, IsOk());
  RedisConnection connection(*url, options);
  const Commands ping = Of({{"PING"}});
  EXPECT_FALSE(connection.Call(ping, absl::Seconds(60)).ok());
  const int before = server.connections();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(KindOf(connection.Call(ping, absl::Seconds(60)).status()), RedisError::kUnreachable);
  }
  EXPECT_EQ(server.connections(), before);
  clock.Advance(absl::Seconds(5));
  EXPECT_FALSE(connection.Call(ping, absl::Seconds(60)).ok());
  EXPECT_TRUE(Eventually([&] { return server.connections() > before; }));
}

TEST(RedisConnectionTest, ADeadlineThatIsOverSendsNothing) {
  FakeServer server([](FakePeer& peer) { peer.Greet(); });
  const auto connection = Open(server.Url());
  const Replies replies = Ask(*connection, {"PING"}, -absl::Seconds(1));
  EXPECT_EQ(KindOf(replies.status()), RedisError::kTimeout);
  EXPECT_FALSE(MaybeExecuted(replies.status()));
  EXPECT_EQ(server.connections(), 0);
}

TEST(RedisConnectionTest, AServerThatReadsNothingHoldsNobodyBeyondTheDeadline) {
  std::atomic<bool> done{false};
  FakeServer server([&](FakePeer& peer) {
    if (!peer.Greet()) return;
    ASSERT_TRUE(Eventually([&] { return done.load(); }));
  });
  const auto connection = Open(server.Url());
  const std::string large(8 << 20, 'v');
  trivet::testing::RunCrew(4, 1, [&](size_t, auto&) {
    const Replies replies = Ask(*connection, {"SET", "k", large}, absl::Milliseconds(200));
    EXPECT_EQ(KindOf(replies.status()), RedisError::kTimeout) << replies.status();
  });
  done = true;
}

}  // namespace
}  // namespace trivet::sync
