// A short run of what `./dev chaos` does for as long as one likes.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/random_test.h"

namespace trivet::testing {
namespace {

constexpr size_t kReads = 600'000;

int RunChaos(const std::string& arguments) {
  const std::string command =
      absl::StrCat(TRIVET_HELPER_DIR "/chaos_main --seed ", RandomTestSeed() + 1, " ", arguments);
  std::cout << command << std::endl;
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ChaosTest, NobodyReadsWhatIsOver) {
  EXPECT_EQ(RunChaos(absl::StrCat("--reads ", ScaledCount(kReads))), 0);
}

// What was checked there is worth something.
TEST(ChaosTest, ANaiveCacheIsFoundOut) {
  if (ScaledCount(kReads) < kReads) GTEST_SKIP() << "too few reads for a race to show";
  EXPECT_EQ(RunChaos(absl::StrCat("--naive --reads ", 5 * kReads)), 0);
}

}  // namespace
}  // namespace trivet::testing
