// The fake keeps the promises of trivet/backing.h.
#include "tests/support/memory_backing.h"

#include <memory>

#include "tests/contract/backing_contract.h"

namespace trivet::testing {
namespace {

BackingMaker Memory() {
  return {[](Clock* clock) { return std::make_shared<MemoryBacking>(clock); }};
}

INSTANTIATE_TEST_SUITE_P(Memory, BackingContract, ::testing::Values(Memory()));

}  // namespace
}  // namespace trivet::testing
