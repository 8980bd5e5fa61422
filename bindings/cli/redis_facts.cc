#include "bindings/cli/redis_facts.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bindings/cli/redis_trial.h"
#include "sync/redis_client.h"
#include "sync/redis_url.h"
#include "sync/reply.h"
#include "sync/script.h"

namespace trivet::cli {
namespace {

using sync::RedisClient;
using sync::Reply;

constexpr absl::Duration kTimeout = absl::Seconds(2);
constexpr int kPings = 300;
// PINGs end after so long, however few there were.
constexpr absl::Duration kPingTime = absl::Seconds(2);

// Every command that trivet sends, or its scripts run. Keys and channels as trivet names them.
constexpr const char* kKey = "tv1:{7:default:0}:m";
constexpr const char* kChannel = "tv1:{7:default:0}:c0";
const std::initializer_list<std::initializer_list<const char*>> kNeeded = {
    {"PING"},
    {"INFO", "server"},
    {"GET", kKey},
    {"SET", kKey, "v"},
    {"PTTL", kKey},
    {"GETRANGE", kKey, "0", "1"},
    {"SETRANGE", kKey, "0", "v"},
    {"UNLINK", kKey},
    {"DEL", kKey},
    {"PEXPIRE", kKey, "1"},
    {"TIME"},
    {"SCAN", "0"},
    {"HGET", kKey, "f"},
    {"HMGET", kKey, "f"},
    {"HSET", kKey, "f", "v"},
    {"HINCRBY", kKey, "f", "1"},
    {"HLEN", kKey},
    {"HDEL", kKey, "f"},
    {"HRANDFIELD", kKey, "1"},
    {"EVAL", "return 1", "0"},
    {"EVALSHA", "0000000000000000000000000000000000000000", "0"},
    {"PUBLISH", kChannel, "m"},
    {"SUBSCRIBE", kChannel},
    {"UNSUBSCRIBE", kChannel},
};

class Examination {
 public:
  Examination(RedisClient& client, RedisFacts& facts) : client_(client), facts_(facts) {}

  void Run() {
    facts_.connection = Ask({"PING"}).status();
    if (!facts_.connection.ok()) return;
    AskForFields();
    AskForRights();
    MeasurePings();
    RunScript();
  }

 private:
  absl::StatusOr<Reply> Ask(std::initializer_list<std::string_view> words) {
    return client_.Call(words, client_.In(kTimeout));
  }

  void AskForFields() {
    if (const auto info = Ask({"INFO"}); info.ok()) facts_.info = ParseRedisInfo(info->text);
    const auto config = Ask({"CONFIG", "GET", "client-output-buffer-limit", "save", "appendfsync",
                             "stop-writes-on-bgsave-error"});
    if (!config.ok()) return;
    for (size_t i = 0; i + 1 < config->elements.size(); i += 2) {
      facts_.config[config->elements[i].text] = config->elements[i + 1].text;
    }
  }

  void AskForRights() {
    const auto user = Ask({"ACL", "WHOAMI"});
    if (!user.ok()) return;
    facts_.user = user->text;
    for (const std::initializer_list<const char*>& command : kNeeded) {
      std::vector<std::string_view> words = {"ACL", "DRYRUN", facts_.user};
      words.insert(words.end(), command.begin(), command.end());
      const auto verdict = client_.Call(words, client_.In(kTimeout));
      if (!verdict.ok()) return;
      if (!verdict->is_status("OK")) facts_.not_permitted.push_back(*command.begin());
    }
    facts_.rights_are_known = true;
  }

  void MeasurePings() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < kPings && absl::FromChrono(Clock::now() - start) < kPingTime; ++i) {
      const Clock::time_point before = Clock::now();
      if (!Ask({"PING"}).ok()) continue;
      facts_.ping_ns.Record(static_cast<uint64_t>((Clock::now() - before).count()));
    }
  }

  void RunScript() {
    sync::Script script("return ARGV[1]");
    const std::string_view argument = "trivet";
    const auto echo = client_.Run(script, {}, {&argument, 1}, client_.In(kTimeout));
    if (!echo.ok()) {
      facts_.script = echo.status();
    } else if (echo->text != argument) {
      facts_.script = absl::InternalError("a script answered something else than it should");
    }
  }

  RedisClient& client_;
  RedisFacts& facts_;
};

}  // namespace

RedisFields ParseRedisInfo(const std::string& text) {
  RedisFields fields;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find("\r\n", begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    const size_t colon = line.find(':');
    if (line[0] != '#' && colon != std::string::npos) {
      fields[line.substr(0, colon)] = line.substr(colon + 1);
    }
    begin = end + 2;
  }
  return fields;
}

absl::StatusOr<RedisFacts> ExamineRedis(const std::string& url) {
  const auto wrong = [](const absl::Status& status) {
    return absl::InvalidArgumentError(absl::StrCat("--redis: ", status.message()));
  };
  const absl::StatusOr<sync::RedisUrl> parsed = sync::ParseRedisUrl(url);
  if (!parsed.ok()) return wrong(parsed.status());
  absl::StatusOr<std::unique_ptr<RedisClient>> client =
      RedisClient::Open({.url = url, .connections = 1, .connect_timeout = kTimeout});
  if (!client.ok()) return wrong(client.status());
  RedisFacts facts;
  facts.endpoint = parsed->Endpoint();
  Examination(**client, facts).Run();
  if (facts.connection.ok()) TryRedis(url, **client, facts);
  return facts;
}

}  // namespace trivet::cli
