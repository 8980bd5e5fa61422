#include "bindings/cli/text_table.h"

#include <sstream>

#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

TEST(TextTable, AlignsTheFirstColumnLeftAndTheOthersRight) {
  TextTable table;
  table.Add({"", "alone", "cached"});
  table.Add({"reads", "1", "10,000"});
  table.Add({"a longer name", "-"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(),
            "               alone  cached\n"
            "reads              1  10,000\n"
            "a longer name      -\n");
}

}  // namespace
}  // namespace trivet::cli
