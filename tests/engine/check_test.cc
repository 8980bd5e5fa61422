#include "engine/check.h"

#include <gtest/gtest.h>

#include <string>

namespace trivet::engine {
namespace {

TEST(Check, DoesNothingWhileTheConditionHolds) {
  int messages = 0;
  const auto message = [&messages] { return std::string("made ") + std::to_string(++messages); };
  TRIVET_CHECK(1 + 1 == 2, message());
  TRIVET_DCHECK(1 + 1 == 2, message());
  EXPECT_EQ(messages, 0);
}

TEST(CheckDeathTest, SaysWhereWhatAndWhy) {
  EXPECT_DEATH(TRIVET_CHECK(1 + 1 == 3, "sums"),
               "check_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3: sums");
  EXPECT_DEATH(TRIVET_CHECK(false, "left: " + std::to_string(7)), "left: 7");
}

TEST(CheckDeathTest, DcheckAbortsInDebugBuildsOnly) {
  int evaluated = 0;
  const auto fails = [&evaluated] {
    ++evaluated;
    return false;
  };
#ifdef NDEBUG
  TRIVET_DCHECK(fails(), "never seen");
  EXPECT_EQ(evaluated, 0);
#else
  EXPECT_DEATH(TRIVET_DCHECK(fails(), "seen"), "fails\\(\\): seen");
#endif
}

}  // namespace
}  // namespace trivet::engine
