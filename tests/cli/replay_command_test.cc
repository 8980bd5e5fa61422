// replay, run as a process.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/tool.h"
#include "tests/cli/trace_bytes.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class ReplayCommandTest : public ToolTest {
 protected:
  // 1000 requests for keys 0 to 99 in turn.
  std::string Cyclic() const {
    std::vector<TraceRecord> records;
    for (uint32_t i = 0; i < 1000; ++i)
      records.push_back({.key = i % 100, .size = 10, .ttl = 50, .time = i});
    return BinaryTrace(records, kSizes | kTtls | kTimes);
  }
};

TEST_F(ReplayCommandTest, TellsTheHitRatioAsJson) {
  WriteFile(Path("a.ctr"), Cyclic());
  const ToolRun run = Run(
      {"replay", Path("a.ctr"), "--policy", "lru", "--entries", "100", "--ignore-ttl", "--json"});
  ASSERT_EQ(run.exit, 0) << run.err;
  const Json json = run.json();
  EXPECT_EQ(json["requests"], 1000);
  EXPECT_EQ(json["hits"], 900);
  EXPECT_DOUBLE_EQ(json["hit_ratio"], 0.9);
  EXPECT_DOUBLE_EQ(json["byte_hit_ratio"], 0.9);
  EXPECT_EQ(json["entries"], 100);
  EXPECT_GT(json["get_ns"]["p99.9"], 0);
  EXPECT_LE(json["get_ns"]["p50"], json["get_ns"]["max"]);
  EXPECT_GT(json["requests_per_second"], 0);
  EXPECT_GT(json["memory_bytes"], 0);
  EXPECT_EQ(run.err, "");
}

TEST_F(ReplayCommandTest, TtlsRunByTheTracesTime) {
  WriteFile(Path("a.ctr.zst"), Compressed(Cyclic()));
  const Json json = Run({"replay", Path("a.ctr.zst"), "--entries", "100", "--json"}).json();
  EXPECT_EQ(json["hits"], 0) << "every key comes back after 100 seconds and lives 50";
  EXPECT_EQ(json["expired"], 950);
}

TEST_F(ReplayCommandTest, PrintsATableForPeople) {
  WriteFile(Path("log.txt"), "a\nb\na\nc\t5000\na\n");
  const ToolRun run = Run({"replay", Path("log.txt")});
  ASSERT_EQ(run.exit, 0) << run.err;
  for (const char* line : {"requests", "hit ratio", "40.00 %", "byte hit ratio", "memory allowed",
                           "64.0 MiB", "get, p99.9"}) {
    EXPECT_THAT(run.out, HasSubstr(line));
  }
}

TEST_F(ReplayCommandTest, StandsInFrontOfADatabase) {
  WriteFile(Path("a.ctr"), Cyclic());
  const std::vector<std::string> arguments = {"replay",   Path("a.ctr"), "--entries", "10",
                                              "--policy", "lru",         "--db",      Path("r.db"),
                                              "--json",   "--ignore-ttl"};
  const ToolRun first = Run(arguments);
  ASSERT_EQ(first.exit, 0) << first.err;
  EXPECT_EQ(first.json()["hits"], 0);
  EXPECT_EQ(first.json()["store_hits"], 900);
  EXPECT_EQ(Run(arguments).json()["store_hits"], 1000);
  EXPECT_EQ(Run({"get", "99", "--db", Path("r.db"), "-n", "replay"}).out, "vvvvvvvvvv");
}

TEST_F(ReplayCommandTest, BrokenTracesAreNamedWithTheByte) {
  const std::string good = Cyclic();
  const std::string frame = Compressed(good);
  std::string version = good;
  version[4] = 9;
  const struct {
    std::string name;
    std::string content;
    const char* message;
  } kCases[] = {
      {"cut.ctr", good.substr(0, 1000), "byte 1000: the trace ends early"},
      {"head.ctr", good.substr(0, 10), "byte 10: the trace ends within its header"},
      {"empty.ctr", "", "byte 0: the trace ends within its header"},
      {"more.ctr", good + "!", "bytes follow the last of 1000 records"},
      {"magic.ctr", "not a trace at all, but text", "byte 0: not a trace"},
      {"version.ctr", version, "byte 4: version 9 is unknown"},
      {"cut.ctr.zst", frame.substr(0, frame.size() / 2), "compressed byte"},
      {"text.txt", "a\nb\tmany\n", "byte 4: what follows the tab"},
  };
  for (const auto& c : kCases) {
    WriteFile(Path(c.name), c.content);
    const ToolRun run = Run({"replay", Path(c.name), "--entries", "10"});
    EXPECT_EQ(run.exit, 3) << c.name << ": " << run.err;
    EXPECT_THAT(run.err, HasSubstr(Path(c.name)));
    EXPECT_THAT(run.err, HasSubstr(c.message));
    EXPECT_EQ(run.out, "") << c.name;
  }
}

TEST_F(ReplayCommandTest, UnreadableFilesAreNamed) {
  for (const std::string& file : {Path("missing.ctr"), Path("missing/trace.ctr"), Path("")}) {
    const ToolRun run = Run({"replay", file});
    EXPECT_EQ(run.exit, 3) << run.err;
    EXPECT_THAT(run.err, HasSubstr(file));
  }
}

TEST_F(ReplayCommandTest, WrongOptionsOfTheCacheAreUsageErrors) {
  WriteFile(Path("log.txt"), "a\n");
  const struct {
    std::vector<std::string> options;
    const char* named;
  } kCases[] = {
      {{"--policy", "oracle"}, "policy"},
      {{"--shards", "3"}, "shards"},
      {{"--memory", "1K"}, "memory_bytes"},
  };
  for (const auto& c : kCases) {
    std::vector<std::string> arguments = {"replay", Path("log.txt")};
    arguments.insert(arguments.end(), c.options.begin(), c.options.end());
    const ToolRun run = Run(arguments);
    EXPECT_EQ(run.exit, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr(c.named));
  }
}

TEST_F(ReplayCommandTest, StoreThatIsNoDatabaseIsNamed) {
  WriteFile(Path("log.txt"), "a\n");
  WriteFile(Path("notes.db"), std::string(5000, 't'));
  const ToolRun run = Run({"replay", Path("log.txt"), "--db", Path("notes.db")});
  EXPECT_EQ(run.exit, 3) << run.err;
  EXPECT_THAT(run.err, HasSubstr("notes.db"));
}

}  // namespace
}  // namespace trivet::cli
