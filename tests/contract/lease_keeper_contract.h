// What every LeaseKeeper must do. A test of an implementation includes this and says
//
//   INSTANTIATE_TEST_SUITE_P(Mine, LeaseKeeperContract, ::testing::Values(MakerOfMyRig()));
#ifndef TRIVET_TESTS_CONTRACT_LEASE_KEEPER_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_LEASE_KEEPER_CONTRACT_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "tests/support/lease_keeper_rig.h"
#include "trivet/lease_keeper.h"

namespace trivet::testing {

class LeaseKeeperContract : public ::testing::TestWithParam<LeaseKeeperRigMaker> {
 protected:
  using State = LeaseAnswer::State;
  static constexpr absl::Duration kLease = absl::Seconds(10);

  // Locks have been in use for a while.
  void SetUp() override {
    rig_ = GetParam().make();
    keeper_ = rig_->Connect();
    Acquire("before", Owner('z'));
    rig_->Age(keeper_->lease_max());
  }

  static LeaseOwner Owner(char c) {
    LeaseOwner owner;
    owner.fill(c);
    return owner;
  }

  LeaseAnswer Acquire(std::string_view name, const LeaseOwner& owner,
                      absl::Duration lease = kLease) {
    const absl::StatusOr<LeaseAnswer> answer =
        keeper_->Acquire(name, owner, lease, rig_->Deadline());
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : LeaseAnswer{};
  }
  State Ask(std::string_view name, const LeaseOwner& owner) { return Acquire(name, owner).state; }
  bool Renew(std::string_view name, const LeaseOwner& owner, absl::Duration lease = kLease) {
    const absl::StatusOr<bool> renewed = keeper_->Renew(name, owner, lease, rig_->Deadline());
    EXPECT_TRUE(renewed.ok()) << renewed.status();
    return renewed.ok() && *renewed;
  }
  bool Release(std::string_view name, const LeaseOwner& owner) {
    const absl::StatusOr<bool> released = keeper_->Release(name, owner, rig_->Deadline());
    EXPECT_TRUE(released.ok()) << released.status();
    return released.ok() && *released;
  }

  std::unique_ptr<LeaseKeeperRig> rig_;
  std::unique_ptr<LeaseKeeper> keeper_;
  const LeaseOwner ann_ = Owner('a');
  const LeaseOwner bob_ = Owner('b');
};

TEST_P(LeaseKeeperContract, OneOwnerAtATime) {
  const LeaseAnswer first = Acquire("l", ann_);
  EXPECT_EQ(first.state, State::kAcquired);
  EXPECT_EQ(first.remaining, kLease);
  EXPECT_GT(first.token, 0u);
  EXPECT_LT(first.token, uint64_t{1} << 53);

  const auto elsewhere = rig_->Connect();
  const auto second = elsewhere->Acquire("l", bob_, kLease, rig_->Deadline());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->state, State::kBusy);
  EXPECT_EQ(second->token, 0u);
  EXPECT_GT(second->remaining, absl::ZeroDuration());
  EXPECT_LE(second->remaining, kLease);
}

TEST_P(LeaseKeeperContract, NamesAreApart) {
  const std::string odd("a\0}{:\xff\n", 7);
  const std::string longest(1024, 'l');
  for (const std::string& name : {std::string("a"), std::string("b"), odd, longest}) {
    EXPECT_EQ(Ask(name, ann_), State::kAcquired);
    EXPECT_EQ(Ask(name, bob_), State::kBusy);
    EXPECT_TRUE(Renew(name, ann_));
    EXPECT_TRUE(Release(name, ann_));
  }
}

TEST_P(LeaseKeeperContract, TheOwnerMayAskAgainForTheSameLease) {
  const LeaseAnswer first = Acquire("l", ann_);
  rig_->Age(kLease / 2);
  const LeaseAnswer again = Acquire("l", ann_);
  EXPECT_EQ(again, first);
  rig_->Age(kLease * 3 / 4);
  EXPECT_EQ(Ask("l", bob_), State::kBusy);
}

TEST_P(LeaseKeeperContract, ALeaseEndsByItself) {
  const LeaseAnswer first = Acquire("l", ann_);
  rig_->Age(kLease);
  EXPECT_FALSE(Renew("l", ann_));
  EXPECT_FALSE(Release("l", ann_));
  const LeaseAnswer second = Acquire("l", bob_);
  EXPECT_EQ(second.state, State::kAcquired);
  EXPECT_GT(second.token, first.token);
}

TEST_P(LeaseKeeperContract, RenewalBeginsTheLeaseAnew) {
  Acquire("l", ann_);
  for (int i = 0; i < 3; ++i) {
    rig_->Age(kLease * 3 / 4);
    EXPECT_TRUE(Renew("l", ann_));
  }
  EXPECT_EQ(Ask("l", bob_), State::kBusy);
  // A shorter one takes the place of a longer one.
  EXPECT_TRUE(Renew("l", ann_, absl::Seconds(1)));
  rig_->Age(absl::Seconds(1));
  EXPECT_EQ(Ask("l", bob_), State::kAcquired);
}

TEST_P(LeaseKeeperContract, OthersNeitherRenewNorRelease) {
  Acquire("l", ann_);
  EXPECT_FALSE(Renew("l", bob_));
  EXPECT_FALSE(Release("l", bob_));
  EXPECT_TRUE(Renew("l", ann_));
}

TEST_P(LeaseKeeperContract, AReleasedNameIsFree) {
  const LeaseAnswer first = Acquire("l", ann_);
  EXPECT_TRUE(Release("l", ann_));
  EXPECT_FALSE(Release("l", ann_));
  EXPECT_FALSE(Renew("l", ann_));
  const LeaseAnswer second = Acquire("l", bob_);
  EXPECT_EQ(second.state, State::kAcquired);
  EXPECT_GT(second.token, first.token);
}

TEST_P(LeaseKeeperContract, TokensGrowWhateverEndsALease) {
  rig_->TakeSnapshot();
  uint64_t last = 0;
  for (int round = 0; round < 8; ++round) {
    const LeaseAnswer answer = Acquire("l", ann_);
    ASSERT_EQ(answer.state, State::kAcquired) << round;
    EXPECT_GT(answer.token, last) << round;
    last = answer.token;
    if (round % 4 == 0) Release("l", ann_);
    if (round % 4 == 1) rig_->Age(kLease);
    if (round % 4 == 2) rig_->Flush();
    if (round % 4 == 3) rig_->FailOver();
    if (round % 4 < 2) continue;
    EXPECT_EQ(Ask("l", bob_), State::kGrace);
    rig_->Age(keeper_->lease_max());
  }
}

// --- Grace --------------------------------------------------------------------------------------

TEST_P(LeaseKeeperContract, AServerThatKnowsNothingGrantsNothingForAsLongAsLeasesLast) {
  Acquire("l", ann_);
  rig_->Flush();
  const LeaseAnswer refused = Acquire("l", bob_);
  EXPECT_EQ(refused.state, State::kGrace);
  EXPECT_EQ(refused.token, 0u);
  EXPECT_GT(refused.remaining, absl::ZeroDuration());
  EXPECT_LE(refused.remaining, keeper_->lease_max());
  EXPECT_FALSE(Renew("l", ann_));

  rig_->Age(keeper_->lease_max() / 2);
  EXPECT_EQ(Ask("l", bob_), State::kGrace);
  EXPECT_EQ(Ask("other", bob_), State::kGrace);
  rig_->Age(keeper_->lease_max() / 2);
  EXPECT_EQ(Ask("l", bob_), State::kAcquired);
}

TEST_P(LeaseKeeperContract, AServerThatTookOverGrantsNothingForAsLongAsLeasesLast) {
  rig_->TakeSnapshot();
  Acquire("l", ann_);
  rig_->FailOver();
  EXPECT_EQ(Ask("l", bob_), State::kGrace);
  EXPECT_EQ(Ask("l", ann_), State::kGrace);
  rig_->Age(keeper_->lease_max());
  EXPECT_EQ(Ask("l", bob_), State::kAcquired);
}

TEST_P(LeaseKeeperContract, LeasesThatAServerKnowsGoOnDuringItsGrace) {
  const LeaseAnswer first = Acquire("l", ann_);
  Acquire("m", ann_);
  rig_->TakeSnapshot();
  rig_->FailOver();
  EXPECT_TRUE(Renew("l", ann_));
  EXPECT_EQ(Ask("l", bob_), State::kBusy);
  EXPECT_EQ(Acquire("l", ann_), first);
  EXPECT_TRUE(Release("m", ann_));
  EXPECT_EQ(Ask("m", ann_), State::kGrace);
}

TEST_P(LeaseKeeperContract, ASecondFailoverBeginsTheGraceAnew) {
  rig_->TakeSnapshot();
  rig_->FailOver();
  EXPECT_EQ(Ask("l", ann_), State::kGrace);
  rig_->Age(keeper_->lease_max() * 3 / 4);
  rig_->TakeSnapshot();
  rig_->FailOver();
  EXPECT_EQ(Ask("l", ann_), State::kGrace);
  rig_->Age(keeper_->lease_max() / 2);
  EXPECT_EQ(Ask("l", ann_), State::kGrace);
  rig_->Age(keeper_->lease_max() / 2);
  EXPECT_EQ(Ask("l", ann_), State::kAcquired);
}

// --- Failures -----------------------------------------------------------------------------------

TEST_P(LeaseKeeperContract, WithoutMemoryLeasesStillEndAndGoOn) {
  Acquire("l", ann_);
  Acquire("m", ann_);
  rig_->SetFull(true);
  EXPECT_TRUE(
      absl::IsResourceExhausted(keeper_->Acquire("n", ann_, kLease, rig_->Deadline()).status()));
  EXPECT_TRUE(Renew("l", ann_));
  EXPECT_TRUE(Release("m", ann_));
  rig_->SetFull(false);
  EXPECT_EQ(Ask("m", bob_), State::kAcquired);
}

TEST_P(LeaseKeeperContract, ADeadlineThatHasPassedIsAnError) {
  const absl::Duration passed = rig_->Deadline() - absl::Hours(24);
  EXPECT_TRUE(absl::IsDeadlineExceeded(keeper_->Acquire("l", ann_, kLease, passed).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(keeper_->Renew("l", ann_, kLease, passed).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(keeper_->Release("l", ann_, passed).status()));
  EXPECT_EQ(Ask("l", bob_), State::kAcquired);
}

// --- Listening ----------------------------------------------------------------------------------

// Counts what it is told of one name.
class ReleaseCount final : public LeaseListener {
 public:
  explicit ReleaseCount(std::string_view name) : name_(name) {}
  void OnReleased(std::string_view name) override { count_ += name == name_ ? 1 : 0; }
  int count() const { return count_; }

 private:
  const std::string name_;
  std::atomic<int> count_{0};
};

TEST_P(LeaseKeeperContract, ListenersHearOfReleasesByAnyProcess) {
  const std::string name("l\0\xff", 3);
  ReleaseCount told(name);
  const auto elsewhere = rig_->Connect();
  auto watch = elsewhere->Watch(told);
  ASSERT_TRUE(watch.ok()) << watch.status();
  // Listening begins after a while.
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (told.count() == 0 && absl::Now() < give_up) {
    Acquire(name, ann_);
    Release(name, ann_);
    std::this_thread::yield();
  }
  EXPECT_GT(told.count(), 0);
  watch->reset();
  const int before = told.count();
  Acquire(name, ann_);
  Release(name, ann_);
  EXPECT_EQ(told.count(), before);
}

// --- Together -----------------------------------------------------------------------------------

TEST_P(LeaseKeeperContract, ThreadsExcludeEachOther) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  std::atomic<int> inside{0};
  std::vector<uint64_t> tokens;  // of whoever is inside
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, keeper = rig_->Connect(), owner = Owner(static_cast<char>('A' + i))] {
      for (int done = 0; done < kRounds;) {
        const auto answer = keeper->Acquire("l", owner, kLease, rig_->Deadline());
        ASSERT_TRUE(answer.ok()) << answer.status();
        if (answer->state != State::kAcquired) {
          std::this_thread::yield();
          continue;
        }
        EXPECT_EQ(inside.fetch_add(1), 0);
        tokens.push_back(answer->token);
        ++done;
        EXPECT_EQ(inside.fetch_sub(1), 1);
        const auto released = keeper->Release("l", owner, rig_->Deadline());
        ASSERT_TRUE(released.ok() && *released) << released.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(tokens.size(), size_t{kThreads * kRounds});
  for (size_t i = 1; i < tokens.size(); ++i) EXPECT_LT(tokens[i - 1], tokens[i]) << i;
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_LEASE_KEEPER_CONTRACT_H_
