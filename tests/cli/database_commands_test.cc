// get, set, del, mget, tags, clear and stats on a database file.
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/tool.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

class DatabaseCommandsTest : public ToolTest {
 protected:
  std::string db() const { return Path("app.db"); }

  // The command on the test's database, wherever the arguments end.
  ToolRun OnDb(std::vector<std::string> arguments, const std::string& input = "") const {
    arguments.insert(arguments.begin() + 1, {"--db", db()});
    return Run(std::move(arguments), input);
  }
  void Set(const std::string& key, const std::string& value) const {
    const ToolRun run = OnDb({"set", "--", key, value});
    ASSERT_EQ(run.exit, 0) << run.err;
    ASSERT_EQ(run.out + run.err, "");
  }
};

TEST_F(DatabaseCommandsTest, WhatIsSetIsGot) {
  Set("42", "the answer");
  const ToolRun got = OnDb({"get", "42"});
  EXPECT_EQ(got.exit, 0) << got.err;
  EXPECT_EQ(got.out, "the answer");
  EXPECT_EQ(got.err, "");

  Set("42", "");
  EXPECT_EQ(OnDb({"get", "42"}).exit, 0) << "an empty value is a value";
  EXPECT_EQ(OnDb({"get", "42"}).out, "");
}

TEST_F(DatabaseCommandsTest, KeysAndValuesAreTakenAsTheyAre) {
  for (const std::string text : {"[a,b]", "[]", "{}", "-5", "--db", "a b", "%", "\"q\"", "\xff\xfe",
                                 "caf\xc3\xa9", "x=y", "[1,[2,3]]"}) {
    Set(text, text + text);
    EXPECT_EQ(OnDb({"get", "--", text}).out, text + text);
    EXPECT_EQ(OnDb({"mget", "--json", "--", text}).exit, 0) << text;
    EXPECT_EQ(OnDb({"del", "--", text}).exit, 0) << text;
    EXPECT_EQ(OnDb({"get", "--", text}).exit, 1) << text;
  }
  Set(std::string(65536, 'k'), "longest key");
  EXPECT_EQ(OnDb({"get", std::string(65536, 'k')}).out, "longest key");
}

TEST_F(DatabaseCommandsTest, StandardInputIsStoredByteForByte) {
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 31 + i / 256);
  ASSERT_EQ(OnDb({"set", "blob", "-"}, bytes).exit, 0);
  EXPECT_TRUE(OnDb({"get", "blob"}).out == bytes);
  std::string decoded;
  const Json json = OnDb({"get", "blob", "--json"}).json();
  ASSERT_TRUE(absl::Base64Unescape(json["value_base64"].get<std::string>(), &decoded));
  EXPECT_TRUE(decoded == bytes);
  EXPECT_EQ(json["bytes"], bytes.size());
  EXPECT_FALSE(json.contains("value"));
}

TEST_F(DatabaseCommandsTest, ValuesLargerThanAProgramWouldCacheAreReadToo) {
  const std::string bytes(20'000'000, 'x');
  const ToolRun set = OnDb({"set", "large", "-"}, bytes);
  ASSERT_EQ(set.exit, 0) << set.err;
  EXPECT_TRUE(OnDb({"get", "large"}).out == bytes);
}

TEST_F(DatabaseCommandsTest, MissingKeyIsExitOne) {
  Set("here", "1");
  const ToolRun got = OnDb({"get", "not\there"});
  EXPECT_EQ(got.exit, 1);
  EXPECT_EQ(got.out, "");
  EXPECT_EQ(got.err, "trivet get: not found: not\\there\n");
  const ToolRun json = OnDb({"get", "gone", "--json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_EQ(json.json(), Json::parse(R"({"key":"gone","found":false})"));
}

TEST_F(DatabaseCommandsTest, NamespacesAreApart) {
  Set("k", "in default");
  ASSERT_EQ(OnDb({"set", "k", "in other", "--namespace", "other"}).exit, 0);
  EXPECT_EQ(OnDb({"get", "k"}).out, "in default");
  EXPECT_EQ(OnDb({"get", "k", "-n", "default"}).out, "in default");
  EXPECT_EQ(OnDb({"get", "k", "-n", "other"}).out, "in other");
  EXPECT_EQ(OnDb({"get", "k", "-n", "third"}).exit, 1);
}

TEST_F(DatabaseCommandsTest, TtlIsKeptAndTold) {
  ASSERT_EQ(OnDb({"set", "k", "v", "--ttl", "1h"}).exit, 0);
  const Json json = OnDb({"get", "k", "--json"}).json();
  EXPECT_GT(json["ttl_seconds"].get<double>(), 3500.0);
  EXPECT_LE(json["ttl_seconds"].get<double>(), 3600.0);
  Set("for ever", "v");
  EXPECT_TRUE(OnDb({"get", "for ever", "--json"}).json()["ttl_seconds"].is_null());
}

TEST_F(DatabaseCommandsTest, ConditionsOfSet) {
  EXPECT_EQ(OnDb({"set", "k", "0", "--if-present"}).exit, 1);
  EXPECT_EQ(OnDb({"set", "k", "1", "--if-absent"}).exit, 0);
  const ToolRun again = OnDb({"set", "k", "2", "--if-absent"});
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("condition does not hold: k"));
  EXPECT_EQ(OnDb({"get", "k"}).out, "1");
  EXPECT_EQ(OnDb({"set", "k", "3", "--if-present"}).exit, 0);

  const Json set = OnDb({"set", "k", "4", "--json"}).json();
  EXPECT_EQ(set["applied"], true);
  const std::string version = std::to_string(set["version"].get<uint64_t>());
  EXPECT_EQ(OnDb({"get", "k", "--json"}).json()["version"], set["version"]);
  EXPECT_EQ(OnDb({"set", "k", "5", "--if-version", version}).exit, 0);
  const ToolRun stale = OnDb({"set", "k", "6", "--if-version", version, "--json"});
  EXPECT_EQ(stale.exit, 1);
  EXPECT_EQ(stale.json()["applied"], false);
  EXPECT_EQ(OnDb({"get", "k"}).out, "5");
}

TEST_F(DatabaseCommandsTest, MgetPrintsALineForEachKeyAndCountsTheMissing) {
  Set("a", "1");
  Set("b", "two\nlines");
  const ToolRun run = OnDb({"mget", "a", "none", "b", "a"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.out, "a\t1\nb\ttwo\\nlines\na\t1\n");
  EXPECT_EQ(run.err, "trivet mget: not found: none\n");
  EXPECT_EQ(OnDb({"mget", "a", "b"}).exit, 0);

  const ToolRun json = OnDb({"mget", "b", "none", "--json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_EQ(json.json()["found"], 1);
  EXPECT_EQ(json.json()["missing"], 1);
  EXPECT_EQ(json.json()["items"][0]["value"], "two\nlines");
  EXPECT_EQ(json.json()["items"][1]["found"], false);
}

TEST_F(DatabaseCommandsTest, MgetTakesManyLargeValues) {
  std::vector<std::string> arguments = {"mget", "--json"};
  for (int i = 0; i < 40; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_EQ(OnDb({"set", key, "-"}, std::string(1'000'000, static_cast<char>('A' + i % 26))).exit,
              0);
    arguments.push_back(key);
  }
  const ToolRun run = OnDb(arguments);
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.json()["found"], 40);
}

TEST_F(DatabaseCommandsTest, DelCountsWhatWasThere) {
  Set("a", "1");
  Set("b", "2");
  const ToolRun run = OnDb({"del", "a", "none", "b"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.out, "deleted 2 of 3\n");
  EXPECT_EQ(OnDb({"get", "a"}).exit, 1);
  Set("c", "3");
  const ToolRun json = OnDb({"del", "c", "--json"});
  EXPECT_EQ(json.exit, 0);
  EXPECT_EQ(json.json(), Json::parse(R"({"deleted":1,"missing":0})"));
}

TEST_F(DatabaseCommandsTest, TagsAreShownAndDeleteTheirRows) {
  ASSERT_EQ(OnDb({"set", "a", "1", "--tag", "red", "--tag", "[x,y]"}).exit, 0);
  ASSERT_EQ(OnDb({"set", "b", "2", "--tag", "red"}).exit, 0);
  Set("c", "3");
  EXPECT_EQ(OnDb({"tags", "show", "a"}).exit, 2) << "--db belongs to the inner command";
  const ToolRun shown = Run({"tags", "show", "a", "--db", db()});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_EQ(shown.out, "[x,y]\nred\n");
  EXPECT_EQ(Run({"tags", "show", "c", "--db", db()}).out, "");
  EXPECT_EQ(Run({"tags", "show", "none", "--db", db()}).exit, 1);
  const Json json = Run({"tags", "show", "b", "--db", db(), "--json"}).json();
  EXPECT_EQ(json["tags"], Json::parse(R"([{"tag":"red"}])"));

  EXPECT_EQ(Run({"tags", "delete", "red", "--db", db(), "-n", "elsewhere"}).exit, 0);
  EXPECT_EQ(OnDb({"get", "a"}).exit, 0);
  EXPECT_EQ(Run({"tags", "delete", "red", "--db", db()}).exit, 0);
  EXPECT_EQ(OnDb({"get", "a"}).exit, 1);
  EXPECT_EQ(OnDb({"get", "b"}).exit, 1);
  EXPECT_EQ(OnDb({"get", "c"}).exit, 0);
}

TEST_F(DatabaseCommandsTest, StatsCountRowsAndBytesPerNamespace) {
  Set("a", "12345");
  Set("b", "678");
  ASSERT_EQ(OnDb({"set", "a", "x", "-n", "other"}).exit, 0);
  const Json json = OnDb({"stats", "--json"}).json();
  EXPECT_EQ(json["rows"], 3);
  EXPECT_EQ(json["value_bytes"], 9);
  EXPECT_GT(json["file_bytes"].get<uint64_t>(), 0u);
  EXPECT_EQ(json["namespaces"], Json::parse(R"([{"namespace":"default","rows":2,"value_bytes":8},
                            {"namespace":"other","rows":1,"value_bytes":1}])"));
  const ToolRun text = OnDb({"stats"});
  EXPECT_EQ(text.exit, 0);
  EXPECT_THAT(text.out, StartsWith("namespace  rows  value bytes\n"
                                   "default       2            8\n"
                                   "other         1            1\n"
                                   "(all)         3            9\n"
                                   "file: "));
}

TEST_F(DatabaseCommandsTest, ClearEmptiesOneNamespaceOrAll) {
  for (const char* name : {"default", "one", "two"}) {
    ASSERT_EQ(OnDb({"set", "k", "v", "-n", name}).exit, 0);
  }
  EXPECT_EQ(OnDb({"clear", "--namespace", "one"}).exit, 0);
  EXPECT_EQ(OnDb({"get", "k", "-n", "one"}).exit, 1);
  EXPECT_EQ(OnDb({"get", "k", "-n", "two"}).exit, 0);
  EXPECT_EQ(OnDb({"clear"}).exit, 0);
  EXPECT_EQ(OnDb({"get", "k"}).exit, 1);
  EXPECT_EQ(OnDb({"stats", "--json"}).json()["rows"], 1);
  EXPECT_EQ(OnDb({"clear", "--all", "--json"}).json()["cleared"], true);
  EXPECT_EQ(OnDb({"stats", "--json"}).json()["rows"], 0);
  Set("k", "again");
  EXPECT_EQ(OnDb({"get", "k"}).out, "again");
}

// --- Files that are no database of ours
// -------------------------------------------------------------

class NoDatabaseTest : public DatabaseCommandsTest {
 protected:
  // Every command on the file fails with 3 and names it.
  void ExpectRefused(const std::vector<std::vector<std::string>>& commands) const {
    for (const std::vector<std::string>& command : commands) {
      std::vector<std::string> arguments = command;
      arguments.insert(arguments.end(), {"--db", db()});
      const ToolRun run = Run(arguments);
      EXPECT_EQ(run.exit, 3) << command.front() << ": " << run.err;
      EXPECT_THAT(run.err, HasSubstr(db()));
      EXPECT_EQ(run.out, "");
    }
  }
  const std::vector<std::vector<std::string>> kReading = {
      {"get", "k"}, {"mget", "k"}, {"tags", "show", "k"}, {"stats"}};
  const std::vector<std::vector<std::string>> kChanging = {
      {"del", "k"}, {"tags", "delete", "t"}, {"clear"}};
};

TEST_F(NoDatabaseTest, MissingFileIsNamedAndNotCreated) {
  ExpectRefused(kReading);
  ExpectRefused(kChanging);
  EXPECT_FALSE(std::filesystem::exists(db()));
}

TEST_F(NoDatabaseTest, MissingFolderIsNamed) {
  const std::string file = Path("nowhere/app.db");
  const ToolRun run = Run({"set", "k", "v", "--db", file});
  EXPECT_EQ(run.exit, 3);
  EXPECT_THAT(run.err, HasSubstr(file));
}

TEST_F(NoDatabaseTest, FolderIsNoDatabase) {
  std::filesystem::create_directory(db());
  ExpectRefused(kReading);
  ExpectRefused({{"set", "k", "v"}});
}

TEST_F(NoDatabaseTest, TextIsNoDatabase) {
  const std::string text(5000, 't');
  WriteFile(db(), text);
  ExpectRefused(kReading);
  ExpectRefused(kChanging);
  ExpectRefused({{"set", "k", "v"}});
  EXPECT_EQ(FileContent(db()), text);
}

TEST_F(NoDatabaseTest, AnotherProgramsDatabaseIsLeftAlone) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(db().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "CREATE TABLE notes(t TEXT); INSERT INTO notes VALUES('x')",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(other);
  const std::string before = FileContent(db());
  ExpectRefused(kReading);
  ExpectRefused(kChanging);
  ExpectRefused({{"set", "k", "v"}});
  EXPECT_TRUE(FileContent(db()) == before);
}

TEST_F(NoDatabaseTest, TruncatedDatabaseIsNamed) {
  ASSERT_EQ(OnDb({"set", "k", "-"}, std::string(200'000, 'v')).exit, 0);
  const std::string whole = FileContent(db());
  ASSERT_GT(whole.size(), 100'000u);
  WriteFile(db(), whole.substr(0, whole.size() / 2));
  const ToolRun run = OnDb({"get", "k"});
  EXPECT_EQ(run.exit, 3) << run.err;
  EXPECT_THAT(run.err, HasSubstr(db()));
}

}  // namespace
}  // namespace trivet::cli
