// A rig for leases in Redis: a server of its own, whose time passes as told.
#ifndef TRIVET_TESTS_SYNC_REDIS_LEASE_RIG_H_
#define TRIVET_TESTS_SYNC_REDIS_LEASE_RIG_H_

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "tests/support/lease_keeper_rig.h"
#include "tests/sync/played_server.h"
#include "trivet/redis_lease_keeper.h"

namespace trivet::testing {

class RedisLeaseRig final : public LeaseKeeperRig {
 public:
  // Of `options` how to reach the server is the rig's to set.
  explicit RedisLeaseRig(RedisLeaseKeeperOptions options = {}) : options_(std::move(options)) {
    options_.redis = played_.Reached(options_.redis);
  }

  std::unique_ptr<LeaseKeeper> Connect() override {
    auto keeper = OpenRedisLeaseKeeper(options_);
    EXPECT_TRUE(keeper.ok()) << keeper.status();
    return *std::move(keeper);
  }
  absl::Duration Deadline() override { return Clock::System()->Elapsed() + kLong; }
  void Flush() override { played_.Flush(); }
  void TakeSnapshot() override { played_.TakeSnapshot(); }
  void FailOver() override { played_.FailOver(); }
  void SetFull(bool full) override { played_.SetFull(full); }
  void Age(absl::Duration by) override { played_.Age(by); }

  sync::Reply Do(std::initializer_list<std::string_view> words) { return played_.Do(words); }
  RedisServer& server() { return played_.server(); }
  RedisLeaseKeeperOptions& options() { return options_; }

 private:
  PlayedServer played_;
  RedisLeaseKeeperOptions options_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_REDIS_LEASE_RIG_H_
