// Leases in a real Redis: the contract, and what servers do to it.
#include "trivet/redis_lease_keeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tests/contract/lease_keeper_contract.h"
#include "tests/sync/redis_lease_rig.h"
#include "tests/sync/redis_server.h"

namespace trivet::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Redis, LeaseKeeperContract, ::testing::Values(LeaseKeeperRigMaker{[] {
                           return std::make_unique<RedisLeaseRig>();
                         }}));

using State = LeaseAnswer::State;
constexpr absl::Duration kLease = absl::Seconds(10);

LeaseOwner Owner(char c) {
  LeaseOwner owner;
  owner.fill(c);
  return owner;
}

class RedisLeaseKeeperTest : public ::testing::Test {
 protected:
  absl::StatusOr<LeaseAnswer> Acquire(LeaseKeeper& keeper, const LeaseOwner& owner,
                                      absl::Duration timeout = kLong) {
    return keeper.Acquire("l", owner, kLease, Clock::System()->Elapsed() + timeout);
  }
  std::string Ask(LeaseKeeper& keeper, const LeaseOwner& owner) {
    const auto answer = Acquire(keeper, owner);
    if (!answer.ok()) return answer.status().ToString();
    switch (answer->state) {
      case State::kAcquired:
        return "acquired";
      case State::kBusy:
        return "busy";
      case State::kGrace:
        return "grace";
    }
    return "?";
  }

  RedisLeaseRig rig_;
  const LeaseOwner ann_ = Owner('a');
  const LeaseOwner bob_ = Owner('b');
};

TEST_F(RedisLeaseKeeperTest, TheFirstLockOnANewServerWaitsOutAGrace) {
  const auto keeper = rig_.Connect();
  EXPECT_EQ(Ask(*keeper, ann_), "grace");
  rig_.Age(keeper->lease_max());
  EXPECT_EQ(Ask(*keeper, ann_), "acquired");
}

TEST_F(RedisLeaseKeeperTest, ANewServerMayBeTrusted) {
  rig_.options().trust_empty = true;
  const auto keeper = rig_.Connect();
  EXPECT_EQ(Ask(*keeper, ann_), "acquired");
  // It forgot all of it, which looks the same.
  rig_.Flush();
  EXPECT_EQ(Ask(*keeper, bob_), "acquired");
  // Another run of the server, which knows of the first one, does not.
  rig_.TakeSnapshot();
  rig_.FailOver();
  EXPECT_EQ(Ask(*keeper, ann_), "busy");
  rig_.Do({"DEL", "tv1:{locks}:l:l"});
  EXPECT_EQ(Ask(*keeper, ann_), "grace");
}

TEST_F(RedisLeaseKeeperTest, TheLongestLeaseThatAnybodyMayHaveDecides) {
  rig_.options().lease_max = absl::Minutes(10);
  const auto patient = rig_.Connect();
  EXPECT_EQ(Ask(*patient, ann_), "grace");
  rig_.TakeSnapshot();
  rig_.FailOver();
  rig_.options().lease_max = absl::Seconds(10);
  const auto hasty = rig_.Connect();
  EXPECT_EQ(Ask(*hasty, ann_), "grace");
  rig_.Age(absl::Minutes(9));
  EXPECT_EQ(Ask(*hasty, ann_), "grace");
  rig_.Age(absl::Minutes(1));
  EXPECT_EQ(Ask(*hasty, ann_), "acquired");
}

TEST_F(RedisLeaseKeeperTest, AClockThatWasTurnedBackDoesNotMakeTheGraceLonger) {
  const auto keeper = rig_.Connect();
  EXPECT_EQ(Ask(*keeper, ann_), "grace");
  rig_.Age(-absl::Hours(24 * 365));
  const auto answer = Acquire(*keeper, ann_);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->state, State::kGrace);
  EXPECT_LE(answer->remaining, keeper->lease_max());
}

TEST_F(RedisLeaseKeeperTest, AReplicaThatIsPromotedWaitsOutAGrace) {
  RedisServer replica;
  rig_.Do({"CONFIG", "SET", "repl-diskless-sync-delay", "0"});
  const std::string url = rig_.server().TcpUrl();
  const std::string port = url.substr(url.rfind(':') + 1);
  const auto keeper = rig_.Connect();
  EXPECT_EQ(Ask(*keeper, ann_), "grace");
  rig_.Age(keeper->lease_max());
  ASSERT_EQ(Ask(*keeper, ann_), "acquired");

  auto client = *sync::RedisClient::Open({.url = replica.UnixUrl()});
  ASSERT_TRUE(client->Call({"REPLICAOF", "127.0.0.1", port}, client->In(kLong)).ok());
  ASSERT_TRUE(Eventually([&] {
    const auto length = client->Call({"EXISTS", "tv1:{locks}:l:l"}, client->In(kLong));
    return length.ok() && length->integer == 1;
  }));
  rig_.options().redis.url = replica.UnixUrl();
  const auto promoted = rig_.Connect();
  EXPECT_TRUE(absl::IsUnavailable(Acquire(*promoted, bob_).status()));  // READONLY
  EXPECT_TRUE(absl::IsUnavailable(promoted->Renew("l", ann_, kLease, rig_.Deadline()).status()));
  EXPECT_TRUE(absl::IsUnavailable(promoted->Release("l", ann_, rig_.Deadline()).status()));

  rig_.server().Kill();
  ASSERT_TRUE(client->Call({"REPLICAOF", "NO", "ONE"}, client->In(kLong)).ok());
  EXPECT_EQ(Ask(*promoted, bob_), "busy");
  EXPECT_TRUE(*promoted->Renew("l", ann_, kLease, rig_.Deadline()));
  const auto other = promoted->Acquire("m", bob_, kLease, Clock::System()->Elapsed() + kLong);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->state, State::kGrace);
}

TEST_F(RedisLeaseKeeperTest, AServerThatHangsCostsTheDeadline) {
  const auto keeper = rig_.Connect();
  EXPECT_EQ(Ask(*keeper, ann_), "grace");
  rig_.Age(keeper->lease_max());
  rig_.server().Pause();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Acquire(*keeper, ann_, absl::Milliseconds(20)).status()));
  rig_.server().Resume();
  // The command was on its way: whether it came first or comes now, the lease is Ann's.
  EXPECT_EQ(Ask(*keeper, ann_), "acquired");
  EXPECT_EQ(Ask(*keeper, bob_), "busy");
}

TEST_F(RedisLeaseKeeperTest, AServerThatIsDownIsUnavailable) {
  const auto keeper = rig_.Connect();
  rig_.server().Kill();
  EXPECT_TRUE(absl::IsUnavailable(Acquire(*keeper, ann_).status()));
  EXPECT_TRUE(absl::IsUnavailable(keeper->Renew("l", ann_, kLease, rig_.Deadline()).status()));
  EXPECT_TRUE(absl::IsUnavailable(keeper->Release("l", ann_, rig_.Deadline()).status()));
  rig_.server().Start();
  ASSERT_TRUE(Eventually([&] { return Acquire(*keeper, ann_).ok(); }));
  EXPECT_EQ(Ask(*keeper, ann_), "grace");
}

TEST_F(RedisLeaseKeeperTest, WhoMayNotAskForTheServerGetsNoLock) {
  rig_.Do({"ACL", "SETUSER", "poor", "on", "nopass", "~*", "&*", "+@all", "-info"});
  rig_.options().redis.url = "unix://poor:x@" + rig_.server().UnixUrl().substr(7);
  const auto keeper = rig_.Connect();
  EXPECT_TRUE(absl::IsPermissionDenied(Acquire(*keeper, ann_).status()));
}

TEST_F(RedisLeaseKeeperTest, SomethingElseUnderTheNameIsFailedPrecondition) {
  const auto keeper = rig_.Connect();
  EXPECT_EQ(Ask(*keeper, ann_), "grace");
  rig_.Do({"RPUSH", "tv1:{locks}:l:l", "x"});
  EXPECT_TRUE(absl::IsFailedPrecondition(Acquire(*keeper, ann_).status()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(keeper->Renew("l", ann_, kLease, rig_.Deadline()).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(keeper->Release("l", ann_, rig_.Deadline()).status()));
}

TEST_F(RedisLeaseKeeperTest, CountersGoInTheEnd) {
  rig_.options().trust_empty = true;
  const auto keeper = rig_.Connect();
  EXPECT_EQ(Ask(*keeper, ann_), "acquired");
  EXPECT_GT(rig_.Do({"PTTL", "tv1:{locks}:f:l"}).integer, absl::ToInt64Milliseconds(kLease));
  EXPECT_LE(rig_.Do({"PTTL", "tv1:{locks}:l:l"}).integer, absl::ToInt64Milliseconds(kLease));
}

TEST(RedisLeaseKeeperOptionsTest, EveryFieldIsChecked) {
  EXPECT_TRUE(Validate(RedisLeaseKeeperOptions()).ok());
  const auto is_refused = [](const RedisLeaseKeeperOptions& options) {
    EXPECT_TRUE(absl::IsInvalidArgument(OpenRedisLeaseKeeper(options).status()));
  };
  is_refused({.redis = {.connections = 0}});
  is_refused({.redis = {.url = "http://a"}});
  is_refused({.lease_max = absl::Milliseconds(99)});
  is_refused({.lease_max = absl::Hours(2)});
  is_refused({.lease_max = absl::InfiniteDuration()});
  is_refused({.silence_max = absl::ZeroDuration()});
}

}  // namespace
}  // namespace trivet::testing
