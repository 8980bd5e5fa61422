#include "bindings/cli/redis_findings.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bindings/cli/quantity.h"
#include "sync/redis_status.h"

namespace trivet::cli {
namespace {

using enum Finding::Level;
using sync::RedisError;

// Beyond these a miss of memory is no longer cheap next to one of a database on the same machine.
constexpr uint64_t kPingNsWarning = 1'000'000;
constexpr uint64_t kPingTailNsWarning = 50'000'000;  // a fifth of CoherenceOptions::timeout
// A burst of changes that a subscriber has not read yet must fit.
constexpr uint64_t kMessageBufferBytesLeast = 1 << 20;

std::string Field(const RedisFields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

uint64_t Number(const RedisFields& fields, const std::string& name) {
  uint64_t number = 0;
  return absl::SimpleAtoi(Field(fields, name), &number) ? number : 0;
}

Finding JudgeConnection(const RedisFacts& facts) {
  const absl::Status& status = facts.connection;
  if (status.ok()) return {"connection", kOk, facts.endpoint, "The server answers."};
  const std::string why(status.message());
  switch (sync::KindOf(status)) {
    case RedisError::kTooOld:
      return {"version", kProblem, "too old", why + "."};
    case RedisError::kNotLoggedIn:
      return {"connection", kProblem, facts.endpoint,
              why + ". User and password go into the URL: redis://user:password@host."};
    case RedisError::kLoading:
      return {"connection", kProblem, facts.endpoint, why + ". It answers when it is done."};
    default:
      return {"connection", kProblem, facts.endpoint,
              why + ". Programs go on without it: they read from the store, and keep nothing."};
  }
}

Finding JudgeVersion(const RedisFields& info) {
  const std::string redis = Field(info, "redis_version");
  if (redis.empty()) {
    return {"version", kProblem, "unknown",
            "The user may not run INFO, by which trivet tells one server from another."};
  }
  if (const std::string valkey = Field(info, "valkey_version"); !valkey.empty()) {
    return {"version", kOk, "Valkey " + valkey, "All that trivet needs is there."};
  }
  for (const auto& [name, value] : info) {
    if (name == "redis_version" || !absl::EndsWith(name, "_version")) continue;
    if (!absl::StartsWith(name, "dragonfly") && !absl::StartsWith(name, "keydb")) continue;
    return {"version", kWarning, absl::StrCat(name, " ", value),
            "Neither Redis nor Valkey; trivet was not tested with it."};
  }
  int major = 0;
  const bool known = absl::SimpleAtoi(redis.substr(0, redis.find('.')), &major);
  if (!known || major < 7) {
    return {"version", kProblem, "Redis " + redis, "trivet needs Redis 7.0 or newer, or Valkey."};
  }
  return {"version", kOk, "Redis " + redis, "All that trivet needs is there (7.0 or newer)."};
}

Finding JudgeRole(const RedisFields& info) {
  if (Field(info, "role") == "slave") {
    return {"role", kProblem, "replica",
            "It takes no writes and proves nothing: name the primary."};
  }
  if (Number(info, "cluster_enabled") == 1) {
    return {"role", kProblem, "node of a cluster",
            "trivet does not follow redirections: name a server that is no part of a cluster."};
  }
  const uint64_t replicas = Number(info, "connected_slaves");
  if (replicas == 0) return {"role", kOk, "primary, no replica", "What it loses costs loads only."};
  return {
      "role", kOk, absl::StrCat("primary, replicas: ", replicas),
      "After a failover the URL must lead to the new primary; what that lacks costs loads only."};
}

Finding JudgeMemory(const RedisFields& info) {
  const uint64_t limit = Number(info, "maxmemory");
  const uint64_t used = Number(info, "used_memory");
  const std::string policy = Field(info, "maxmemory_policy");
  if (limit == 0) {
    return {"memory", kWarning, absl::StrCat("no limit, ", FormatBytes(used), " used"),
            "The server grows until the system stops it. Set maxmemory, and maxmemory-policy "
            "volatile-lru or volatile-lfu."};
  }
  const std::string value =
      absl::StrCat(FormatBytes(used), " of ", FormatBytes(limit), " used, ", policy);
  if (policy == "noeviction") {
    return {"memory", kWarning, value,
            "When it is full it takes no values, and reads go to the store; invalidations still "
            "work. Set maxmemory-policy volatile-lru or volatile-lfu."};
  }
  if (absl::StartsWith(policy, "allkeys")) {
    return {"memory", kOk, value,
            "It may also evict what trivet knows of a namespace, which costs loads and nothing "
            "else; the volatile- policies spare that."};
  }
  return {"memory", kOk, value, "Values go when room is needed; what trivet must know stays."};
}

Finding JudgeEviction(const RedisFields& info) {
  const uint64_t evicted = Number(info, "evicted_keys");
  return {"eviction", kOk, absl::StrCat(FormatCount(evicted), " keys since the start"),
          evicted == 0 ? "Values stay until their TTL ends."
                       : "Values went before their TTL ended; more memory would save loads."};
}

Finding JudgePersistence(const RedisFacts& facts) {
  const bool log = Number(facts.info, "aof_enabled") == 1;
  const bool snapshots = !Field(facts.config, "save").empty();
  std::vector<std::string> kinds;
  if (snapshots) kinds.push_back("snapshots");
  if (log) kinds.push_back("append-only file");
  const std::string value = facts.config.empty() && !log ? "snapshots unknown"
                            : kinds.empty()              ? "none"
                                                         : absl::StrJoin(kinds, ", ");
  if (Field(facts.info, "rdb_last_bgsave_status") == "err" ||
      Field(facts.info, "aof_last_write_status") == "err") {
    return {"persistence", kWarning, value + ", fails",
            "The last attempt to save failed, and by default a server that cannot save refuses "
            "writes."};
  }
  if (log && Field(facts.config, "appendfsync") == "always") {
    return {"persistence", kWarning, value + ", appendfsync always",
            "Every change waits for the disk."};
  }
  if (kinds.empty()) return {"persistence", kOk, value, "None is needed: the store is the truth."};
  return {"persistence", kOk, value,
          "Not needed: the store is the truth, and what a server brings back from its disk is not "
          "believed."};
}

Finding JudgeClients(const RedisFields& info) {
  const uint64_t connected = Number(info, "connected_clients");
  const uint64_t limit = Number(info, "maxclients");
  const std::string value = absl::StrCat(FormatCount(connected), " of ", FormatCount(limit));
  if (limit > 0 && connected * 5 >= limit * 4) {
    return {"clients", kWarning, value,
            "Few are left. A process takes three connections, and up to three more for its locks."};
  }
  return {"clients", kOk, value,
          "A process takes three connections, and up to three more for its locks."};
}

Finding JudgeRights(const RedisFacts& facts) {
  if (!facts.not_permitted.empty()) {
    return {"rights", kProblem,
            absl::StrCat(facts.user, " may not ", absl::StrJoin(facts.not_permitted, ", ")),
            "trivet needs these commands, on keys and channels that begin with tv1: as in "
            "ACL SETUSER name ~tv1:* &tv1:* +@all -@admin."};
  }
  if (!facts.rights_are_known) {
    return {"rights", kOk, "not shown to this user", "What was tried below tells."};
  }
  return {"rights", kOk, facts.user, "Every command that trivet needs is permitted."};
}

Finding JudgeLatency(const LatencyHistogram& ping_ns) {
  if (ping_ns.count() == 0) {
    return {"latency", kProblem, "unknown", "No PING was answered in time."};
  }
  const uint64_t p50 = ping_ns.Percentile(50);
  const uint64_t p99 = ping_ns.Percentile(99);
  const std::string value = absl::StrCat("p50 ", FormatNanoseconds(p50), ", p99 ",
                                         FormatNanoseconds(p99), " of ", ping_ns.count(), " PINGs");
  if (p50 > kPingNsWarning || p99 > kPingTailNsWarning) {
    return {"latency", kWarning, value,
            "Each miss of memory waits that long once, each Set twice. A nearer server would be "
            "better; commands give up after CoherenceOptions.timeout, 250 ms by default."};
  }
  return {"latency", kOk, value, "Each miss of memory waits that long once, each Set twice."};
}

// "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
Finding JudgeMessageBuffer(const RedisFields& config) {
  const std::vector<std::string> words =
      absl::StrSplit(Field(config, "client-output-buffer-limit"), ' ');
  const auto pubsub = std::find(words.begin(), words.end(), "pubsub");
  uint64_t hard = 0;
  if (words.end() - pubsub < 2 || !absl::SimpleAtoi(pubsub[1], &hard)) {
    return {"message buffer", kOk, "not shown to this user",
            "Subscribers that fall behind further than it allows are cut off, and forget what they "
            "have in memory."};
  }
  if (hard == 0) {
    return {"message buffer", kOk, "no limit",
            "A subscriber that hangs costs the server memory, until its connection is closed."};
  }
  if (hard < kMessageBufferBytesLeast) {
    return {"message buffer", kWarning, FormatBytes(hard),
            "A burst of changes cuts subscribers off, which then forget what they have in memory. "
            "Raise client-output-buffer-limit pubsub."};
  }
  return {"message buffer", kOk, FormatBytes(hard),
          "A subscriber that falls behind further is cut off, and forgets what it has in memory."};
}

Finding JudgeTrial(const char* name, const absl::Status& status, std::string value,
                   std::string meaning) {
  if (status.ok()) return {name, kOk, std::move(value), std::move(meaning)};
  return {name, kProblem, "fails", absl::StrCat(status.message(), ".")};
}

}  // namespace

const char* LevelName(Finding::Level level) {
  switch (level) {
    case kOk:
      return "ok";
    case kWarning:
      return "warning";
    case kProblem:
      return "problem";
  }
  return "";
}

std::vector<Finding> JudgeRedis(const RedisFacts& facts) {
  std::vector<Finding> findings = {JudgeConnection(facts)};
  if (!facts.connection.ok()) return findings;
  findings.push_back(JudgeVersion(facts.info));
  if (!facts.info.empty()) {
    findings.push_back(JudgeRole(facts.info));
    findings.push_back(JudgeMemory(facts.info));
    findings.push_back(JudgeEviction(facts.info));
    findings.push_back(JudgePersistence(facts));
    findings.push_back(JudgeClients(facts.info));
  }
  findings.push_back(JudgeMessageBuffer(facts.config));
  findings.push_back(JudgeRights(facts));
  findings.push_back(JudgeLatency(facts.ping_ns));
  findings.push_back(
      JudgeTrial("scripts", facts.script, "run", "Each change and its message are one script."));
  findings.push_back(JudgeTrial("values", facts.values, "written, read, invalidated",
                                "In a namespace of its own, which is gone again."));
  findings.push_back(JudgeTrial("messages", facts.messages,
                                "came after " + FormatNanoseconds(facts.message_ns),
                                "So long others may have in memory what one has changed."));
  return findings;
}

}  // namespace trivet::cli
