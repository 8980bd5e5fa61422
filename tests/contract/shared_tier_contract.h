// What every SharedTier must do: each promise of trivet/shared_tier.h as a test, and each row of
// the table "A key in Redis" of docs/protocol.md.
//
// A test program of an implementation includes this file and says how a server is made:
//
//   SharedTierRigMaker Mine() { return {[](uint32_t parts) { ... }}; }
//   INSTANTIATE_TEST_SUITE_P(Mine, SharedTierContract, ::testing::Values(Mine()));
#ifndef TRIVET_TESTS_CONTRACT_SHARED_TIER_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_SHARED_TIER_CONTRACT_H_

#include "tests/contract/shared_tier_faults_contract.h"
#include "tests/contract/shared_tier_fixture.h"
#include "tests/contract/shared_tier_loads_contract.h"
#include "tests/contract/shared_tier_messages_contract.h"
#include "tests/contract/shared_tier_writes_contract.h"

#endif  // TRIVET_TESTS_CONTRACT_SHARED_TIER_CONTRACT_H_
