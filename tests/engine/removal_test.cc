#include "trivet/removal.h"

#include <gtest/gtest.h>

namespace trivet {
namespace {

TEST(RemovalCauseName, NamesEveryCause) {
  EXPECT_STREQ(RemovalCauseName(RemovalCause::kExplicit), "explicit");
  EXPECT_STREQ(RemovalCauseName(RemovalCause::kReplaced), "replaced");
  EXPECT_STREQ(RemovalCauseName(RemovalCause::kExpired), "expired");
  EXPECT_STREQ(RemovalCauseName(RemovalCause::kEvicted), "evicted");
  EXPECT_STREQ(RemovalCauseName(RemovalCause::kInvalidated), "invalidated");
  EXPECT_STREQ(RemovalCauseName(RemovalCause::kOversize), "oversize");
}

}  // namespace
}  // namespace trivet
