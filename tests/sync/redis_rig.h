// A rig for Redis: a server of its own, whose time passes as told.
#ifndef TRIVET_TESTS_SYNC_REDIS_RIG_H_
#define TRIVET_TESTS_SYNC_REDIS_RIG_H_

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/redis_client.h"
#include "sync/redis_names.h"
#include "tests/support/shared_tier_rig.h"
#include "tests/sync/redis_server.h"
#include "trivet/redis_tier.h"

namespace trivet::testing {

class RedisRig final : public SharedTierRig {
 public:
  // Of `options` the URL is the rig's to set.
  explicit RedisRig(RedisTierOptions options) : options_(std::move(options)) {
    options_.redis.url = server_.UnixUrl();
    options_.redis.backoff_min = absl::Milliseconds(1);
    options_.redis.backoff_max = absl::Milliseconds(2);
    auto client = sync::RedisClient::Open(options_.redis);
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  std::unique_ptr<SharedTier> Connect() override {
    auto tier = OpenRedisTier(options_);
    EXPECT_TRUE(tier.ok()) << tier.status();
    return *std::move(tier);
  }
  absl::Duration Deadline() override { return Clock::System()->Elapsed() + kLong; }
  void Flush() override { Do({"FLUSHALL"}); }
  void Evict(const SharedPart& part, std::string_view key) override {
    Do({"DEL", sync::RedisNames({}, part).Key(key)});
  }
  // A server reads its file when it starts, and has another run_id then.
  void TakeSnapshot() override { Do({"SAVE"}); }
  void FailOver() override {
    server_.Kill();
    server_.Start();
  }
  void SetFull(bool full) override { Do({"CONFIG", "SET", "maxmemory", full ? "1" : "0"}); }
  void Age(absl::Duration by) override {
    const int64_t millis = absl::ToInt64Milliseconds(by);
    for (const sync::Reply& name : Do({"KEYS", "*"}).elements) {
      const int64_t left = Do({"PTTL", name.text}).integer;
      if (left < 0) continue;
      Do({"PEXPIRE", name.text, std::to_string(left - millis)});  // at once if that is negative
    }
  }

  sync::Reply Do(std::initializer_list<std::string_view> words) {
    auto reply = client_->Call(words, client_->In(kLong));
    EXPECT_TRUE(reply.ok()) << *words.begin() << ": " << reply.status();
    return reply.ok() ? *std::move(reply) : sync::Reply{};
  }

  RedisServer& server() { return server_; }

 private:
  RedisServer server_;
  RedisTierOptions options_;
  std::unique_ptr<sync::RedisClient> client_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_REDIS_RIG_H_
