#include "bindings/cli/progress_bar.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string Drawn(bool terminal) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Console console = {.in = in, .out = out, .err = err, .err_is_terminal = terminal};
  {
    ProgressBar bar(console, "counting");
    for (const double done : {-1.0, 0.0, 0.001, 0.5, 1.0, 2.0}) bar.Show(done);
  }
  EXPECT_EQ(out.str(), "");
  return err.str();
}

TEST(ProgressBar, DrawsOnATerminalAndWipesItself) {
  const std::string drawn = Drawn(/*terminal=*/true);
  EXPECT_THAT(drawn, HasSubstr("counting"));
  EXPECT_THAT(drawn, HasSubstr("###"));
  EXPECT_THAT(drawn, HasSubstr(" 50 %"));
  EXPECT_THAT(drawn, HasSubstr("100 %"));
  EXPECT_THAT(drawn, EndsWith("\r\x1b[K"));
}

TEST(ProgressBar, IsSilentElsewhere) { EXPECT_EQ(Drawn(/*terminal=*/false), ""); }

}  // namespace
}  // namespace trivet::cli
