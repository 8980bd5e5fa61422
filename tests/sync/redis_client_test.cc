#include "sync/redis_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sync/redis_status.h"
#include "tests/support/crew.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/fake_server.h"
#include "tests/sync/redis_server.h"
#include "trivet/redis_options.h"

namespace trivet::sync {
namespace {

using ::testing::HasSubstr;
using trivet::testing::Eventually;
using trivet::testing::FakePeer;
using trivet::testing::FakeServer;
using trivet::testing::IsOk;
using trivet::testing::kLong;
using trivet::testing::RedisServer;
using trivet::testing::StatusIs;

std::unique_ptr<RedisClient> Open(const std::string& url, RedisOptions options = {}) {
  options.url = url;
  options.backoff_min = absl::Milliseconds(1);
  options.backoff_max = absl::Milliseconds(2);
  auto client = RedisClient::Open(options);
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

absl::StatusOr<Reply> Ask(RedisClient& client, std::initializer_list<std::string_view> words,
                          absl::Duration timeout = kLong) {
  return client.Call(words, client.In(timeout));
}

RedisError KindOfAnswer(RedisClient& client, std::initializer_list<std::string_view> words) {
  return KindOf(Ask(client, words).status());
}

TEST(RedisClientTest, OpeningChecksOptionsAndConnectsToNobody) {
  EXPECT_THAT(RedisClient::Open({.url = "redis://127.0.0.1:1"}), IsOk());
  EXPECT_THAT(RedisClient::Open({.url = "rediss://h"}), StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_THAT(RedisClient::Open({.url = "h"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(RedisClient::Open({.connections = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("connections:")));
}

TEST(RedisClientTest, RedirectionsOfAClusterAreErrorsThatSaySo) {
  for (const std::string code : {"MOVED", "ASK"}) {
    FakeServer server([&](FakePeer& peer) {
      if (!peer.Greet()) return;
      while (!peer.Read().empty()) peer.Send("-" + code + " 3999 10.0.0.1:6381\r\n");
    });
    const auto client = Open(server.Url());
    const auto reply = Ask(*client, {"GET", "k"});
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("clusters are not supported yet")));
    EXPECT_EQ(KindOf(reply.status()), code == "ASK" ? RedisError::kAsk : RedisError::kMoved);
    EXPECT_FALSE(MaybeExecuted(reply.status()));
    EXPECT_EQ(server.connections(), 1);
  }
}

TEST(RedisClientTest, CommandsAndPipelines) {
  const RedisServer server;
  const auto client = Open(server.UnixUrl());
  ASSERT_THAT(Ask(*client, {"SET", "k", "v"}), IsOk());
  const auto value = Ask(*client, {"GET", "k"});
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(value->text, "v");
  EXPECT_EQ(KindOfAnswer(*client, {"NONSENSE", "secret"}), RedisError::kOther);
  EXPECT_THAT(Ask(*client, {}), StatusIs(absl::StatusCode::kInvalidArgument));

  Commands commands;
  for (int i = 0; i < 1000; ++i) ASSERT_THAT(commands.Add({"INCR", "n"}), IsOk());
  ASSERT_THAT(commands.Add({"INCR", "k"}), IsOk());
  const auto replies = client->CallMany(commands, client->In(kLong));
  ASSERT_THAT(replies, IsOk());
  ASSERT_EQ(replies->size(), 1001u);
  EXPECT_EQ((*replies)[999].integer, 1000);
  EXPECT_TRUE((*replies)[1000].is_error());

  const auto none = client->CallMany(Commands(), client->In(kLong));
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->empty());
}

TEST(RedisClientTest, ThreadsShareAFewConnections) {
  const RedisServer server;
  const auto client = Open(server.UnixUrl(), {.connections = 3});
  trivet::testing::RunCrew(12, 1, [&](size_t, auto&) {
    for (size_t i = 0; i < trivet::testing::ScaledCount(1000); ++i) {
      ASSERT_THAT(Ask(*client, {"INCR", "n"}), IsOk());
    }
  });
  const auto sum = Ask(*client, {"GET", "n"});
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(sum->text, std::to_string(12 * trivet::testing::ScaledCount(1000)));
  EXPECT_EQ(client->connects(), 3u);
}

TEST(RedisClientTest, TheServersRefusalsAreTyped) {
  const RedisServer server;
  const auto client = Open(server.UnixUrl());
  ASSERT_THAT(Ask(*client, {"RPUSH", "list", "x"}), IsOk());
  EXPECT_EQ(KindOfAnswer(*client, {"GET", "list"}), RedisError::kWrongType);
  const std::string digest(40, 'a');
  EXPECT_EQ(KindOfAnswer(*client, {"EVALSHA", digest, "0"}), RedisError::kNoScript);

  ASSERT_THAT(Ask(*client, {"CONFIG", "SET", "maxmemory", "1"}), IsOk());
  EXPECT_EQ(KindOfAnswer(*client, {"SET", "k", "v"}), RedisError::kOutOfMemory);
  ASSERT_THAT(Ask(*client, {"CONFIG", "SET", "maxmemory", "0"}), IsOk());

  ASSERT_THAT(Ask(*client, {"CONFIG", "SET", "min-replicas-to-write", "1"}), IsOk());
  EXPECT_EQ(KindOfAnswer(*client, {"SET", "k", "v"}), RedisError::kNoReplicas);
  ASSERT_THAT(Ask(*client, {"CONFIG", "SET", "min-replicas-to-write", "0"}), IsOk());

  ASSERT_THAT(Ask(*client, {"REPLICAOF", "127.0.0.1", "1"}), IsOk());
  EXPECT_EQ(KindOfAnswer(*client, {"SET", "k", "v"}), RedisError::kReadOnly);
  ASSERT_THAT(Ask(*client, {"CONFIG", "SET", "replica-serve-stale-data", "no"}), IsOk());
  EXPECT_EQ(KindOfAnswer(*client, {"GET", "k"}), RedisError::kMasterDown);
  ASSERT_THAT(Ask(*client, {"REPLICAOF", "NO", "ONE"}), IsOk());

  ASSERT_THAT(Ask(*client, {"ACL", "SETUSER", "default", "-get"}), IsOk());
  EXPECT_EQ(KindOfAnswer(*client, {"GET", "k"}), RedisError::kNoPermission);
}

TEST(RedisClientTest, AServerThatIsBusyWithAScriptSaysSo) {
  const RedisServer server({"--busy-reply-threshold", "1"});
  const auto client = Open(server.UnixUrl());
  const auto other = Open(server.UnixUrl());
  ASSERT_THAT(Ask(*other, {"PING"}), IsOk());
  std::thread endless([&] { EXPECT_FALSE(Ask(*client, {"EVAL", "while true do end", "0"}).ok()); });
  EXPECT_TRUE(Eventually([&] { return KindOfAnswer(*other, {"GET", "k"}) == RedisError::kBusy; }));
  EXPECT_THAT(Ask(*other, {"SCRIPT", "KILL"}), IsOk());
  endless.join();
}

TEST(RedisClientTest, ScriptsAreTaughtOnceAndAgainAfterAFlush) {
  const RedisServer server;
  const auto client = Open(server.UnixUrl());
  Script script("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[2])}");
  const std::string_view keys[] = {"a", "n"};
  const std::string_view arguments[] = {"x\r\ny"};
  const auto run = [&] { return client->Run(script, keys, arguments, client->In(kLong)); };
  for (int i = 1; i <= 4; ++i) {
    if (i == 3) {
      ASSERT_THAT(Ask(*client, {"SCRIPT", "FLUSH"}), IsOk());
    }
    const auto reply = run();
    ASSERT_THAT(reply, IsOk());
    ASSERT_EQ(reply->elements.size(), 3u);
    EXPECT_EQ(reply->elements[0].text, "a");
    EXPECT_EQ(reply->elements[1].text, "x\r\ny");
    EXPECT_EQ(reply->elements[2].integer, i);
  }
  EXPECT_EQ(script.digest().size(), 40u);
  const auto calls = Ask(*client, {"INFO", "commandstats"});
  ASSERT_THAT(calls, IsOk());
  EXPECT_THAT(calls->text, HasSubstr("cmdstat_eval:calls=1,"));
}

TEST(RedisClientTest, WithoutTheRightToTeachScriptsAreSentInFull) {
  const RedisServer server(
      {"--user", "ada", "on", "nopass", "~*", "&*", "+@all", "-script", "--user", "default", "on"});
  const auto client = Open("unix://ada@" + server.UnixUrl().substr(7));
  Script script("return 7");
  Script other("return 8");
  for (int i = 0; i < 2; ++i) {
    const std::vector<ScriptCall> calls = {{.script = &script}, {.script = &other}};
    const auto replies = client->RunMany(calls, client->In(kLong));
    ASSERT_THAT(replies, IsOk());
    EXPECT_EQ((*replies)[0].integer, 7);
    EXPECT_EQ((*replies)[1].integer, 8);
  }
  // And the server is not asked again and again.
  const auto stats = Ask(*client, {"INFO", "commandstats"});
  ASSERT_THAT(stats, IsOk());
  EXPECT_THAT(stats->text, HasSubstr("cmdstat_script|load:calls=0,usec=0,usec_per_call=0.00,"
                                     "rejected_calls=1,"));
}

TEST(RedisClientTest, AHungServerOpensTheBreakerAndClosesItWhenItAnswers) {
  RedisServer server;
  const auto client =
      Open(server.UnixUrl(), {.connections = 1,
                              .connect_timeout = absl::Milliseconds(20),  // of a probe, too
                              .breaker_pause = absl::Milliseconds(50)});
  ASSERT_TRUE(Eventually([&] { return Ask(*client, {"PING"}).ok(); }));
  server.Pause();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(KindOf(Ask(*client, {"PING"}, absl::Milliseconds(20)).status()),
              RedisError::kTimeout);
  }
  EXPECT_NE(client->breaker(), CircuitBreaker::State::kClosed);
  int refused = 0;
  const absl::Time end = absl::Now() + absl::Milliseconds(300);
  while (absl::Now() < end) {
    const auto reply = Ask(*client, {"PING"});
    ASSERT_EQ(KindOf(reply.status()), RedisError::kBreakerOpen) << reply.status();
    ASSERT_FALSE(MaybeExecuted(reply.status()));
    ++refused;
  }
  EXPECT_GT(refused, 100);  // nearly all at once: probes took what time there was
  server.Resume();
  EXPECT_TRUE(Eventually([&] { return Ask(*client, {"PING"}).ok(); }));
  EXPECT_EQ(client->breaker(), CircuitBreaker::State::kClosed);
}

TEST(RedisClientTest, DeadlinesThatPassedBeforeTheCallDoNotOpenTheBreaker) {
  const RedisServer server;
  const auto client = Open(server.UnixUrl());
  for (int i = 0; i < 10; ++i) {
    const auto late = Ask(*client, {"PING"}, -absl::Milliseconds(1));
    EXPECT_EQ(KindOf(late.status()), RedisError::kTimeout);
    EXPECT_FALSE(MaybeExecuted(late.status()));
  }
  EXPECT_EQ(client->breaker(), CircuitBreaker::State::kClosed);
  EXPECT_THAT(Ask(*client, {"PING"}), IsOk());
}

TEST(RedisClientTest, ManyScriptsRunInOneGoAlsoWhereTheServerHasForgottenSome) {
  const RedisServer server;
  const auto client = Open(server.UnixUrl());
  Script add("return redis.call('INCR', KEYS[1])");
  Script echo("return ARGV[1]");
  const ScriptCall calls[] = {{.script = &add, .keys = {"n"}},
                              {.script = &echo, .arguments = {"x"}},
                              {.script = &add, .keys = {"n"}}};
  for (int round = 0; round < 3; ++round) {
    if (round == 1) {
      ASSERT_THAT(Ask(*client, {"SCRIPT", "FLUSH"}), IsOk());
      ASSERT_THAT(Ask(*client, {"SCRIPT", "LOAD", echo.text()}), IsOk());
    }
    uint64_t who = 0;
    const auto replies = client->RunMany(calls, client->In(kLong), &who);
    ASSERT_THAT(replies, IsOk());
    ASSERT_EQ(replies->size(), 3u);
    EXPECT_EQ((*replies)[0].integer, 2 * round + 1);
    EXPECT_EQ((*replies)[1].text, "x");
    EXPECT_EQ((*replies)[2].integer, 2 * round + 2);
    EXPECT_EQ(who, ServerNumber(client->server().run_id));
  }
}

TEST(RedisClientTest, RepliesSayWhichServerAnswered) {
  RedisServer server;
  const auto client = Open(server.UnixUrl());
  Commands ping;
  ASSERT_THAT(ping.Add({"PING"}), IsOk());
  const auto who = [&] {
    uint64_t number = 0;
    EXPECT_TRUE(
        Eventually([&] { return client->CallMany(ping, client->In(kLong), &number).ok(); }));
    return number;
  };
  const uint64_t first = who();
  EXPECT_NE(first, 0u);
  EXPECT_EQ(who(), first);
  server.Kill();
  server.Start();
  EXPECT_NE(who(), first);
}

TEST(RedisClientTest, AHungServerHoldsAHundredThreadsNoLongerThanTheirDeadline) {
  RedisServer server;
  const auto client = Open(server.UnixUrl(), {.breaker_timeouts = 1000});
  ASSERT_THAT(Ask(*client, {"PING"}), IsOk());
  server.Pause();
  trivet::testing::RunCrew(100, 1, [&](size_t, auto&) {
    const absl::Time before = absl::Now();
    EXPECT_FALSE(Ask(*client, {"PING"}, absl::Milliseconds(100)).ok());
    EXPECT_LT(absl::Now() - before, absl::Seconds(3));
  });
  server.Resume();
}

TEST(RedisClientTest, WhatTheServerHasNotSeenIsSentAgain) {
  std::atomic<int> asked{0};
  FakeServer server([&](FakePeer& peer) {
    if (!peer.Greet()) return;
    while (!peer.Read().empty()) {
      ++asked;
      peer.Send("+OK\r\n");
    }
  });
  const auto client = Open(server.Url());
  EXPECT_THAT(Ask(*client, {"X"}), IsOk());
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace trivet::sync
