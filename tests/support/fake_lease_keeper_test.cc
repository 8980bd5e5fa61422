// The fake keeps the promises of trivet/lease_keeper.h, and fails when told.
#include "tests/support/fake_lease_keeper.h"

#include <memory>

#include "tests/contract/lease_keeper_contract.h"
#include "tests/support/fake_lease_rig.h"

namespace trivet::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Fake, LeaseKeeperContract, ::testing::Values(LeaseKeeperRigMaker{[] {
                           return std::make_unique<FakeLeaseRig>();
                         }}));

class FakeLeaseKeeperTest : public ::testing::Test {
 protected:
  FakeLeaseKeeperTest() { server_.EndGrace(); }

  absl::StatusOr<LeaseAnswer> Acquire() {
    return keeper_.Acquire("l", owner_, absl::Seconds(1), absl::InfiniteDuration());
  }

  ManualClock clock_;
  FakeLeaseServer server_{&clock_};
  FakeLeaseKeeper keeper_{&server_};
  const LeaseOwner owner_ = {};
};

TEST_F(FakeLeaseKeeperTest, ALostRequestHasNoEffect) {
  keeper_.LoseRequest(1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Acquire().status()));
  EXPECT_EQ(server_.OwnerOf("l"), std::nullopt);
  EXPECT_TRUE(Acquire().ok());
  EXPECT_EQ(server_.OwnerOf("l"), owner_);
}

TEST_F(FakeLeaseKeeperTest, ALostReplyHasOne) {
  keeper_.LoseReply(1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Acquire().status()));
  EXPECT_EQ(server_.OwnerOf("l"), owner_);
}

TEST_F(FakeLeaseKeeperTest, AllCallsFailUntilToldOtherwise) {
  keeper_.FailAll(absl::UnavailableError("down"));
  EXPECT_TRUE(absl::IsUnavailable(Acquire().status()));
  EXPECT_TRUE(absl::IsUnavailable(Acquire().status()));
  keeper_.FailAll(absl::OkStatus());
  EXPECT_TRUE(Acquire().ok());
  EXPECT_EQ(keeper_.calls(), 3u);
}

TEST_F(FakeLeaseKeeperTest, TheServersClockMayRunAhead) {
  ASSERT_TRUE(Acquire().ok());
  server_.Age(absl::Seconds(1));
  EXPECT_EQ(server_.OwnerOf("l"), std::nullopt);
}

}  // namespace
}  // namespace trivet::testing
