// What every command has in common: help, usage errors, exit codes.
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/tool.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;
using UsageTest = ToolTest;

TEST_F(UsageTest, HelpNamesCommandsAndExitCodes) {
  const ToolRun help = Run({"--help"});
  EXPECT_EQ(help.exit, 0);
  for (const char* word : {"demo", "replay", "get", "set", "del", "mget", "tags", "clear", "stats",
                           "doctor", "Exit status", "1  not found", "4  the demo"}) {
    EXPECT_THAT(help.out, HasSubstr(word));
  }
  EXPECT_EQ(help.err, "");
}

TEST_F(UsageTest, EveryCommandExplainsItself) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"demo"},
                                             {"replay"},
                                             {"get"},
                                             {"set"},
                                             {"del"},
                                             {"mget"},
                                             {"tags"},
                                             {"tags", "show"},
                                             {"tags", "delete"},
                                             {"clear"},
                                             {"stats"},
                                             {"doctor"}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back("--help");
    const ToolRun help = Run(arguments);
    EXPECT_EQ(help.exit, 0) << command.back();
    EXPECT_THAT(help.out, HasSubstr("Usage: trivet " + command.front()));
  }
}

TEST_F(UsageTest, VersionIsPrinted) {
  const ToolRun run = Run({"--version"});
  EXPECT_EQ(run.exit, 0);
  EXPECT_THAT(run.out, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(UsageTest, WrongCommandLinesAreRefusedByName) {
  const std::string db = Path("a.db");
  const struct {
    std::vector<std::string> arguments;
    const char* named;
  } kCases[] = {
      {{}, "command"},
      {{"fetch"}, "fetch"},
      {{"get"}, "KEY"},
      {{"get", "k"}, "--db or --redis"},
      {{"stats"}, "--db"},
      {{"get", "--db", db}, "KEY"},
      {{"get", "k", "more", "--db", db}, "more"},
      {{"get", "k", "--db", db, "--frobnicate"}, "--frobnicate"},
      {{"get", "", "--db", db}, "key: must be 1 to 65536 bytes long, and has 0"},
      {{"get", std::string(65537, 'k'), "--db", db}, "and has 65537"},
      {{"get", "k", "--db", db, "--namespace", ""}, "namespace: must be 1 to 255"},
      {{"get", "k", "--db", db, "-n", std::string(256, 'n')}, "namespace: must be 1 to 255"},
      {{"mget", "k", "", "--db", db}, "key: must be"},
      {{"del", "", "--db", db}, "key: must be"},
      {{"set", "k", "--db", db}, "VALUE"},
      {{"set", "", "v", "--db", db}, "key: must be"},
      {{"set", std::string(65537, 'k'), "v", "--db", db}, "key: must be"},
      {{"set", "k", "v", "--db", db, "--ttl", "-5m"}, "--ttl: \"-5m\""},
      {{"set", "k", "v", "--db", db, "--ttl=-5m"}, "--ttl: \"-5m\""},
      {{"set", "k", "v", "--db", db, "--ttl", "0"}, "--ttl: \"0\""},
      {{"set", "k", "v", "--db", db, "--ttl", "400d"}, "--ttl: \"400d\""},
      {{"set", "k", "v", "--db", db, "--ttl", "soon"}, "--ttl: \"soon\""},
      {{"set", "k", "v", "--db", db, "--tag", ""}, "--tag: must be 1 to 255"},
      {{"set", "k", "v", "--db", db, "--if-absent", "--if-present"}, "--if-present"},
      {{"set", "k", "v", "--db", db, "--if-absent", "--if-version", "3"}, "--if-version"},
      {{"set", "k", "v", "--db", db, "--if-version", "x"}, "--if-version"},
      {{"tags"}, "subcommand"},
      {{"tags", "k"}, "subcommand"},
      {{"tags", "show", "", "--db", db}, "key: must be"},
      {{"tags", "delete", "", "--db", db}, "tag: must be"},
      {{"clear", "--db", db, "--all", "--namespace", "x"}, "--namespace"},
      {{"replay"}, "TRACE"},
      {{"replay", "t", "--memory", "lots"}, "--memory: \"lots\""},
      {{"replay", "t", "--memory", "0"}, "--memory: must be more than 0"},
      {{"replay", "t", "--entries", "-1"}, "--entries"},
      {{"replay", "t", "--entries", "0"}, "--entries"},
      {{"replay", "t", "--ttl", "-1"}, "--ttl"},
      {{"demo", "--rows", "1"}, "--rows"},
      {{"demo", "--seconds", "0"}, "--seconds"},
      {{"demo", "--threads", "0"}, "--threads"},
      {{"demo", "--memory", "1K"}, "memory_bytes"},
  };
  for (const auto& c : kCases) {
    const ToolRun run = Run(c.arguments);
    EXPECT_EQ(run.exit, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr(c.named));
    EXPECT_EQ(run.out, "");
  }
  EXPECT_EQ(FileContent(db), "") << "a refused command created the file";
}

TEST_F(UsageTest, FullStandardOutputIsToldOf) {
  const std::string command =
      std::string(TRIVET_TOOL_PATH) + " --help > /dev/full 2> " + Path("err") + "; exit $?";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 3);
  EXPECT_THAT(FileContent(Path("err")), HasSubstr("cannot write to standard output"));
}

}  // namespace
}  // namespace trivet::cli
