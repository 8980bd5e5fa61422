// A rig for the fake.
#ifndef TRIVET_TESTS_SUPPORT_FAKE_LEASE_RIG_H_
#define TRIVET_TESTS_SUPPORT_FAKE_LEASE_RIG_H_

#include <memory>

#include "tests/support/fake_lease_keeper.h"
#include "tests/support/lease_keeper_rig.h"
#include "trivet/clock.h"

namespace trivet::testing {

class FakeLeaseRig final : public LeaseKeeperRig {
 public:
  std::unique_ptr<LeaseKeeper> Connect() override {
    return std::make_unique<FakeLeaseKeeper>(&server_);
  }
  absl::Duration Deadline() override { return clock_.Elapsed() + absl::Hours(1); }
  void Flush() override { server_.Flush(); }
  void TakeSnapshot() override { server_.TakeSnapshot(); }
  void FailOver() override { server_.FailOver(); }
  void SetFull(bool full) override { server_.SetFull(full); }
  void Age(absl::Duration by) override { clock_.Advance(by); }

 private:
  ManualClock clock_;
  FakeLeaseServer server_{&clock_};
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_FAKE_LEASE_RIG_H_
