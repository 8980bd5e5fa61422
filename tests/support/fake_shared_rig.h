// A rig for the fake.
#ifndef TRIVET_TESTS_SUPPORT_FAKE_SHARED_RIG_H_
#define TRIVET_TESTS_SUPPORT_FAKE_SHARED_RIG_H_

#include <memory>
#include <string_view>

#include "tests/support/fake_shared_tier.h"
#include "tests/support/shared_tier_rig.h"
#include "trivet/clock.h"

namespace trivet::testing {

class FakeSharedRig final : public SharedTierRig {
 public:
  explicit FakeSharedRig(uint32_t parts) : server_(&clock_, {.parts = parts}) {}

  std::unique_ptr<SharedTier> Connect() override {
    return std::make_unique<FakeSharedTier>(&server_);
  }
  absl::Duration Deadline() override { return clock_.Elapsed() + absl::Hours(1); }
  void Flush() override { server_.Flush(); }
  void Evict(const SharedPart& part, std::string_view key) override { server_.Evict(part, key); }
  void TakeSnapshot() override { server_.TakeSnapshot(); }
  void FailOver() override { server_.FailOver(); }
  void SetFull(bool full) override { server_.SetFull(full); }
  void Age(absl::Duration by) override { clock_.Advance(by); }

 private:
  ManualClock clock_;
  FakeSharedServer server_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_FAKE_SHARED_RIG_H_
