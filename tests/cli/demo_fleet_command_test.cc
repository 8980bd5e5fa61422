// The second part of demo: several processes over one Redis, run as a user would.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/tool.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class DemoFleetCommandTest : public ToolTest {
 protected:
  // The first part as short as can be, with what else is asked for.
  ToolRun Demo(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"demo", "--rows", "100", "--seconds", "0.05"});
    return Run(std::move(arguments));
  }

  // Through a shell, which says in what surroundings. Its exit status.
  int DemoIn(const std::string& surroundings, const std::string& arguments) const {
    const std::string command = surroundings + " " + TRIVET_TOOL_PATH +
                                " demo --rows 100 --seconds 0.05 " + arguments + " > " +
                                Path("out") + " 2> " + Path("err");
    return WEXITSTATUS(std::system(command.c_str()));
  }
};

TEST_F(DemoFleetCommandTest, KeepsEveryPromiseWhileRedisDies) {
  const ToolRun run = Demo({"--processes", "3", "--fleet-seconds", "3", "--json"});
  ASSERT_EQ(run.exit, 0) << run.out << run.err;
  const Json fleet = run.json()["fleet"];
  EXPECT_EQ(fleet["passed"], true);
  EXPECT_EQ(fleet["processes"], 3);
  for (const char* broken : {"overdue", "forgotten", "wrong"}) EXPECT_EQ(fleet[broken], 0);
  for (const char* tier : {"memory", "redis", "sqlite"}) {
    EXPECT_GT(fleet["read_ns"][tier]["count"], 0) << tier;
  }
  EXPECT_EQ(fleet["reads_without_redis"]["redis"], 0);
  EXPECT_GT(fleet["changes_applied"], 0);
  EXPECT_GT(fleet["changes_deferred"], 0);
  EXPECT_GT(fleet["applied_delay_ns"]["count"], 0);
}

TEST_F(DemoFleetCommandTest, TextSaysTheSame) {
  const ToolRun run = Demo({"--processes", "2", "--fleet-seconds", "0.5"});
  ASSERT_EQ(run.exit, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  for (const char* text :
       {"2 processes over one Redis and one SQLite file", "Redis was killed", "answered by",
        "seen by the others after", "longer ago than promised", "Every promise was kept."}) {
    EXPECT_THAT(run.out, HasSubstr(text));
  }
}

TEST_F(DemoFleetCommandTest, WithoutARedisServerItIsSkippedAloud) {
  EXPECT_EQ(DemoIn("PATH=" + Path("nothing"), ""), 0);
  EXPECT_THAT(FileContent(Path("out")), HasSubstr("Every answer was right."));
  EXPECT_THAT(FileContent(Path("out")), HasSubstr("Skipped"));
  EXPECT_THAT(FileContent(Path("out")), HasSubstr("redis-server"));
  EXPECT_EQ(DemoIn("PATH=" + Path("nothing"), "--json"), 0);
  EXPECT_THAT(FileContent(Path("out")), HasSubstr("\"fleet\":null"));
}

TEST_F(DemoFleetCommandTest, InterruptedItCleansUp) {
  std::filesystem::create_directory(Path("tmp"));
  EXPECT_EQ(DemoIn("TMPDIR=" + Path("tmp") + " timeout --preserve-status -s INT 2",
                   "--fleet-seconds 600"),
            3);
  EXPECT_THAT(FileContent(Path("err")), HasSubstr("interrupted"));
  EXPECT_TRUE(std::filesystem::is_empty(Path("tmp")));
}

TEST_F(DemoFleetCommandTest, AProcessByItselfIsNoFleet) {
  const ToolRun one = Demo({"--processes", "1"});
  EXPECT_EQ(one.exit, 2);
  EXPECT_THAT(one.err, HasSubstr("--processes"));
  EXPECT_EQ(Demo({"--processes", "65"}).exit, 2);
}

TEST_F(DemoFleetCommandTest, AProcessWithoutADemoRefusesToRun) {
  WriteFile(Path("ledger"), std::string(4096, '\0'));
  const ToolRun run = Run({"demo-process", "--db", Path("x.db"), "--redis", "unix:///x", "--ledger",
                           Path("ledger"), "--process", "0"});
  EXPECT_EQ(run.exit, 2);
  EXPECT_THAT(run.err, HasSubstr("ledger"));
  EXPECT_FALSE(std::filesystem::exists(Path("x.db")));
}

}  // namespace
}  // namespace trivet::cli
