// The fake keeps the promises of trivet/shared_tier.h.
#include "tests/support/fake_shared_tier.h"

#include <memory>

#include "tests/contract/shared_tier_contract.h"
#include "tests/support/fake_shared_rig.h"

namespace trivet::testing {
namespace {

SharedTierRigMaker Fake() {
  return {[](uint32_t parts) { return std::make_unique<FakeSharedRig>(parts); }};
}

INSTANTIATE_TEST_SUITE_P(Fake, SharedTierContract, ::testing::Values(Fake()));
INSTANTIATE_TEST_SUITE_P(Fake, SharedTierMessages, ::testing::Values(Fake()));

}  // namespace
}  // namespace trivet::testing
