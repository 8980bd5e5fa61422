// Caches that share one server of leases, on a clock that stands still.
#ifndef TRIVET_TESTS_SUPPORT_LOCK_FIXTURE_H_
#define TRIVET_TESTS_SUPPORT_LOCK_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/fake_lease_keeper.h"
#include "trivet/cache.h"
#include "trivet/clock.h"
#include "trivet/lock.h"

namespace trivet::testing {

// One process.
struct LockingCache {
  std::shared_ptr<FakeLeaseKeeper> keeper;
  std::unique_ptr<Cache> cache;

  Namespace space() { return cache->In("users"); }
  // Renews what is due.
  void Maintain() { cache->Maintain(1); }
};

class LockFixture : public ::testing::Test {
 protected:
  // The lease of tests, when it is due for renewal, and for how long it is believed.
  static constexpr absl::Duration kLease = absl::Seconds(10);
  static constexpr absl::Duration kThird = absl::Milliseconds(3334);
  static constexpr absl::Duration kBelieved = absl::Milliseconds(10'000 - 100 - 2);

  explicit LockFixture(absl::Duration lease_max = absl::Seconds(30)) : server_(&clock_, lease_max) {
    server_.EndGrace();
  }

  LockingCache Open(bool in_background = false) {
    LockingCache process{.keeper = std::make_shared<FakeLeaseKeeper>(&server_), .cache = nullptr};
    CacheOptions options;
    options.memory_bytes = 1 << 20;
    options.background_maintenance = in_background;
    options.leases = process.keeper;
    options.clock = &clock_;
    absl::StatusOr<std::unique_ptr<Cache>> cache = Cache::Open(std::move(options));
    EXPECT_TRUE(cache.ok()) << cache.status();
    process.cache = *std::move(cache);
    return process;
  }

  // What the server calls the lock "l" of a namespace.
  static std::string FullName() { return "5:users:l"; }
  bool IsHeldAtServer() { return server_.OwnerOf(FullName()).has_value(); }

  // A lock that is to be had. One that is not fails the test and stops it.
  static Lock Get(LockingCache& process, const LockOptions& options = {}) {
    absl::StatusOr<Lock> lock = process.space().Lock("l", options);
    EXPECT_TRUE(lock.ok()) << lock.status();
    return *std::move(lock);
  }
  static absl::StatusCode Try(LockingCache& process, const LockOptions& options = {}) {
    return process.space().Lock("l", options).status().code();
  }

  template <typename Condition>
  static bool Eventually(const Condition& condition) {
    const absl::Time give_up = absl::Now() + absl::Seconds(30);
    while (!condition()) {
      if (absl::Now() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }

  ManualClock clock_;
  FakeLeaseServer server_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_LOCK_FIXTURE_H_
