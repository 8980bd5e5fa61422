// doctor on real servers, well and unwell.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/redis_client.h"
#include "tests/cli/tool.h"
#include "tests/sync/redis_server.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;
using testing::kLong;
using ::testing::Not;
using testing::RedisServer;
using Json = nlohmann::json;

class DoctorCommandTest : public ToolTest {
 protected:
  ToolRun Doctor(const std::string& url) const { return Run({"doctor", "--redis", url, "--json"}); }

  static Json Named(const Json& report, const std::string& name) {
    for (const Json& finding : report["findings"]) {
      if (finding["name"] == name) return finding;
    }
    return Json::object();
  }

  static void Do(const RedisServer& server, const std::vector<std::string_view>& words) {
    auto client = sync::RedisClient::Open({.url = server.UnixUrl()});
    const auto reply = (*client)->Call(words, (*client)->In(kLong));
    ASSERT_TRUE(reply.ok()) << words.front() << ": " << reply.status();
  }

  static std::string WithLogin(std::string url, const std::string& login) {
    return url.insert(std::string("unix://").size(), login + "@");
  }
};

TEST_F(DoctorCommandTest, AWellServerIsUsable) {
  const RedisServer server({"--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"});
  const ToolRun run = Doctor(server.UnixUrl());
  ASSERT_EQ(run.exit, 0) << run.out << run.err;
  const Json report = run.json();
  EXPECT_EQ(report["usable"], true);
  EXPECT_EQ(report["warnings"], 0) << run.out;
  EXPECT_GT(report["ping_ns"]["p50"], 0);
  EXPECT_LE(report["ping_ns"]["p50"], report["ping_ns"]["p99"]);
  EXPECT_GT(report["message_ns"], 0);
  for (const char* name :
       {"connection", "version", "role", "memory", "eviction", "persistence", "clients",
        "message buffer", "rights", "latency", "scripts", "values", "messages"}) {
    EXPECT_EQ(Named(report, name)["level"], "ok") << name;
  }
}

TEST_F(DoctorCommandTest, TextSaysTheSame) {
  const RedisServer server;
  const ToolRun run = Run({"doctor", "--redis", server.UnixUrl()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.err, "");
  for (const char* text : {"ok       version         Redis ", "warning  memory", "Set maxmemory",
                           "trivet can use this server. Warnings: 1"}) {
    EXPECT_THAT(run.out, HasSubstr(text));
  }
}

TEST_F(DoctorCommandTest, LeavesNothingBehind) {
  const RedisServer server;
  ASSERT_EQ(Doctor(server.UnixUrl()).exit, 0);
  auto client = sync::RedisClient::Open({.url = server.UnixUrl()});
  const auto size = (*client)->Call({"DBSIZE"}, (*client)->In(kLong));
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size->integer, 0);
}

TEST_F(DoctorCommandTest, AServerThatIsDownIsAProblem) {
  RedisServer server;
  server.Kill();
  for (const std::string& url : {server.UnixUrl(), server.TcpUrl()}) {
    const ToolRun run = Doctor(url);
    EXPECT_EQ(run.exit, 4) << run.err;
    EXPECT_EQ(run.json()["usable"], false);
    EXPECT_EQ(Named(run.json(), "connection")["level"], "problem");
  }
}

TEST_F(DoctorCommandTest, AServerThatHangsIsAProblemSoon) {
  RedisServer server;
  server.Pause();
  const ToolRun run = Doctor(server.UnixUrl());
  server.Resume();
  EXPECT_EQ(run.exit, 4) << run.err;
  EXPECT_EQ(Named(run.json(), "connection")["level"], "problem");
}

TEST_F(DoctorCommandTest, AWrongPasswordIsToldAndNotRepeated) {
  const RedisServer server({"--requirepass", "s3cret"});
  EXPECT_EQ(Doctor(WithLogin(server.UnixUrl(), ":s3cret")).exit, 0);
  for (const std::string& url : {server.UnixUrl(), WithLogin(server.UnixUrl(), ":wr0ng")}) {
    const ToolRun run = Doctor(url);
    EXPECT_EQ(run.exit, 4);
    EXPECT_THAT(Named(run.json(), "connection")["meaning"].get<std::string>(),
                HasSubstr("user:password"));
    EXPECT_THAT(run.out + run.err, Not(HasSubstr("wr0ng")));
  }
}

TEST_F(DoctorCommandTest, AReplicaIsAProblem) {
  const RedisServer server;
  Do(server, {"REPLICAOF", "127.0.0.1", "1"});
  const ToolRun run = Doctor(server.UnixUrl());
  EXPECT_EQ(run.exit, 4) << run.err;
  EXPECT_EQ(Named(run.json(), "role")["level"], "problem");
  EXPECT_EQ(Named(run.json(), "values")["level"], "problem") << "it takes no writes";
}

TEST_F(DoctorCommandTest, AFullServerIsAProblem) {
  const RedisServer server({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  const ToolRun run = Doctor(server.UnixUrl());
  EXPECT_EQ(run.exit, 4) << run.err;
  EXPECT_EQ(Named(run.json(), "memory")["level"], "warning");
  EXPECT_THAT(Named(run.json(), "values")["meaning"].get<std::string>(), HasSubstr("memory"));
}

TEST_F(DoctorCommandTest, AUserNeedsNoRightsBeyondThoseThatAreNamed) {
  const RedisServer server;
  Do(server, {"ACL", "SETUSER", "app", "on", ">pw", "~tv1:*", "&tv1:*", "+@all", "-@admin"});
  const ToolRun run = Doctor(WithLogin(server.UnixUrl(), "app:pw"));
  EXPECT_EQ(run.exit, 0) << run.out;
  EXPECT_THAT(Named(run.json(), "rights")["value"].get<std::string>(), HasSubstr("not shown"));
}

TEST_F(DoctorCommandTest, MissingRightsAreProblems) {
  const RedisServer server;
  Do(server, {"ACL", "SETUSER", "app", "on", ">pw", "~tv1:*", "+@all", "resetchannels"});
  const ToolRun mute = Doctor(WithLogin(server.UnixUrl(), "app:pw"));
  EXPECT_EQ(mute.exit, 4);
  EXPECT_EQ(Named(mute.json(), "rights")["value"], "app may not PUBLISH, SUBSCRIBE");
  EXPECT_EQ(Named(mute.json(), "messages")["level"], "problem");

  Do(server, {"ACL", "SETUSER", "app", "&tv1:*", "-eval", "-evalsha"});
  const ToolRun unscripted = Doctor(WithLogin(server.UnixUrl(), "app:pw"));
  EXPECT_EQ(unscripted.exit, 4);
  EXPECT_EQ(Named(unscripted.json(), "scripts")["level"], "problem");
}

TEST_F(DoctorCommandTest, UrlsThatCannotBeUsedAreRefused) {
  for (const std::string url : {"host", "rediss://:s3cret@host", "redis://:s3cret@host:0x"}) {
    const ToolRun run = Doctor(url);
    EXPECT_EQ(run.exit, 2) << url;
    EXPECT_THAT(run.err, HasSubstr("--redis: redis URL"));
    EXPECT_THAT(run.err, Not(HasSubstr("s3cret")));
  }
  EXPECT_EQ(Run({"doctor"}).exit, 2);
}

}  // namespace
}  // namespace trivet::cli
