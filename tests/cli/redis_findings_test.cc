#include "bindings/cli/redis_findings.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/redis_status.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;

// A server that nothing is wrong with.
RedisFacts Healthy() {
  RedisFacts facts;
  facts.endpoint = "redis://host:6379/0";
  facts.info = ParseRedisInfo(
      "# Server\r\nredis_version:7.2.4\r\n\r\n# Clients\r\nconnected_clients:3\r\n"
      "maxclients:10000\r\nused_memory:1048576\r\nmaxmemory:104857600\r\n"
      "maxmemory_policy:volatile-lru\r\nevicted_keys:0\r\nrole:master\r\nconnected_slaves:0\r\n"
      "rdb_last_bgsave_status:ok\r\naof_enabled:0\r\naof_last_write_status:ok\r\n"
      "cluster_enabled:0\r\n");
  facts.config = {
      {"client-output-buffer-limit", "normal 0 0 0 slave 1 1 60 pubsub 33554432 8388608 60"},
      {"save", ""},
      {"appendfsync", "everysec"}};
  facts.user = "app";
  facts.rights_are_known = true;
  facts.ping_ns.Record(80'000);
  return facts;
}

Finding Named(const RedisFacts& facts, const std::string& name) {
  for (const Finding& finding : JudgeRedis(facts)) {
    if (finding.name == name) return finding;
  }
  return {.name = "", .value = "there is no such finding"};
}

TEST(ParseRedisInfo, TakesFieldsAndNothingElse) {
  EXPECT_EQ(ParseRedisInfo("# Server\r\na:1\r\nb:x:y\r\n\r\nno field\r\n:\r\nlast:2"),
            (RedisFields{{"a", "1"}, {"b", "x:y"}, {"", ""}, {"last", "2"}}));
  EXPECT_EQ(ParseRedisInfo(""), RedisFields());
}

TEST(JudgeRedis, FindsNothingWrongWithAHealthyServer) {
  for (const Finding& finding : JudgeRedis(Healthy())) {
    EXPECT_EQ(finding.level, Finding::Level::kOk) << finding.name << ": " << finding.meaning;
    EXPECT_NE(finding.value, "") << finding.name;
    EXPECT_TRUE(finding.meaning.ends_with('.')) << finding.meaning;
  }
}

TEST(JudgeRedis, KnowsWhatFieldsMean) {
  using enum Finding::Level;
  const struct {
    const char* field;
    const char* value;
    const char* finding;
    Finding::Level level;
    const char* said;
  } kCases[] = {
      {"valkey_version", "8.0.1", "version", kOk, "Valkey 8.0.1"},
      {"dragonfly_version", "1.2", "version", kWarning, "dragonfly"},
      {"redis_version", "6.2.14", "version", kProblem, "Redis 6.2.14"},
      {"redis_version", "x", "version", kProblem, "Redis x"},
      {"role", "slave", "role", kProblem, "replica"},
      {"cluster_enabled", "1", "role", kProblem, "cluster"},
      {"connected_slaves", "2", "role", kOk, "replicas: 2"},
      {"maxmemory", "0", "memory", kWarning, "no limit"},
      {"maxmemory_policy", "noeviction", "memory", kWarning, "noeviction"},
      {"maxmemory_policy", "allkeys-lru", "memory", kOk, "allkeys-lru"},
      {"evicted_keys", "1234", "eviction", kOk, "1,234"},
      {"rdb_last_bgsave_status", "err", "persistence", kWarning, "fails"},
      {"aof_last_write_status", "err", "persistence", kWarning, "fails"},
      {"aof_enabled", "1", "persistence", kOk, "append-only file"},
      {"connected_clients", "9000", "clients", kWarning, "9,000 of 10,000"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(std::string(c.field) + ":" + c.value);
    RedisFacts facts = Healthy();
    facts.info[c.field] = c.value;
    const Finding finding = Named(facts, c.finding);
    EXPECT_EQ(finding.level, c.level);
    EXPECT_THAT(finding.value, HasSubstr(c.said));
  }
}

TEST(JudgeRedis, KnowsWhatSettingsMean) {
  RedisFacts facts = Healthy();
  facts.config["save"] = "3600 1";
  EXPECT_EQ(Named(facts, "persistence").value, "snapshots");
  facts.info["aof_enabled"] = "1";
  facts.config["appendfsync"] = "always";
  EXPECT_EQ(Named(facts, "persistence").level, Finding::Level::kWarning);

  const std::string limit = "client-output-buffer-limit";
  facts.config[limit] = "pubsub 0 0 0";
  EXPECT_EQ(Named(facts, "message buffer").value, "no limit");
  facts.config[limit] = "pubsub 65536 0 0";
  EXPECT_EQ(Named(facts, "message buffer").level, Finding::Level::kWarning);
  for (const char* unknown : {"", "pubsub", "pubsub x 0 0", "normal 0 0 0"}) {
    facts.config[limit] = unknown;
    EXPECT_THAT(Named(facts, "message buffer").value, HasSubstr("not shown")) << unknown;
  }
}

TEST(JudgeRedis, WhatMayNotBeAskedIsNoProblem) {
  RedisFacts facts = Healthy();
  facts.config.clear();
  facts.user.clear();
  facts.rights_are_known = false;
  for (const Finding& finding : JudgeRedis(facts)) {
    EXPECT_EQ(finding.level, Finding::Level::kOk) << finding.name;
  }
  facts.info.clear();  // but this one: trivet needs INFO itself
  EXPECT_EQ(Named(facts, "version").level, Finding::Level::kProblem);
}

TEST(JudgeRedis, MissingRightsAreNamed) {
  RedisFacts facts = Healthy();
  facts.not_permitted = {"EVAL", "SUBSCRIBE"};
  EXPECT_EQ(Named(facts, "rights").level, Finding::Level::kProblem);
  EXPECT_EQ(Named(facts, "rights").value, "app may not EVAL, SUBSCRIBE");
}

TEST(JudgeRedis, ASlowServerIsAWarningAndASilentOneAProblem) {
  RedisFacts facts = Healthy();
  facts.ping_ns = {};
  EXPECT_EQ(Named(facts, "latency").level, Finding::Level::kProblem);
  facts.ping_ns.Record(3'000'000);
  EXPECT_EQ(Named(facts, "latency").level, Finding::Level::kWarning);
}

TEST(JudgeRedis, WhatWasTriedInVainIsAProblem) {
  RedisFacts facts = Healthy();
  facts.script = facts.values = facts.messages = absl::UnavailableError("the reason");
  for (const char* name : {"scripts", "values", "messages"}) {
    EXPECT_EQ(Named(facts, name).level, Finding::Level::kProblem) << name;
    EXPECT_EQ(Named(facts, name).meaning, "the reason.") << name;
  }
}

TEST(JudgeRedis, WithoutAConnectionThatIsAllThereIsToSay) {
  RedisFacts facts = Healthy();
  facts.connection = sync::MakeRedisStatus(sync::RedisError::kTooOld, sync::Executed::kNo, "old");
  ASSERT_EQ(JudgeRedis(facts).size(), 1);
  EXPECT_EQ(JudgeRedis(facts)[0].name, "version");
  EXPECT_EQ(JudgeRedis(facts)[0].level, Finding::Level::kProblem);
}

}  // namespace
}  // namespace trivet::cli
