#include "trivet/result.h"

#include <gtest/gtest.h>

namespace trivet {
namespace {

TEST(TierName, NamesEveryTier) {
  EXPECT_STREQ(TierName(Tier::kNone), "none");
  EXPECT_STREQ(TierName(Tier::kMemory), "memory");
  EXPECT_STREQ(TierName(Tier::kStore), "store");
  EXPECT_STREQ(TierName(Tier::kLoader), "loader");
}

}  // namespace
}  // namespace trivet
