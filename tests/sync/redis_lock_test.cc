// The locks of caches whose leases a real Redis keeps.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/sync/redis_lease_rig.h"
#include "tests/sync/redis_server.h"
#include "trivet/cache.h"
#include "trivet/lock.h"

namespace trivet::testing {
namespace {

class RedisLockTest : public ::testing::Test {
 protected:
  // Short, since some tests wait until it is over.
  static constexpr absl::Duration kLease = absl::Milliseconds(300);

  RedisLockTest() { rig_.options().trust_empty = true; }

  std::unique_ptr<Cache> Open() {
    CacheOptions options;
    options.memory_bytes = 1 << 20;
    options.coherence.timeout = absl::Milliseconds(100);
    options.leases = rig_.Connect();
    auto cache = Cache::Open(std::move(options));
    EXPECT_TRUE(cache.ok()) << cache.status();
    return *std::move(cache);
  }

  Lock Get(Cache& cache, const LockOptions& options) {
    absl::StatusOr<Lock> lock = cache.Lock("l", options);
    EXPECT_TRUE(lock.ok()) << lock.status();
    return *std::move(lock);
  }

  RedisLeaseRig rig_;
};

TEST_F(RedisLockTest, ProcessesTakeTurns) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;
  const auto first = Open();
  const auto second = Open();
  std::atomic<int> inside{0};
  std::vector<uint64_t> tokens;  // of whoever is inside
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, &cache = i % 2 == 0 ? *first : *second] {
      for (int done = 0; done < kRounds; ++done) {
        absl::StatusOr<Lock> lock = cache.Lock("l", {.wait = absl::Minutes(5)});
        ASSERT_TRUE(lock.ok()) << lock.status();
        EXPECT_EQ(inside.fetch_add(1), 0);
        tokens.push_back(lock->token());
        EXPECT_EQ(inside.fetch_sub(1), 1);
        EXPECT_TRUE(lock->Release().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(tokens.size(), size_t{kThreads * kRounds});
  for (size_t i = 1; i < tokens.size(); ++i) EXPECT_LT(tokens[i - 1], tokens[i]);
}

TEST_F(RedisLockTest, ItOutlivesItsLeaseByRenewal) {
  const auto here = Open();
  const auto there = Open();
  const Lock lock = Get(*here, {.lease = kLease});
  // Whoever waits for three leases in vain has seen it renewed.
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(there->Lock("l", {.lease = kLease, .wait = 3 * kLease}).status()));
  EXPECT_EQ(lock.state(), LockState::kHeld);
}

TEST_F(RedisLockTest, AServerThatHangsLosesItForUs) {
  const auto cache = Open();
  std::atomic<int> lost{0};
  Lock lock = Get(*cache, {.lease = kLease, .on_lost = [&lost] { ++lost; }});
  rig_.server().Pause();
  EXPECT_TRUE(absl::IsUnavailable(cache->Lock("m").status()));
  EXPECT_TRUE(Eventually([&] { return lost > 0; }));
  EXPECT_EQ(lock.state(), LockState::kLost);
  rig_.server().Resume();
  EXPECT_TRUE(absl::IsAborted(lock.Release()));
  EXPECT_EQ(lost, 1);
  // What was on its way is given back: nobody waits for a lease that nobody has.
  EXPECT_TRUE(Eventually([&] { return cache->Lock("m").ok(); }));
}

TEST_F(RedisLockTest, AServerThatDiedIsUnavailable) {
  const auto cache = Open();
  Lock lock = Get(*cache, {.lease = kLease});
  rig_.server().Kill();
  EXPECT_TRUE(absl::IsUnavailable(cache->Lock("m").status()));
  const auto local = cache->Lock("m", {.on_unavailable = OnUnavailable::kProcessLocal});
  ASSERT_TRUE(local.ok()) << local.status();
  EXPECT_EQ(local->scope(), LockScope::kThisProcess);
  EXPECT_TRUE(Eventually([&] { return lock.state() == LockState::kLost; }));
  EXPECT_TRUE(absl::IsAborted(lock.Release()));
}

TEST_F(RedisLockTest, AFlushLosesItAtTheNextRenewal) {
  const auto cache = Open();
  Lock lock = Get(*cache, {.lease = absl::Seconds(3)});
  rig_.Flush();
  EXPECT_TRUE(Eventually([&] { return lock.state() == LockState::kLost; }));
  EXPECT_TRUE(absl::IsAborted(lock.Release()));
}

}  // namespace
}  // namespace trivet::testing
