// Locks that hold in all processes: how they are renewed, and lost.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/lock_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/lock.h"

namespace trivet::testing {
namespace {

using absl::StatusCode;

class LockRenewalTest : public LockFixture {
 protected:
  // Counts how often the lock was lost.
  LockOptions Counting() {
    return {.on_lost = [this] { ++lost_; }};
  }

  void FailAll(bool fail) {
    here_.keeper->FailAll(fail ? absl::UnavailableError("down") : absl::OkStatus());
  }

  LockingCache here_ = Open();
  LockingCache there_ = Open();
  std::atomic<int> lost_{0};
};

TEST_F(LockRenewalTest, ItIsRenewedWhenAThirdHasPassed) {
  Lock lock = Get(here_, Counting());
  const size_t calls = here_.keeper->calls();
  clock_.Advance(kThird - absl::Milliseconds(1));
  here_.Maintain();
  EXPECT_EQ(here_.keeper->calls(), calls);
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(kThird);
    here_.Maintain();
    EXPECT_EQ(lock.valid_for(), kBelieved);
  }
  EXPECT_EQ(here_.keeper->calls(), calls + 10);
  EXPECT_EQ(Try(there_), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(lost_, 0);
}

TEST_F(LockRenewalTest, AThreadRenewsInTheBackground) {
  LockingCache process = Open(true);
  Lock lock = Get(process);
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(kThird);
    ASSERT_TRUE(Eventually([&] { return lock.valid_for() == kBelieved; }));
  }
  clock_.Advance(kLease);
  EXPECT_EQ(lock.state(), LockState::kLost);
}

TEST_F(LockRenewalTest, NotRenewedInTimeItIsLostForGood) {
  Lock lock = Get(here_, Counting());
  FailAll(true);
  clock_.Advance(kBelieved - absl::Milliseconds(1));
  here_.Maintain();
  EXPECT_EQ(lock.state(), LockState::kHeld);
  clock_.Advance(absl::Milliseconds(1));
  // Also before anybody in the background has noticed.
  EXPECT_EQ(lock.state(), LockState::kLost);
  EXPECT_EQ(lock.valid_for(), absl::ZeroDuration());
  EXPECT_TRUE(IsHeldAtServer());  // which gives it to others only later

  FailAll(false);
  here_.Maintain();
  here_.Maintain();
  EXPECT_EQ(lost_, 1);
  EXPECT_EQ(lock.state(), LockState::kLost);
  EXPECT_FALSE(IsHeldAtServer());
  EXPECT_EQ(Try(there_), StatusCode::kOk);
  // Threads of this process exclude each other as long as it lives.
  EXPECT_EQ(Try(here_), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(lock.Release(), StatusIs(StatusCode::kAborted));
  EXPECT_EQ(lock.state(), LockState::kLost);
  EXPECT_EQ(Try(here_), StatusCode::kOk);
}

TEST_F(LockRenewalTest, ARenewalIsTriedAgainWhileThereIsTime) {
  Lock lock = Get(here_, Counting());
  FailAll(true);
  clock_.Advance(kThird);
  const size_t calls = here_.keeper->calls();
  here_.Maintain();
  here_.Maintain();
  EXPECT_EQ(here_.keeper->calls(), calls + 1);
  clock_.Advance(kThird / 4);
  here_.Maintain();
  EXPECT_EQ(here_.keeper->calls(), calls + 2);
  FailAll(false);
  clock_.Advance(kThird / 4);
  here_.Maintain();
  EXPECT_EQ(lock.valid_for(), kBelieved);
  EXPECT_EQ(lost_, 0);
}

TEST_F(LockRenewalTest, AnAnswerThatComesTooLateDoesNotBringItBack) {
  Lock lock = Get(here_, Counting());
  clock_.Advance(kLease / 2);
  here_.keeper->OnCall([this] { clock_.Advance(kLease / 2 - absl::Milliseconds(1)); });
  here_.Maintain();  // the server has renewed it
  here_.keeper->OnCall(nullptr);
  EXPECT_EQ(lock.state(), LockState::kLost);
  here_.Maintain();
  EXPECT_EQ(lost_, 1);
  EXPECT_FALSE(IsHeldAtServer());
}

TEST_F(LockRenewalTest, TakenAwayItIsLostAtOnce) {
  Lock lock = Get(here_, Counting());
  server_.Flush();
  clock_.Advance(kThird);
  here_.Maintain();
  EXPECT_EQ(lock.state(), LockState::kLost);
  EXPECT_EQ(lost_, 1);
}

TEST_F(LockRenewalTest, AReleaseFindsOutToo) {
  Lock lock = Get(here_, Counting());
  server_.Flush();
  EXPECT_THAT(lock.Release(), StatusIs(StatusCode::kAborted));
}

TEST_F(LockRenewalTest, TimeInSuspendCounts) {
  Lock lock = Get(here_, Counting());
  clock_.Suspend(kLease);
  EXPECT_EQ(lock.state(), LockState::kLost);
  here_.Maintain();
  EXPECT_EQ(lost_, 1);
}

TEST_F(LockRenewalTest, RenewalsComeToAnEnd) {
  LockOptions options = Counting();
  options.max_hold = absl::Seconds(25);
  Lock lock = Get(here_, options);
  absl::Duration held;
  while (lock.state() == LockState::kHeld) {
    clock_.Advance(absl::Milliseconds(500));
    held += absl::Milliseconds(500);
    here_.Maintain();
  }
  EXPECT_EQ(held, options.max_hold);
  EXPECT_EQ(lost_, 1);
  EXPECT_FALSE(IsHeldAtServer());
}

TEST_F(LockRenewalTest, AfterReleaseNobodyIsTold) {
  Lock lock = Get(here_, Counting());
  FailAll(true);
  clock_.Advance(kLease);
  EXPECT_THAT(lock.Release(), StatusIs(StatusCode::kAborted));
  here_.Maintain();
  EXPECT_EQ(lost_, 0);
}

TEST_F(LockRenewalTest, WhoIsToldMayReleaseTheLock) {
  std::optional<Lock> lock;
  lock.emplace(Get(here_, {.on_lost = [&lock] { lock.reset(); }}));
  server_.Flush();
  server_.EndGrace();
  clock_.Advance(kThird);
  here_.Maintain();
  EXPECT_FALSE(lock.has_value());
  EXPECT_EQ(Try(here_), StatusCode::kOk);
}

TEST_F(LockRenewalTest, ReleaseWaitsUntilTheCallbackIsDone) {
  std::atomic<bool> called{false};
  std::atomic<bool> may_return{false};
  std::atomic<bool> returned{false};
  LockingCache process = Open(true);
  Lock lock = Get(process, {.on_lost = [&] {
                    called = true;
                    while (!may_return) std::this_thread::yield();
                    returned = true;
                  }});
  clock_.Advance(kLease);
  ASSERT_TRUE(Eventually([&] { return called.load(); }));
  std::thread releaser([&] {
    EXPECT_THAT(lock.Release(), StatusIs(StatusCode::kAborted));
    EXPECT_TRUE(returned);
  });
  may_return = true;
  releaser.join();
}

TEST_F(LockRenewalTest, ManyLocksAreRenewed) {
  std::vector<Lock> locks;
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<Lock> lock = here_.space().Lock(std::to_string(i));
    ASSERT_THAT(lock, IsOk());
    locks.push_back(*std::move(lock));
  }
  for (int round = 0; round < 5; ++round) {
    clock_.Advance(kLease / 2);
    here_.Maintain();
  }
  for (const Lock& lock : locks) EXPECT_EQ(lock.valid_for(), kBelieved);
}

}  // namespace
}  // namespace trivet::testing
