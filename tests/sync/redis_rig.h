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
#include "sync/redis_names.h"
#include "tests/support/shared_tier_rig.h"
#include "tests/sync/played_server.h"
#include "trivet/redis_tier.h"

namespace trivet::testing {

class RedisRig final : public SharedTierRig {
 public:
  // Of `options` how to reach the server is the rig's to set.
  explicit RedisRig(RedisTierOptions options) : options_(std::move(options)) {
    options_.redis = played_.Reached(options_.redis);
  }

  std::unique_ptr<SharedTier> Connect() override {
    auto tier = OpenRedisTier(options_);
    EXPECT_TRUE(tier.ok()) << tier.status();
    return *std::move(tier);
  }
  absl::Duration Deadline() override { return Clock::System()->Elapsed() + kLong; }
  void Flush() override { played_.Flush(); }
  void Evict(const SharedPart& part, std::string_view key) override {
    Do({"DEL", sync::RedisNames({}, part).Key(key)});
  }
  void TakeSnapshot() override { played_.TakeSnapshot(); }
  void FailOver() override { played_.FailOver(); }
  void SetFull(bool full) override { played_.SetFull(full); }
  void Age(absl::Duration by) override { played_.Age(by); }

  sync::Reply Do(std::initializer_list<std::string_view> words) { return played_.Do(words); }
  RedisServer& server() { return played_.server(); }

 private:
  PlayedServer played_;
  RedisTierOptions options_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_REDIS_RIG_H_
