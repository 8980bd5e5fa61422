// A program logs a change of its own tables, on a connection of its own.
#include "trivet/append_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/options.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = LoggedChange::Kind;

class AppendChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = OpenSqlite({.path = file_, .busy_timeout = absl::ZeroDuration()});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    program_ = std::make_unique<RawDatabase>(file_);
    program_->Run("CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT)");
  }

  absl::Status Append(std::string_view space, Kind kind, std::string_view name = {}) {
    return AppendChange(program_->get(), space, kind, name);
  }

  std::vector<LoggedChange> Changes() {
    const auto changes = store_->ReadChangeLog(100);
    EXPECT_TRUE(changes.ok()) << changes.status();
    return changes.ok() ? *changes : std::vector<LoggedChange>();
  }

  // Without the tickets, which are random.
  std::vector<std::string> Log() {
    std::vector<std::string> texts;
    for (LoggedChange& change : Changes()) {
      change.ticket = 0;
      texts.push_back(TextOf(change));
    }
    return texts;
  }

  bool InTransaction() { return sqlite3_get_autocommit(program_->get()) == 0; }

  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
  std::unique_ptr<Backing> store_;
  std::unique_ptr<RawDatabase> program_;  // the connection of the program
};

TEST_F(AppendChangeTest, RowsAreThereFromTheCommitOn) {
  program_->Run("BEGIN; INSERT INTO products VALUES (1, 'lamp')");
  EXPECT_TRUE(Append("products", Kind::kKey, "1").ok());
  EXPECT_TRUE(Append("products", Kind::kTag, "shop:7").ok());
  EXPECT_TRUE(Append("products", Kind::kPattern, "1*").ok());
  EXPECT_TRUE(Append("shops", Kind::kClear).ok());
  EXPECT_THAT(Log(), IsEmpty());
  program_->Run("COMMIT");
  EXPECT_THAT(Log(), ElementsAre("0 products key 1", "0 products tag shop:7",
                                 "0 products pattern 1*", "0 shops clear"));
}

TEST_F(AppendChangeTest, ARollbackTakesTheRowAlong) {
  program_->Run("BEGIN; INSERT INTO products VALUES (1, 'lamp')");
  EXPECT_TRUE(Append("products", Kind::kKey, "1").ok());
  program_->Run("SAVEPOINT s");
  EXPECT_TRUE(Append("products", Kind::kKey, "2").ok());
  program_->Run("ROLLBACK TO s");
  EXPECT_TRUE(Append("products", Kind::kKey, "3").ok());
  program_->Run("COMMIT; BEGIN; INSERT INTO products VALUES (2, 'chair')");
  EXPECT_TRUE(Append("products", Kind::kKey, "4").ok());
  program_->Run("ROLLBACK");
  EXPECT_THAT(Log(), ElementsAre("0 products key 1", "0 products key 3"));
}

TEST_F(AppendChangeTest, EveryRowHasATicketOfItsOwn) {
  program_->Run("BEGIN");
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Append("products", Kind::kKey, "1").ok());
  program_->Run("COMMIT");
  std::vector<LoggedChange> changes = Changes();
  ASSERT_EQ(changes.size(), 50);
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_GE(changes[i].ticket, 1);
    EXPECT_LT(changes[i].ticket, uint64_t{1} << 62);
    EXPECT_EQ(changes[i].version, 0);
    const uint64_t tickets[] = {changes[i].ticket};
    EXPECT_TRUE(store_->TrimChangeLog(tickets).ok());
    EXPECT_EQ(Changes().size(), changes.size() - i - 1);
  }
}

TEST_F(AppendChangeTest, NamesAreBytes) {
  const std::string bytes("\0'\xff", 3);
  program_->Run("BEGIN");
  EXPECT_TRUE(Append(bytes, Kind::kKey, bytes).ok());
  EXPECT_TRUE(Append(bytes, Kind::kPattern, {}).ok());  // matches nothing, as elsewhere
  program_->Run("COMMIT");
  EXPECT_EQ(Changes()[0].namespace_name, bytes);
  EXPECT_EQ(Changes()[0].name, bytes);
}

TEST_F(AppendChangeTest, WhatIsBeyondTheLimitsIsRefused) {
  const std::string long_key(kKeyBytesMax + 1, 'k');
  const std::string long_name(kNameBytesMax + 1, 'n');
  const std::string long_pattern(kPatternBytesMax + 1, '*');
  const struct {
    std::string_view space;
    Kind kind;
    std::string_view name;
    const char* message;
  } cases[] = {{"", Kind::kKey, "a", "a namespace of 0"},
               {long_name, Kind::kKey, "a", "a namespace of 256"},
               {"s", Kind::kKey, "", "a key of 0"},
               {"s", Kind::kKey, long_key, "a key of 65537"},
               {"s", Kind::kTag, "", "a tag of 0"},
               {"s", Kind::kTag, long_name, "a tag of 256"},
               {"s", Kind::kPattern, long_pattern, "a pattern of 65537"},
               {"s", Kind::kClear, "a", "kClear"},
               {"s", static_cast<Kind>(9), "a", "kind"}};
  program_->Run("BEGIN; INSERT INTO products VALUES (1, 'lamp')");
  for (const auto& bad : cases) {
    const absl::Status status = Append(bad.space, bad.kind, bad.name);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.message));
    EXPECT_TRUE(InTransaction());
  }
  program_->Run("COMMIT");
  EXPECT_EQ(program_->Ask("SELECT name FROM products"), "lamp");
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_F(AppendChangeTest, WithoutATransactionItIsRefused) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Append("products", Kind::kKey, "1")));
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_F(AppendChangeTest, ADatabaseWithoutAChangeLogIsRefusedAndItsTransactionGoesOn) {
  RawDatabase other(folder_.File("other.db"));
  other.Run("CREATE TABLE products (id); BEGIN; INSERT INTO products VALUES (1)");
  const absl::Status status = AppendChange(other.get(), "products", Kind::kKey, "1");
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_.File("other.db")));
  other.Run("COMMIT");
  EXPECT_EQ(other.Ask("SELECT count(*) FROM products"), "1");
}

TEST_F(AppendChangeTest, ATableOfTheProgramIsNotTakenForTheLog) {
  program_->Run("CREATE TEMP TABLE trivet_changes AS SELECT * FROM main.trivet_changes; BEGIN");
  EXPECT_TRUE(Append("products", Kind::kKey, "1").ok());
  program_->Run("COMMIT");
  EXPECT_EQ(program_->Ask("SELECT count(*) FROM temp.trivet_changes"), "0");
  EXPECT_THAT(Log(), ElementsAre("0 products key 1"));
}

TEST_F(AppendChangeTest, NothingIsLeftBehindOnTheConnection) {
  program_->Run("BEGIN; INSERT INTO products VALUES (17, 'lamp')");
  EXPECT_TRUE(Append("products", Kind::kKey, "1").ok());
  EXPECT_EQ(sqlite3_last_insert_rowid(program_->get()), 17);
  EXPECT_EQ(sqlite3_next_stmt(program_->get(), nullptr), nullptr);
  program_->Run("COMMIT");
}

TEST_F(AppendChangeTest, ALockedDatabaseIsUnavailableAndTheTransactionGoesOn) {
  RawDatabase rival(file_);
  sqlite3_busy_timeout(program_->get(), 0);
  rival.Run("BEGIN IMMEDIATE");
  program_->Run("BEGIN");
  const absl::Status status = Append("products", Kind::kKey, "1");
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(sqlite3_next_stmt(program_->get(), nullptr), nullptr);
  EXPECT_TRUE(InTransaction());
  rival.Run("COMMIT");
  EXPECT_TRUE(Append("products", Kind::kKey, "1").ok());
  program_->Run("COMMIT");
  EXPECT_THAT(Log(), ElementsAre("0 products key 1"));
}

TEST_F(AppendChangeTest, AConnectionThatMayNotWriteIsPermissionDenied) {
  program_->Run("PRAGMA query_only = ON; BEGIN");
  const absl::Status status = Append("products", Kind::kKey, "1");
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_TRUE(InTransaction());
}

}  // namespace
}  // namespace trivet::testing
