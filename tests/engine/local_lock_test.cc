// Locks of one process.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/local_locks.h"
#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/lock.h"

namespace trivet::testing {
namespace {

using absl::StatusCode;

class LocalLockTest : public CacheFixture {
 protected:
  LocalLockTest() { Open(); }
  Namespace Users() { return cache_->In("users"); }
};

TEST_F(LocalLockTest, OneHoldsAName) {
  {
    const absl::StatusOr<LocalLock> lock = Users().LockLocally("l");
    ASSERT_THAT(lock, IsOk());
    EXPECT_TRUE(lock->held());
    EXPECT_THAT(Users().LockLocally("l"), StatusIs(StatusCode::kDeadlineExceeded));
    EXPECT_THAT(Users().LockLocally("m"), IsOk());
    EXPECT_THAT(cache_->In("orders").LockLocally("l"), IsOk());
    EXPECT_THAT(cache_->LockLocally("l"), IsOk());
  }
  EXPECT_THAT(Users().LockLocally("l"), IsOk());
}

TEST_F(LocalLockTest, ReleaseAndMove) {
  absl::StatusOr<LocalLock> first = Users().LockLocally("l");
  ASSERT_THAT(first, IsOk());
  LocalLock second = *std::move(first);
  EXPECT_FALSE(first->held());
  EXPECT_TRUE(second.held());
  absl::StatusOr<LocalLock> other = Users().LockLocally("m");
  ASSERT_THAT(other, IsOk());
  second = *std::move(other);
  EXPECT_THAT(Users().LockLocally("l"), IsOk());
  second.Release();
  second.Release();
  EXPECT_FALSE(second.held());
  EXPECT_THAT(Users().LockLocally("m"), IsOk());
}

TEST_F(LocalLockTest, ArgumentsAreChecked) {
  EXPECT_THAT(Users().LockLocally(""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Users().LockLocally("l", -absl::Seconds(1)), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Users().LockLocally("l", absl::InfiniteDuration()),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(cache_->In("").LockLocally("l"), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(LocalLockTest, WaitingEndsByItsDeadline) {
  const absl::StatusOr<LocalLock> lock = Users().LockLocally("l");
  std::thread waiter([this] {
    EXPECT_THAT(Users().LockLocally("l", absl::Seconds(1)),
                StatusIs(StatusCode::kDeadlineExceeded));
  });
  AdvanceUntilJoined(waiter);
}

TEST_F(LocalLockTest, ACacheWithLocksIsInUse) {
  absl::StatusOr<LocalLock> lock = Users().LockLocally("l");
  EXPECT_THAT(cache_->Close(), StatusIs(StatusCode::kFailedPrecondition));
  lock->Release();
  EXPECT_THAT(cache_->Close(), IsOk());
  EXPECT_THAT(Users().LockLocally("l"), StatusIs(StatusCode::kFailedPrecondition));
}

TEST(LocalLocks, ThreadsTakeTurns) {
  ManualClock clock;  // stands still: nobody gives up
  engine::LocalLocks locks(clock);
  constexpr int kThreads = 4;
  constexpr int kNames = 2;
  constexpr int kRounds = 5000;
  std::vector<int> counts(kNames);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        const int name = round % kNames;
        ASSERT_TRUE(locks.Acquire(std::to_string(name), absl::Hours(1)));
        ++counts[static_cast<size_t>(name)];
        locks.Release(std::to_string(name));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : counts) EXPECT_EQ(count, kThreads * kRounds / kNames);
  EXPECT_EQ(locks.users(), 0u);
}

}  // namespace
}  // namespace trivet::testing
