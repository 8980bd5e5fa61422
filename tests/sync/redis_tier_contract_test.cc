// Redis keeps the promises of trivet/shared_tier.h.
#include <memory>

#include "tests/contract/shared_tier_contract.h"
#include "tests/sync/redis_rig.h"
#include "trivet/redis_tier.h"

namespace trivet::testing {
namespace {

SharedTierRigMaker Redis() {
  return {
      [](uint32_t parts) { return std::make_unique<RedisRig>(RedisTierOptions{.parts = parts}); }};
}

INSTANTIATE_TEST_SUITE_P(Redis, SharedTierContract, ::testing::Values(Redis()));
INSTANTIATE_TEST_SUITE_P(Redis, SharedTierMessages, ::testing::Values(Redis()));

}  // namespace
}  // namespace trivet::testing
