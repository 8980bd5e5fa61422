#include "sync/redis_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "sync/redis_status.h"
#include "tests/support/crew.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/ask_connection.h"
#include "tests/sync/redis_server.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {
namespace {

using trivet::testing::Ask;
using trivet::testing::Eventually;
using trivet::testing::In;
using trivet::testing::IsOk;
using trivet::testing::kLong;
using trivet::testing::Of;
using trivet::testing::Open;
using trivet::testing::RedisServer;
using trivet::testing::Replies;
using trivet::testing::ScaledCount;

TEST(RedisConnectionTest, AnswersInOrderOverEveryTransport) {
  const RedisServer server;
  for (const std::string& url : {server.UnixUrl(), server.TcpUrl(), server.TcpUrl("localhost")}) {
    SCOPED_TRACE(url);
    const auto connection = Open(url);
    const Replies replies = connection->Call(
        Of({{"SET", "k", "v"}, {"GET", "k"}, {"INCR", "k"}, {"DEL", "k"}, {"GET", "k"}}),
        In(kLong));
    ASSERT_THAT(replies, IsOk());
    ASSERT_EQ(replies->size(), 5u);
    EXPECT_TRUE((*replies)[0].is_status("OK"));
    EXPECT_EQ((*replies)[1].text, "v");
    EXPECT_TRUE((*replies)[2].is_error());
    EXPECT_EQ((*replies)[3].integer, 1);
    EXPECT_TRUE((*replies)[4].is_nil());
    EXPECT_EQ(connection->server().version.substr(0, 1), "7");
    EXPECT_EQ(connection->connects(), 1u);
  }
}

TEST(RedisConnectionTest, ManyThreadsGetTheirOwnReplies) {
  const RedisServer server;
  const auto connection = Open(server.UnixUrl());
  trivet::testing::RunCrew(16, 1, [&](size_t index, auto& random) {
    for (size_t i = 0; i < ScaledCount(2000); ++i) {
      // Of all sizes, so that sends and receives are cut anywhere.
      const std::string text =
          std::to_string(index) + ' ' + std::to_string(i) + std::string(random() % 3000, '.');
      const Replies replies = connection->Call(Of({{"ECHO", text}, {"PING"}}), In(kLong));
      ASSERT_THAT(replies, IsOk());
      ASSERT_EQ((*replies)[0].text, text);
      ASSERT_TRUE((*replies)[1].is_status("PONG"));
    }
  });
  EXPECT_EQ(connection->connects(), 1u);
}

TEST(RedisConnectionTest, LargeCommandsAndRepliesPassTogetherWithSmallOnes) {
  const RedisServer server;
  const auto connection = Open(server.TcpUrl());
  trivet::testing::RunCrew(4, 1, [&](size_t index, auto&) {
    const std::string key = std::to_string(index);
    const std::string value(4 << 20, static_cast<char>('a' + index));
    for (size_t i = 0; i < ScaledCount(10); ++i) {
      ASSERT_THAT(Ask(*connection, {"SET", key, value}), IsOk());
      const Replies replies = Ask(*connection, {"GET", key});
      ASSERT_THAT(replies, IsOk());
      ASSERT_TRUE((*replies)[0].text == value);
      ASSERT_THAT(Ask(*connection, {"PING"}), IsOk());
    }
  });
}

TEST(RedisConnectionTest, LogsInChoosesTheDatabaseAndGivesItsName) {
  const RedisServer server(
      {"--user", "ada", "on", ">secret", "~*", "&*", "+@all", "--user", "default", "off"});
  const auto connection = Open("unix://ada:secret@" + server.UnixUrl().substr(7) + "?db=5");
  ASSERT_THAT(Ask(*connection, {"SET", "k", "v"}), IsOk());
  const Replies who = Ask(*connection, {"CLIENT", "INFO"});
  ASSERT_THAT(who, IsOk());
  EXPECT_THAT((*who)[0].text, ::testing::HasSubstr("name=trivet"));
  EXPECT_THAT((*who)[0].text, ::testing::HasSubstr("db=5"));
  EXPECT_THAT((*who)[0].text, ::testing::HasSubstr("user=ada"));

  const auto wrong = Open("unix://ada:wrong@" + server.UnixUrl().substr(7));
  EXPECT_EQ(KindOf(Ask(*wrong, {"PING"}).status()), RedisError::kNotLoggedIn);
  const auto none = Open(server.UnixUrl());
  const Replies refused = Ask(*none, {"PING"});
  EXPECT_EQ(KindOf(refused.status()), RedisError::kNotLoggedIn);
  EXPECT_FALSE(MaybeExecuted(refused.status()));
}

TEST(RedisConnectionTest, AServerThatIsDownIsTriedAgainAndFoundWhenItIsUp) {
  RedisServer server;
  server.Kill();
  const auto connection = Open(server.TcpUrl());
  const Replies refused = Ask(*connection, {"PING"});
  EXPECT_EQ(KindOf(refused.status()), RedisError::kUnreachable);
  EXPECT_FALSE(MaybeExecuted(refused.status()));
  server.Start();
  EXPECT_TRUE(Eventually([&] { return Ask(*connection, {"PING"}).ok(); }));
}

TEST(RedisConnectionTest, AKilledServerFailsWhoWaitsAndIsFoundAgain) {
  RedisServer server;
  const auto connection = Open(server.UnixUrl());
  ASSERT_THAT(Ask(*connection, {"SET", "k", "v"}), IsOk());
  server.Pause();
  std::vector<std::thread> threads;
  std::atomic<int> lost{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Replies replies = Ask(*connection, {"INCR", "n"});
      // Who came after the kill has not been sent.
      if (KindOf(replies.status()) == RedisError::kDisconnected) ++lost;
    });
  }
  EXPECT_EQ(KindOf(Ask(*connection, {"INCR", "n"}, absl::Milliseconds(300)).status()),
            RedisError::kTimeout);
  server.Kill();
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(lost, 0);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return Ask(*connection, {"PING"}).ok(); }));
  EXPECT_EQ(connection->connects(), 2u);
  const Replies replies = Ask(*connection, {"GET", "n"});
  ASSERT_THAT(replies, IsOk());
  EXPECT_TRUE((*replies)[0].is_nil());
}

TEST(RedisConnectionTest, AConnectionThatWasClosedWhileIdleCostsNoRequest) {
  const RedisServer server;
  const auto connection = Open(server.UnixUrl());
  const auto other = Open(server.UnixUrl());
  ASSERT_THAT(Ask(*connection, {"PING"}), IsOk());
  const absl::Duration idle_until = In(absl::Milliseconds(50));
  ASSERT_THAT(Ask(*other, {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}), IsOk());
  ASSERT_TRUE(Eventually([&] { return Clock::System()->Elapsed() > idle_until; }));
  EXPECT_THAT(Ask(*connection, {"PING"}), IsOk());
  EXPECT_EQ(connection->connects(), 2u);
}

TEST(RedisConnectionTest, AHungServerCostsTheDeadlineAndLateRepliesAreNotMistaken) {
  RedisServer server;
  const auto connection = Open(server.UnixUrl(), {.abandoned_max = absl::Minutes(5)});
  ASSERT_THAT(Ask(*connection, {"PING"}), IsOk());
  server.Pause();
  trivet::testing::RunCrew(8, 1, [&](size_t index, auto&) {
    const absl::Duration timeout = absl::Milliseconds(20 + 20 * static_cast<int>(index));
    const absl::Time before = absl::Now();
    const Replies replies = Ask(*connection, {"ECHO", "late"}, timeout);
    EXPECT_EQ(KindOf(replies.status()), RedisError::kTimeout);
    EXPECT_LT(absl::Now() - before, timeout + absl::Seconds(2));
  });
  server.Resume();
  const Replies replies = Ask(*connection, {"ECHO", "mine"});
  ASSERT_THAT(replies, IsOk());
  EXPECT_EQ((*replies)[0].text, "mine");
  EXPECT_EQ(connection->connects(), 1u);
}

TEST(RedisConnectionTest, AServerThatHangsTooLongLosesItsConnection) {
  RedisServer server;
  const auto connection = Open(server.UnixUrl(), {.abandoned_max = absl::Milliseconds(1)});
  ASSERT_THAT(Ask(*connection, {"PING"}), IsOk());
  server.Pause();
  EXPECT_EQ(KindOf(Ask(*connection, {"ECHO", "late"}, absl::Milliseconds(20)).status()),
            RedisError::kTimeout);
  server.Resume();
  ASSERT_TRUE(Eventually([&] {
    const Replies replies = Ask(*connection, {"ECHO", "mine"});
    return replies.ok() && (*replies)[0].text == "mine";
  }));
}

TEST(RedisConnectionTest, ShortDeadlinesReachTogetherWhatNoneCouldAlone) {
  RedisServer server;
  server.Pause();
  const auto connection = Open(server.TcpUrl(), {.connect_timeout = absl::Minutes(1)});
  for (int i = 0; i < 3; ++i) {
    const Replies replies = Ask(*connection, {"PING"}, absl::Milliseconds(10));
    EXPECT_EQ(KindOf(replies.status()), RedisError::kTimeout);
    EXPECT_FALSE(MaybeExecuted(replies.status()));
  }
  server.Resume();
  EXPECT_THAT(Ask(*connection, {"PING"}), IsOk());
  EXPECT_EQ(connection->connects(), 1u);
}

TEST(RedisConnectionTest, AHostThatDoesNotExistIsUnreachable) {
  const auto connection = Open("redis://no-such-host.invalid");
  const Replies replies = Ask(*connection, {"PING"});
  EXPECT_EQ(KindOf(replies.status()), RedisError::kUnreachable) << replies.status();
}

TEST(RedisConnectionTest, ThreadsComeAndGoWhileTheServerIsKilledAndHangs) {
  RedisServer server;
  const auto connection = Open(server.UnixUrl(), {.abandoned_max = absl::Milliseconds(20)});
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      for (int i = 0; !stop; ++i) {
        const std::string text = std::to_string(number) + ' ' + std::to_string(i);
        const Replies replies =
            Ask(*connection, {"ECHO", text}, absl::Milliseconds(1 + (i + number) % 30));
        if (!replies.ok()) continue;
        ASSERT_EQ((*replies)[0].text, text);
        ++good;
      }
    });
  }
  for (size_t round = 0; round < ScaledCount(10); ++round) {
    const int before = good;
    ASSERT_TRUE(Eventually([&] { return good > before + 100; }));
    server.Pause();
    const absl::Duration hung_until = In(absl::Milliseconds(40));
    ASSERT_TRUE(Eventually([&] { return Clock::System()->Elapsed() > hung_until; }));
    server.Resume();
    const int between = good;
    ASSERT_TRUE(Eventually([&] { return good > between + 100; }));
    server.Kill();
    server.Start();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

// A send that goes on while the connection is lost must leave nothing behind for the next one.
TEST(RedisConnectionTest, ThreadsGetTheirOwnRepliesHoweverOftenTheConnectionIsCut) {
  const RedisServer server;
  const auto connection = Open(server.UnixUrl());
  const auto killer = Open(server.UnixUrl());
  std::atomic<bool> stop{false};
  std::thread cuts([&] {
    for (size_t i = 0; i < ScaledCount(500); ++i) {
      const uint64_t before = connection->connects();
      ASSERT_THAT(Ask(*killer, {"CLIENT", "KILL", "TYPE", "normal"}), IsOk());
      ASSERT_TRUE(Eventually([&] { return connection->connects() > before; }));
    }
    stop = true;
  });
  trivet::testing::RunCrew(24, 1, [&](size_t index, auto& random) {
    for (size_t i = 0; !stop; ++i) {
      const std::string text =
          std::to_string(index) + ' ' + std::to_string(i) + std::string(random() % 3000, '.');
      const Replies replies = Ask(*connection, {"ECHO", text});
      if (!replies.ok()) continue;
      ASSERT_EQ((*replies)[0].text, text);
    }
  });
  cuts.join();
}

}  // namespace
}  // namespace trivet::sync
