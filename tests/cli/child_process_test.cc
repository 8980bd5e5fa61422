#include "bindings/cli/child_process.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace trivet::cli {
namespace {

using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

constexpr absl::Duration kLong = absl::Seconds(30);

ChildProcess Shell(const std::string& command) {
  auto started = ChildProcess::Start({"/bin/sh", "-c", command});
  EXPECT_THAT(started, IsOk());
  return *std::move(started);
}

TEST(ChildProcess, TellsHowItEnded) {
  EXPECT_THAT(Shell("exit 0").Await(kLong), IsOkAndHolds(0));
  EXPECT_THAT(Shell("exit 7").Await(kLong), IsOkAndHolds(7));
  EXPECT_THAT(Shell("kill -TERM $$").Await(kLong), IsOkAndHolds(128 + SIGTERM));
}

TEST(ChildProcess, WhatCannotBeExecutedExits) {
  auto started = ChildProcess::Start({"/nowhere/program"});
  ASSERT_THAT(started, IsOk());
  EXPECT_THAT(started->Await(kLong), IsOkAndHolds(127));
}

TEST(ChildProcess, RunsUntilItIsKilled) {
  ChildProcess process = Shell("exec sleep 1000");
  EXPECT_TRUE(process.IsRunning());
  EXPECT_THAT(process.Await(absl::ZeroDuration()), StatusIs(absl::StatusCode::kDeadlineExceeded));
  process.Kill();
  EXPECT_FALSE(process.IsRunning());
  EXPECT_THAT(process.Await(kLong), IsOkAndHolds(128 + SIGKILL));
  process.Kill();  // nothing is left to be killed
}

TEST(ChildProcess, ReadsNothingAndWritesNowhere) {
  EXPECT_THAT(Shell("cat; echo text").Await(kLong), IsOkAndHolds(0));
}

TEST(FindProgram, LooksAlongThePath) {
  EXPECT_THAT(FindProgram("sh"), IsOk());
  EXPECT_EQ(access(FindProgram("sh")->c_str(), X_OK), 0);
  EXPECT_THAT(FindProgram("no-such-program"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace trivet::cli
