// Locks that hold in all processes: who gets them, and how they end.
#include "trivet/lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/lock_fixture.h"
#include "tests/support/status_matchers.h"

namespace trivet::testing {
namespace {

using absl::StatusCode;

class LockTest : public LockFixture {
 protected:
  LockingCache here_ = Open();
  LockingCache there_ = Open();
};

TEST_F(LockTest, OneProcessHasItAtATime) {
  {
    const Lock lock = Get(here_);
    EXPECT_EQ(lock.state(), LockState::kHeld);
    EXPECT_EQ(lock.scope(), LockScope::kAllProcesses);
    EXPECT_EQ(lock.valid_for(), kBelieved);
    EXPECT_GT(lock.token(), 0u);
    EXPECT_EQ(Try(there_), StatusCode::kDeadlineExceeded);
  }
  EXPECT_FALSE(IsHeldAtServer());
  EXPECT_EQ(Try(there_), StatusCode::kOk);
}

TEST_F(LockTest, ThreadsOfAProcessExcludeEachOtherAndOneOfThemAsks) {
  const Lock lock = Get(here_);
  const size_t calls = here_.keeper->calls();
  EXPECT_EQ(Try(here_), StatusCode::kDeadlineExceeded);  // not re-entrant, either
  EXPECT_EQ(here_.keeper->calls(), calls);
}

TEST_F(LockTest, NamesBelongToTheirNamespace) {
  const auto first = here_.cache->In("users").Lock("l");
  const auto second = here_.cache->In("orders").Lock("l");
  const auto third = here_.cache->Lock("l");
  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(second, IsOk());
  EXPECT_THAT(third, IsOk());
  EXPECT_THAT(there_.cache->Lock("l"), StatusIs(StatusCode::kDeadlineExceeded));
  // Of all lengths and bytes.
  EXPECT_THAT(here_.cache->In("a").Lock("1:b"), IsOk());
  EXPECT_THAT(here_.cache->Lock(std::string(255, '\0')), IsOk());
  EXPECT_THAT(here_.cache->Lock(""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(here_.cache->Lock(std::string(256, 'l')), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(LockTest, TokensGrow) {
  uint64_t last = 0;
  for (int i = 0; i < 10; ++i) {
    const Lock lock = Get(i % 2 == 0 ? here_ : there_);
    EXPECT_GT(lock.token(), last);
    last = lock.token();
  }
}

TEST_F(LockTest, OptionsAreCheckedByName) {
  const auto is_refused = [this](const LockOptions& options, const std::string& field) {
    const absl::Status status = here_.space().Lock("l", options).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << field;
    EXPECT_EQ(std::string(status.message()).find("LockOptions." + field + ":"), 0u) << status;
  };
  is_refused({.lease = absl::Milliseconds(99)}, "lease");
  is_refused({.lease = absl::Seconds(31)}, "lease");
  is_refused({.wait = -absl::Seconds(1)}, "wait");
  is_refused({.wait = absl::InfiniteDuration()}, "wait");
  is_refused({.max_hold = absl::Seconds(9)}, "max_hold");
  is_refused({.max_hold = absl::InfiniteDuration()}, "max_hold");
  is_refused({.on_unavailable = static_cast<OnUnavailable>(7)}, "on_unavailable");
}

TEST_F(LockTest, WithoutAKeeperThereAreNone) {
  auto cache = *Cache::Open({.memory_bytes = 1 << 20});
  EXPECT_THAT(cache->In("users").Lock("l"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(cache->Lock("l"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(cache->LockLocally("l"), IsOk());
}

TEST_F(LockTest, ReleaseReports) {
  Lock lock = Get(here_);
  EXPECT_THAT(lock.Release(), IsOk());
  EXPECT_EQ(lock.state(), LockState::kReleased);
  EXPECT_EQ(lock.valid_for(), absl::ZeroDuration());
  EXPECT_FALSE(IsHeldAtServer());
  EXPECT_THAT(lock.Release(), IsOk());
}

TEST_F(LockTest, MovingMovesTheLock) {
  Lock first = Get(here_);
  const uint64_t token = first.token();
  Lock second(std::move(first));
  EXPECT_EQ(first.state(), LockState::kReleased);  // NOLINT(bugprone-use-after-move)
  EXPECT_THAT(first.Release(), IsOk());
  EXPECT_EQ(first.valid_for(), absl::ZeroDuration());
  EXPECT_EQ(second.state(), LockState::kHeld);
  EXPECT_EQ(second.token(), token);

  absl::StatusOr<Lock> other = here_.space().Lock("other");
  ASSERT_THAT(other, IsOk());
  second = *std::move(other);
  EXPECT_FALSE(IsHeldAtServer());
  EXPECT_EQ(second.state(), LockState::kHeld);
}

// --- Waiting ------------------------------------------------------------------------------------

TEST_F(LockTest, WhoWaitsHearsOfTheRelease) {
  Lock lock = Get(here_);
  // The clock stands still, so that nothing but the message ends the wait.
  std::thread waiter([this] { EXPECT_EQ(Try(there_, {.wait = absl::Hours(1)}), StatusCode::kOk); });
  ASSERT_TRUE(Eventually([this] { return there_.keeper->watches() == 1; }));
  EXPECT_THAT(lock.Release(), IsOk());
  waiter.join();
}

TEST_F(LockTest, WhoWaitsInTheSameProcessIsNext) {
  Lock lock = Get(here_);
  std::thread waiter([this] { EXPECT_EQ(Try(here_, {.wait = absl::Hours(1)}), StatusCode::kOk); });
  EXPECT_THAT(lock.Release(), IsOk());
  waiter.join();
  EXPECT_EQ(there_.keeper->watches(), 0u);
}

TEST_F(LockTest, WhoWaitsAsksNowAndThen) {
  {
    const Lock lock = Get(here_);
    here_.keeper->FailAll(absl::UnavailableError("down"));
  }
  std::atomic<bool> done{false};
  std::thread waiter([&] {
    EXPECT_EQ(Try(there_, {.wait = absl::Hours(1)}), StatusCode::kOk);
    done = true;
  });
  while (!done) {
    clock_.Advance(absl::Milliseconds(10));
    std::this_thread::yield();
  }
  waiter.join();
  EXPECT_GE(clock_.Elapsed(), kLease);  // nobody released it
}

TEST_F(LockTest, WaitingEndsByItsDeadline) {
  const Lock lock = Get(here_);
  std::atomic<bool> done{false};
  std::thread waiter([&] {
    EXPECT_EQ(Try(there_, {.wait = absl::Seconds(1)}), StatusCode::kDeadlineExceeded);
    EXPECT_EQ(Try(here_, {.wait = absl::Seconds(1)}), StatusCode::kDeadlineExceeded);
    done = true;
  });
  while (!done) {
    clock_.Advance(absl::Milliseconds(10));
    here_.Maintain();
  }
  waiter.join();
}

TEST_F(LockTest, ClosingEndsWaiting) {
  Lock lock = Get(here_);
  std::thread waiter([this] {
    EXPECT_EQ(Try(there_, {.wait = absl::Hours(1)}), StatusCode::kFailedPrecondition);
  });
  ASSERT_TRUE(Eventually([this] { return there_.keeper->watches() == 1; }));
  there_.cache->Close().IgnoreError();  // the call may still be about to return
  waiter.join();
  EXPECT_THAT(there_.cache->Close(), IsOk());

  EXPECT_THAT(here_.cache->Close(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(lock.Release(), IsOk());
  EXPECT_THAT(here_.cache->Close(), IsOk());
  EXPECT_EQ(Try(here_), StatusCode::kFailedPrecondition);
}

// --- A keeper that does not answer --------------------------------------------------------------

TEST_F(LockTest, WithoutAnAnswerItIsUnavailable) {
  for (const StatusCode code : {StatusCode::kUnavailable, StatusCode::kDeadlineExceeded,
                                StatusCode::kResourceExhausted, StatusCode::kInternal}) {
    here_.keeper->FailAll(absl::Status(code, "down"));
    EXPECT_EQ(Try(here_, {.wait = absl::Hours(1)}), StatusCode::kUnavailable);
  }
  here_.keeper->FailAll(absl::PermissionDeniedError("no"));
  EXPECT_EQ(Try(here_, {.on_unavailable = OnUnavailable::kProcessLocal}),
            StatusCode::kPermissionDenied);
  here_.keeper->FailAll(absl::OkStatus());
  EXPECT_EQ(Try(here_), StatusCode::kOk);
}

TEST_F(LockTest, OneLostReplyIsNoMatter) {
  here_.keeper->LoseReply(1);
  const Lock lock = Get(here_);
  EXPECT_EQ(here_.keeper->calls(), 2u);
}

TEST_F(LockTest, WhatMayHaveBeenGrantedIsGivenBack) {
  here_.keeper->LoseReply(1);
  here_.keeper->OnCall([this] { here_.keeper->LoseReply(1); });  // and the next
  EXPECT_EQ(Try(here_), StatusCode::kUnavailable);
  here_.keeper->OnCall(nullptr);
  here_.keeper->FailAll(absl::UnavailableError("down"));
  here_.Maintain();
  EXPECT_TRUE(IsHeldAtServer());
  here_.keeper->FailAll(absl::OkStatus());
  here_.Maintain();
  EXPECT_FALSE(IsHeldAtServer());
}

TEST_F(LockTest, WhatWasCertainlyNotGrantedIsNotGivenBack) {
  here_.keeper->FailAll(absl::UnavailableError("down"));
  EXPECT_EQ(Try(here_), StatusCode::kUnavailable);
  const size_t calls = here_.keeper->calls();
  here_.Maintain();
  EXPECT_EQ(here_.keeper->calls(), calls);
}

TEST_F(LockTest, AnAnswerThatComesTooLateIsNone) {
  here_.keeper->OnCall([this] { clock_.Advance(kBelieved); });
  EXPECT_EQ(Try(here_), StatusCode::kUnavailable);
  here_.keeper->OnCall(nullptr);
  here_.Maintain();
  EXPECT_FALSE(IsHeldAtServer());
}

TEST_F(LockTest, TheTimeCountsFromBeforeTheQuestion) {
  here_.keeper->OnCall([this] { clock_.Advance(absl::Milliseconds(200)); });
  const Lock lock = Get(here_);
  here_.keeper->OnCall(nullptr);
  EXPECT_EQ(lock.valid_for(), kBelieved - absl::Milliseconds(200));
}

TEST_F(LockTest, AProcessLocalLockMustBeChosenAndSaysSo) {
  here_.keeper->FailAll(absl::UnavailableError("down"));
  Lock lock = Get(here_, {.on_unavailable = OnUnavailable::kProcessLocal});
  EXPECT_EQ(lock.scope(), LockScope::kThisProcess);
  EXPECT_EQ(lock.token(), 0u);
  EXPECT_EQ(lock.valid_for(), absl::InfiniteDuration());
  here_.keeper->FailAll(absl::OkStatus());
  // Here nobody else gets it, elsewhere anybody may.
  EXPECT_EQ(Try(here_), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Try(there_), StatusCode::kOk);
  clock_.Advance(absl::Hours(24));
  here_.Maintain();
  EXPECT_EQ(lock.state(), LockState::kHeld);
  EXPECT_THAT(lock.Release(), IsOk());
  EXPECT_EQ(Try(here_), StatusCode::kOk);
}

TEST_F(LockTest, BusyIsNotUnavailable) {
  const Lock lock = Get(here_);
  EXPECT_EQ(Try(there_, {.on_unavailable = OnUnavailable::kProcessLocal}),
            StatusCode::kDeadlineExceeded);
}

TEST_F(LockTest, DuringTheGraceItIsUnavailable) {
  server_.FailOver();
  EXPECT_EQ(Try(here_), StatusCode::kUnavailable);
  {
    const Lock local = Get(here_, {.on_unavailable = OnUnavailable::kProcessLocal});
    EXPECT_EQ(local.scope(), LockScope::kThisProcess);
  }
  clock_.Advance(server_.lease_max());
  EXPECT_EQ(Try(here_), StatusCode::kOk);
}

TEST_F(LockTest, AReleaseWithoutAnAnswerIsTriedAgain) {
  Lock lock = Get(here_);
  here_.keeper->FailAll(absl::UnavailableError("down"));
  EXPECT_THAT(lock.Release(), StatusIs(StatusCode::kUnavailable));
  EXPECT_EQ(lock.state(), LockState::kReleased);
  EXPECT_TRUE(IsHeldAtServer());
  here_.keeper->FailAll(absl::OkStatus());
  here_.Maintain();
  EXPECT_FALSE(IsHeldAtServer());
}

// --- Processes ----------------------------------------------------------------------------------

TEST_F(LockTest, AForkedProcessHasNoneOfThem) {
  absl::StatusOr<LocalLock> local = here_.space().LockLocally("l");
  ASSERT_THAT(local, IsOk());
  Lock lock = Get(here_);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool right = lock.state() == LockState::kLost &&
                       lock.valid_for() == absl::ZeroDuration() &&
                       absl::IsAborted(lock.Release()) &&
                       absl::IsFailedPrecondition(here_.space().Lock("m").status()) &&
                       absl::IsFailedPrecondition(here_.space().LockLocally("m").status());
    {
      const Lock moved = std::move(lock);
      const LocalLock moved_local = *std::move(local);
    }
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(lock.state(), LockState::kHeld);
  EXPECT_TRUE(IsHeldAtServer());
}

TEST_F(LockTest, ThreadsOfAllProcessesTakeTurns) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;
  LockingCache first = Open(true);
  LockingCache second = Open(true);
  std::atomic<int> inside{0};
  std::vector<uint64_t> tokens;  // of whoever is inside
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, &process = i % 2 == 0 ? first : second] {
      for (int done = 0; done < kRounds;) {
        absl::StatusOr<Lock> lock = process.space().Lock("l", {.wait = absl::Minutes(1)});
        ASSERT_THAT(lock, IsOk());
        EXPECT_EQ(inside.fetch_add(1), 0);
        tokens.push_back(lock->token());
        ++done;
        EXPECT_EQ(inside.fetch_sub(1), 1);
        EXPECT_THAT(lock->Release(), IsOk());
      }
    });
  }
  std::atomic<bool> ended{false};
  // A message may come between a question and the wait: then a pause has to pass.
  std::thread time([&] {
    for (; !ended; std::this_thread::yield()) clock_.Advance(absl::Microseconds(10));
  });
  for (std::thread& thread : threads) thread.join();
  ended = true;
  time.join();
  ASSERT_EQ(tokens.size(), size_t{kThreads * kRounds});
  for (size_t i = 1; i < tokens.size(); ++i) EXPECT_LT(tokens[i - 1], tokens[i]);
}

}  // namespace
}  // namespace trivet::testing
