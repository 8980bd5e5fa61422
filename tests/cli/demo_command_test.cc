// The first part of demo, run as a process; the second is in demo_fleet_command_test.cc.
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/tool.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using DemoCommandTest = ToolTest;

TEST_F(DemoCommandTest, FindsNoStaleReadAndNeedsNoTerminal) {
  const ToolRun run =
      Run({"demo", "--processes", "0", "--rows", "3000", "--seconds", "0.4", "--memory", "256K"});
  ASSERT_EQ(run.exit, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "") << "no progress bar where nobody watches";
  for (const char* text : {"SQLite alone", "through trivet", "reads per second", "p99.9",
                           "stale reads", "Every answer was right."}) {
    EXPECT_THAT(run.out, HasSubstr(text));
  }
}

TEST_F(DemoCommandTest, JsonHasTheSameFigures) {
  const ToolRun run = Run({"demo", "--processes", "0", "--rows", "3000", "--seconds", "0.4",
                           "--memory", "256K", "--threads", "3", "--seed", "5", "--json"});
  ASSERT_EQ(run.exit, 0) << run.err;
  const Json json = run.json();
  ASSERT_TRUE(json.is_object()) << run.out;
  EXPECT_EQ(json["passed"], true);
  EXPECT_EQ(json["readers"], 3);
  EXPECT_EQ(json["seed"], 5);
  for (const char* side : {"sqlite", "trivet"}) {
    EXPECT_GT(json[side]["reads"], 0) << side;
    EXPECT_EQ(json[side]["stale"], 0) << side;
    EXPECT_EQ(json[side]["wrong"], 0) << side;
    EXPECT_GT(json[side]["writes"], 0) << side;
    EXPECT_GT(json[side]["writes_behind"], 0) << side;
  }
  EXPECT_GT(json["hit_ratio"], 0.1);
  EXPECT_LT(json["hit_ratio"], 1.0);
  EXPECT_GT(json["evicted"], 0) << "the budget must not hold all rows";
  EXPECT_LE(json["memory_bytes"], json["memory_limit"]);
  EXPECT_EQ(json["memory_limit"], 256 << 10);
}

TEST_F(DemoCommandTest, KeepsTheFileThatWasAskedForAndNoOther) {
  const ToolRun run = Run({"demo", "--processes", "0", "--rows", "100", "--seconds", "0.1", "--db",
                           Path("kept.db"), "--json"});
  ASSERT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(Run({"stats", "--db", Path("kept.db"), "--json"}).json()["rows"], 100);

  const ToolRun again = Run({"demo", "--processes", "0", "--rows", "100", "--db", Path("kept.db")});
  EXPECT_EQ(again.exit, 3);
  EXPECT_THAT(again.err, HasSubstr("kept.db"));
  EXPECT_THAT(again.err, HasSubstr("--db"));
}

TEST_F(DemoCommandTest, LeavesNoTemporaryFileBehind) {
  std::filesystem::create_directory(Path("tmp"));
  const std::string command = "TMPDIR=" + Path("tmp") + " " + TRIVET_TOOL_PATH +
                              " demo --processes 0 --rows 100 --seconds 0.1 > " + Path("out");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(std::filesystem::is_empty(Path("tmp")));
}

TEST_F(DemoCommandTest, InterruptedItCleansUp) {
  std::filesystem::create_directory(Path("tmp"));
  const std::string command = "TMPDIR=" + Path("tmp") + " timeout -s INT 1 " + TRIVET_TOOL_PATH +
                              " demo --processes 0 --rows 1000 --seconds 60 > " + Path("out") +
                              " 2> " + Path("err");
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_THAT(FileContent(Path("err")), HasSubstr("interrupted"));
  EXPECT_TRUE(std::filesystem::is_empty(Path("tmp")));
}

}  // namespace
}  // namespace trivet::cli
