// get, set, del, mget, tags and clear with --redis, next to a program that keeps copies in memory.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/tool.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/redis_server.h"
#include "trivet/open.h"

namespace trivet::cli {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::RedisServer;

class RedisCommandsTest : public ToolTest {
 protected:
  void SetUp() override {
    ToolTest::SetUp();
    auto opened =
        Open({.memory_bytes = 1 << 20, .store = "sqlite:" + db(), .redis = redis_.UnixUrl()});
    ASSERT_THAT(opened, IsOk());
    program_ = *std::move(opened);
  }

  std::string db() const { return Path("app.db"); }

  // The command on the database and the server of the program.
  ToolRun OnBoth(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--db", db(), "--redis", redis_.UnixUrl(), "--json"});
    return Run(std::move(arguments));
  }
  ToolRun OnRedis(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--redis", redis_.UnixUrl(), "--json"});
    return Run(std::move(arguments));
  }

  Namespace users() { return program_->In("users"); }
  // The program has a copy in memory, and may serve it.
  void SetAndKeep(const std::string& key, const std::string& value) {
    ASSERT_THAT(users().Set(key, value, {.tags = {"org:7"}}), IsOk());
    ASSERT_TRUE(Eventually([&] { return users().Get(key)->tier == Tier::kMemory; }));
  }
  bool ProgramReads(const std::string& key, const std::string& value) {
    return Eventually([&] { return users().Get(key)->bytes() == value; });
  }

  RedisServer redis_;
  std::unique_ptr<Cache> program_;
};

TEST_F(RedisCommandsTest, ProgramsHearOfASet) {
  SetAndKeep("42", "Ada");
  const ToolRun set = OnBoth({"set", "42", "Grace", "-n", "users"});
  ASSERT_EQ(set.exit, 0) << set.err;
  EXPECT_EQ(set.err, "");
  EXPECT_EQ(set.json()["coherence"], "applied");
  EXPECT_TRUE(ProgramReads("42", "Grace"));
}

TEST_F(RedisCommandsTest, ProgramsHearOfEveryOtherChange) {
  const std::vector<std::vector<std::string>> kCommands = {
      {"del", "42", "-n", "users"},
      {"tags", "delete", "org:7", "-n", "users"},
      {"clear", "-n", "users"},
      {"clear", "--all"},
  };
  for (const std::vector<std::string>& command : kCommands) {
    SCOPED_TRACE(command.front() + " " + command[1]);
    SetAndKeep("42", "Ada");
    const ToolRun run = OnBoth(command);
    ASSERT_EQ(run.exit, 0) << run.err;
    EXPECT_EQ(run.json()["coherence"], "applied");
    EXPECT_TRUE(ProgramReads("42", ""));
  }
}

TEST_F(RedisCommandsTest, WhatProgramsLoadedIsReadFromRedis) {
  ASSERT_THAT(users().Get("warm"), IsOk());
  ASSERT_TRUE(Eventually([&] {
    return users().GetOrLoad("42", [](Load&) -> Loaded { return "Ada"; })->tier == Tier::kMemory;
  }));
  const ToolRun get = OnBoth({"get", "42", "-n", "users"});
  ASSERT_EQ(get.exit, 0) << get.err;
  EXPECT_EQ(get.json()["value"], "Ada");
  EXPECT_EQ(get.json()["tier"], "shared");
  const ToolRun mget = OnRedis({"mget", "42", "43", "-n", "users"});
  EXPECT_EQ(mget.exit, 1) << mget.err;
  EXPECT_EQ(mget.json()["items"][0]["tier"], "shared");
  EXPECT_EQ(mget.json()["missing"], 1);
}

TEST_F(RedisCommandsTest, RedisAloneWillDo) {
  ASSERT_EQ(OnRedis({"set", "42", "Ada", "--ttl", "1h"}).exit, 0);
  EXPECT_EQ(OnRedis({"get", "42"}).json()["value"], "Ada");
  EXPECT_EQ(OnRedis({"del", "42"}).exit, 0);
  EXPECT_EQ(OnRedis({"get", "42"}).exit, 1);
  const ToolRun all = OnRedis({"clear", "--all"});
  EXPECT_EQ(all.exit, 2);
  EXPECT_THAT(all.err, HasSubstr("--db"));
}

// Where nobody sees it who lists the processes.
TEST_F(RedisCommandsTest, TheEnvironmentNamesTheServer) {
  ASSERT_EQ(setenv("TRIVET_REDIS", redis_.UnixUrl().c_str(), 1), 0);
  EXPECT_EQ(Run({"set", "42", "Ada"}).exit, 0);
  EXPECT_EQ(Run({"get", "42"}).out, "Ada");
  const RedisServer other;
  EXPECT_EQ(Run({"get", "42", "--redis", other.UnixUrl()}).exit, 1);
  ASSERT_EQ(unsetenv("TRIVET_REDIS"), 0);
}

TEST_F(RedisCommandsTest, NamesMayHaveAPrefix) {
  ASSERT_EQ(OnRedis({"set", "42", "Ada", "--redis-prefix", "staging:"}).exit, 0);
  EXPECT_EQ(OnRedis({"get", "42"}).exit, 1);
  EXPECT_EQ(OnRedis({"get", "42", "--redis-prefix", "staging:"}).json()["value"], "Ada");
  const ToolRun bad = OnRedis({"get", "42", "--redis-prefix", "{}"});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err, HasSubstr("prefix"));
}

TEST_F(RedisCommandsTest, WithoutTheServerNothingIsDone) {
  redis_.Kill();
  const ToolRun set = Run({"set", "a", "1", "--db", Path("new.db"), "--redis", redis_.UnixUrl()});
  EXPECT_EQ(set.exit, 3);
  EXPECT_THAT(set.err, HasSubstr("--redis"));
  EXPECT_FALSE(std::filesystem::exists(Path("new.db")));
}

TEST_F(RedisCommandsTest, BadUrlsAreRefusedWithoutTheirSecret) {
  for (const std::string url : {"rediss://:s3cret@host", "redis://:s3cret@host:port", "host"}) {
    const ToolRun get = Run({"get", "a", "--redis", url});
    EXPECT_EQ(get.exit, 2) << url;
    EXPECT_THAT(get.err, HasSubstr("--redis: redis URL"));
    EXPECT_THAT(get.err, Not(HasSubstr("s3cret")));
  }
}

TEST_F(RedisCommandsTest, AWrongPasswordIsToldAndNotRepeated) {
  const RedisServer locked({"--requirepass", "s3cret"});
  std::string url = locked.UnixUrl();
  const ToolRun without = Run({"get", "a", "--redis", url});
  EXPECT_EQ(without.exit, 3);
  EXPECT_THAT(without.err, HasSubstr("NOAUTH"));
  url.insert(std::string("unix://").size(), ":wr0ng@");
  const ToolRun wrong = Run({"get", "a", "--redis", url});
  EXPECT_EQ(wrong.exit, 3);
  EXPECT_THAT(wrong.err, HasSubstr("WRONGPASS"));
  EXPECT_THAT(wrong.err, Not(HasSubstr("wr0ng")));
}

}  // namespace
}  // namespace trivet::cli
