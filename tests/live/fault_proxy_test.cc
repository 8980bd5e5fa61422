#include "tests/live/fault_proxy.h"

#include <gtest/gtest.h>

namespace trivet::testing {
namespace {

TEST(WholeValueBytesTest, FindsTheEndOfAValue) {
  EXPECT_EQ(WholeValueBytes(""), 0U);
  EXPECT_EQ(WholeValueBytes("+OK"), 0U);
  EXPECT_EQ(WholeValueBytes("+OK\r\n"), 5U);
  EXPECT_EQ(WholeValueBytes(":12\r\n+OK\r\n"), 5U);
  EXPECT_EQ(WholeValueBytes("$-1\r\n"), 5U);
  EXPECT_EQ(WholeValueBytes("$3\r\na\r\n\r"), 0U);
  EXPECT_EQ(WholeValueBytes("$3\r\na\r\n\r\n"), 9U);
  EXPECT_EQ(WholeValueBytes("*2\r\n$1\r\na\r\n:1\r"), 0U);
  EXPECT_EQ(WholeValueBytes("*2\r\n$1\r\na\r\n:1\r\n+"), 15U);
  EXPECT_EQ(WholeValueBytes("*-1\r\n"), 5U);
}

}  // namespace
}  // namespace trivet::testing
