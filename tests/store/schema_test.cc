#include "store/schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/connection.h"
#include "store/database_file.h"
#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/sqlite_backing.h"

namespace trivet::store {
namespace {

using testing::RawDatabase;
using testing::TempFolder;
using Steps = std::vector<const char*>;

class SchemaTest : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> Connect() {
    EXPECT_TRUE(CreateFileIfMissing(file_).ok());
    auto connection = Connection::Open(file_, Connection::Mode::kReadWrite, absl::Seconds(5));
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }

  absl::Status Bring(const Steps& steps) { return BringUpToDate(*Connect(), steps); }
  std::string Ask(const std::string& sql) { return RawDatabase(file_).Ask(sql); }

  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
  const Steps one_step_ = {"CREATE TABLE names (name TEXT)"};
  const Steps two_steps_ = {
      one_step_[0], "ALTER TABLE names ADD COLUMN age INTEGER DEFAULT 7; CREATE TABLE more (x)"};
};

TEST_F(SchemaTest, AnEmptyDatabaseTakesEveryStep) {
  EXPECT_TRUE(Bring(two_steps_).ok());
  EXPECT_EQ(Ask("PRAGMA user_version"), "2");
  EXPECT_EQ(Ask("PRAGMA application_id"), std::to_string(kApplicationId));
  EXPECT_EQ(Ask("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(Ask("SELECT name FROM sqlite_schema ORDER BY name"), "more\nnames");
}

TEST_F(SchemaTest, AnOlderDatabaseTakesTheStepsItLacksAndKeepsItsRows) {
  ASSERT_TRUE(Bring(one_step_).ok());
  RawDatabase(file_).Run("INSERT INTO names VALUES ('anna')");
  EXPECT_TRUE(Bring(two_steps_).ok());
  EXPECT_EQ(Ask("PRAGMA user_version"), "2");
  EXPECT_EQ(Ask("SELECT name, age FROM names"), "anna|7");
  EXPECT_TRUE(Bring(two_steps_).ok());  // nothing more to do
}

TEST_F(SchemaTest, AStepThatFailsLeavesTheVersionBefore) {
  ASSERT_TRUE(Bring(one_step_).ok());
  const Steps broken = {one_step_[0], "CREATE TABLE more (x); CREATE TABLE names (again)"};
  EXPECT_FALSE(Bring(broken).ok());
  EXPECT_EQ(Ask("PRAGMA user_version"), "1");
  EXPECT_EQ(Ask("SELECT name FROM sqlite_schema"), "names");
  EXPECT_TRUE(Bring(two_steps_).ok());
}

TEST_F(SchemaTest, ANewerDatabaseIsRefusedUnchanged) {
  ASSERT_TRUE(Bring(two_steps_).ok());
  const absl::Status status = Bring(one_step_);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(Ask("PRAGMA user_version"), "2");
}

TEST_F(SchemaTest, CheckingTellsTheSameWithoutAChange) {
  ASSERT_TRUE(Bring(one_step_).ok());
  EXPECT_TRUE(CheckUpToDate(*Connect(), one_step_).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckUpToDate(*Connect(), two_steps_)));
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckUpToDate(*Connect(), {})));
  EXPECT_EQ(Ask("PRAGMA user_version"), "1");
}

TEST_F(SchemaTest, ManyMayOpenANewFileAtTheSameTime) {
  for (int round = 0; round < 10; ++round) {
    const std::string file = folder_.File("new" + std::to_string(round));
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        auto backing = OpenSqlite({.path = file, .readers = 1});
        ASSERT_TRUE(backing.ok()) << backing.status();
        ASSERT_TRUE(testing::WriteRow(**backing, "users", testing::Row("a", "1")).ok());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

// --- Files of past versions ---------------------------------------------------------------------

// As text, one of each version. They must open for ever; a new version adds a file of its own.
class GoldenFileTest : public SchemaTest, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    const std::string name = "version_" + std::to_string(GetParam()) + ".sql";
    std::ifstream golden(std::string(TRIVET_TESTS_DIR) + "/store/golden/" + name);
    ASSERT_TRUE(golden.is_open());
    RawDatabase(file_).Run(std::string(std::istreambuf_iterator<char>(golden), {}));
  }
};

TEST_F(SchemaTest, EveryVersionHasAGoldenFile) {
  const std::string name = "version_" + std::to_string(SchemaSteps().size()) + ".sql";
  EXPECT_TRUE(std::ifstream(std::string(TRIVET_TESTS_DIR) + "/store/golden/" + name).is_open());
}

TEST_P(GoldenFileTest, IsReadByThisVersion) {
  ManualClock clock;  // stands in January 2020
  auto backing = OpenSqlite({.path = file_, .clock = &clock});
  ASSERT_TRUE(backing.ok()) << backing.status();
  const auto row = (*backing)->Read("users", "a");
  ASSERT_TRUE(row.ok() && row->has_value()) << row.status();
  EXPECT_EQ((*row)->value, "1");
  EXPECT_EQ((*row)->version, 1);
  EXPECT_EQ((*row)->expires_at, absl::FromUnixMillis(1'893'456'000'000));
  EXPECT_EQ((*row)->tags, (std::vector<std::string>{"red", "round"}));
  EXPECT_EQ(testing::ValueAt(**backing, "users", "b"), "");
  EXPECT_EQ(testing::ValueAt(**backing, "cleared", "a"), "-");
  EXPECT_EQ(*(*backing)->DeleteTag("users", "red"), 1);
  const StoreWrite write = testing::Row("a", "2");
  EXPECT_EQ((*backing)->Write("users", {&write, 1})->front().version, 4);
}

TEST_P(GoldenFileTest, HasAChangeLogWithTheRowsItHad) {
  ManualClock clock;
  auto backing = OpenSqlite({.path = file_, .clock = &clock});
  ASSERT_TRUE(backing.ok()) << backing.status();
  std::vector<std::string> expected;
  if (GetParam() >= 2) expected = {"3000000000 cleared key a 3", "7 cleared clear"};
  EXPECT_EQ(testing::LogOf(**backing), expected);
  ASSERT_TRUE((*backing)->Clear("users", 9).ok());
  expected.push_back("9 users clear");
  EXPECT_EQ(testing::LogOf(**backing), expected);
}

TEST_P(GoldenFileTest, HasTheFencesItHad) {
  ManualClock clock;
  auto backing = OpenSqlite({.path = file_, .clock = &clock});
  ASSERT_TRUE(backing.ok()) << backing.status();
  const StoreWrite write = testing::Row("a", "2");
  const auto by = [&](uint64_t token) {
    return (*backing)->WriteFenced({.lock = "0::l", .token = token}, "users", {&write, 1}).status();
  };
  EXPECT_EQ(IsFencedOut(by(11)), GetParam() >= 3);
  EXPECT_TRUE(by(12).ok());
  EXPECT_TRUE(IsFencedOut(by(11)));
}

TEST_P(GoldenFileTest, IsNotChangedByThoseWhoOnlyRead) {
  const std::string version = Ask("PRAGMA user_version");
  const absl::Status status = OpenSqlite({.path = file_, .read_only = true}).status();
  if (GetParam() == static_cast<int>(SchemaSteps().size())) {
    EXPECT_TRUE(status.ok()) << status;
  } else {
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  }
  EXPECT_EQ(Ask("PRAGMA user_version"), version);
}

INSTANTIATE_TEST_SUITE_P(Versions, GoldenFileTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace trivet::store
