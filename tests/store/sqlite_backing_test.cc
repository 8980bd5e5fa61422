// What SQLite does beyond the contract of Backing: files that are shared, locks, what lies in the
// tables.
#include "trivet/sqlite_backing.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/clock.h"
#include "trivet/options.h"

namespace trivet::testing {
namespace {

class SqliteBackingTest : public ::testing::Test {
 protected:
  std::unique_ptr<Backing> Open() {
    auto opened = OpenSqlite(
        {.path = file_, .readers = 2, .busy_timeout = absl::Milliseconds(20), .clock = &clock_});
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  int RowsInTable() {
    return std::stoi(RawDatabase(file_).Ask("SELECT count(*) FROM trivet_rows"));
  }

  ManualClock clock_;
  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
};

TEST_F(SqliteBackingTest, TwoBackingsOnOneFileSeeEachOther) {
  auto one = Open();
  auto two = Open();
  const StoreWrite first = Row("a", "1");
  const StoreWrite second = Row("a", "2");
  const auto written_by_one = one->Write("users", {&first, 1});
  EXPECT_EQ(ValueAt(*two, "users", "a"), "1");
  const auto written_by_two = two->Write("users", {&second, 1});
  EXPECT_EQ(ValueAt(*one, "users", "a"), "2");
  EXPECT_GT(written_by_two->front().version, written_by_one->front().version);

  ASSERT_TRUE(two->Clear("users").ok());
  EXPECT_EQ(ValueAt(*one, "users", "a"), "-");
  ASSERT_TRUE(WriteRow(*one, "users", Row("b", "3")).ok());
  EXPECT_EQ(ValueAt(*two, "users", "b"), "3");
}

TEST_F(SqliteBackingTest, AWriterThatWaitsTooLongIsUnavailableAndThenWorks) {
  auto backing = Open();
  ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1")).ok());
  RawDatabase other(file_);
  other.Run("BEGIN IMMEDIATE");
  const std::string_view keys[] = {"a"};
  const absl::Status answers[] = {WriteRow(*backing, "users", Row("a", "secret")),
                                  backing->Delete("users", keys).status(),
                                  backing->Touch("users", "a", absl::Now()).status(),
                                  backing->DeleteTag("users", "t").status(),
                                  backing->Clear("users"),
                                  backing->ClearAll(),
                                  backing->Sweep(1).status()};
  for (const absl::Status& status : answers) {
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_NE(status.message().find(file_), std::string::npos) << status;
    EXPECT_EQ(status.message().find("secret"), std::string::npos) << status;
  }
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "1");  // readers do not wait for writers
  other.Run("ROLLBACK");
  EXPECT_TRUE(WriteRow(*backing, "users", Row("a", "2")).ok());
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "2");
}

TEST_F(SqliteBackingTest, AWriterWaitsForALockThatIsGivenBackInTime) {
  auto opened = OpenSqlite({.path = file_, .busy_timeout = absl::Minutes(1)});
  ASSERT_TRUE(opened.ok());
  RawDatabase other(file_);
  other.Run("BEGIN IMMEDIATE");
  absl::Status status = absl::UnknownError("not yet");
  std::thread writer([&] { status = WriteRow(**opened, "users", Row("a", "1")); });
  other.Run("COMMIT");
  writer.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(SqliteBackingTest, ClearLeavesTheRowsToSweep) {
  auto backing = Open();
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(WriteRow(*backing, "users", Row(std::to_string(i), "1")).ok());
  }
  ASSERT_TRUE(backing->Clear("users").ok());
  EXPECT_EQ(RowsInTable(), 25);
  EXPECT_TRUE(*backing->Sweep(10));
  EXPECT_EQ(RowsInTable(), 15);
  EXPECT_TRUE(*backing->Sweep(10));
  EXPECT_EQ(RowsInTable(), 5);
  EXPECT_FALSE(*backing->Sweep(10));
  EXPECT_EQ(RowsInTable(), 0);
  EXPECT_EQ(RawDatabase(file_).Ask("SELECT count(*) FROM trivet_cleared"), "0");
}

TEST_F(SqliteBackingTest, SweepFreesTheSpaceOfExpiredRowsAndTheirTags) {
  auto backing = Open();
  const std::vector<std::string> tags = {"t"};
  for (int i = 0; i < 10; ++i) {
    const StoreWrite row = {
        .key = "k", .value = "1", .expires_at = clock_.WallTime() + absl::Seconds(i), .tags = tags};
    ASSERT_TRUE(WriteRow(*backing, std::to_string(i), row).ok());
  }
  clock_.Advance(absl::Seconds(6));
  EXPECT_FALSE(*backing->Sweep(100));
  EXPECT_EQ(RowsInTable(), 3);
  EXPECT_EQ(RawDatabase(file_).Ask("SELECT count(*) FROM trivet_tags"), "3");
}

TEST_F(SqliteBackingTest, SweepingManyEmptyNamespacesKeepsItsBudgetToo) {
  auto backing = Open();
  const std::string_view key[] = {"a"};
  for (int i = 0; i < 25; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(WriteRow(*backing, name, Row("a", "1")).ok());
    ASSERT_TRUE(backing->Delete(name, key).ok());
    ASSERT_TRUE(backing->Clear(name).ok());
  }
  EXPECT_TRUE(*backing->Sweep(10));
  EXPECT_EQ(RawDatabase(file_).Ask("SELECT count(*) FROM trivet_cleared"), "15");
  while (*backing->Sweep(10)) {
  }
  EXPECT_EQ(RawDatabase(file_).Ask("SELECT count(*) FROM trivet_cleared"), "0");
}

TEST_F(SqliteBackingTest, AConditionThatFailsWritesNothingAtAll) {
  auto backing = Open();
  const std::string before = RawDatabase(file_).Dump();
  ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1", SetWhen::kIfPresent)).ok());
  EXPECT_EQ(RawDatabase(file_).Dump(), before);
}

TEST_F(SqliteBackingTest, AnIdOfANamespaceIsNeverUsedAgain) {
  auto backing = Open();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1")).ok());
    ASSERT_TRUE(backing->ClearAll().ok());
  }
  EXPECT_EQ(RawDatabase(file_).Ask("SELECT namespace FROM trivet_cleared"), "1\n2\n3");
  while (*backing->Sweep(10)) {
  }
  backing.reset();
  backing = Open();
  ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1")).ok());
  EXPECT_EQ(RawDatabase(file_).Ask("SELECT id FROM trivet_namespaces"), "4");
}

TEST_F(SqliteBackingTest, AValueBeyondSqlitesOwnLimitIsRefused) {
  // A thousand million bytes are the most that SQLite takes for a row. The pages of this memory are
  // never touched: the size alone is looked at.
  const size_t size = 1'000'000'001;
  const std::unique_ptr<char[]> bytes(new char[size]);
  auto backing = Open();
  const absl::Status status = WriteRow(*backing, "users", Row("a", {bytes.get(), size}));
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "-");
}

TEST_F(SqliteBackingTest, AValueBeyondOursIsRefusedBefore) {
  const size_t size = kValueBytesCeiling + 1;
  const std::unique_ptr<char[]> bytes(new char[size]);
  auto backing = Open();
  const absl::Status status = WriteRow(*backing, "users", Row("a", {bytes.get(), size}));
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "-");
}

TEST_F(SqliteBackingTest, EveryCallChecksTheNamespace) {
  auto backing = Open();
  const std::string_view keys[] = {"a"};
  for (const std::string& bad : {std::string(), std::string(kNameBytesMax + 1, 'n')}) {
    const absl::Status statuses[] = {
        backing->Read(bad, "a").status(),
        backing->ReadMany(bad, keys).status(),
        WriteRow(*backing, bad, Row("a", "1")),
        backing->Delete(bad, keys).status(),
        backing->Touch(bad, "a", absl::InfiniteFuture()).status(),
        backing->DeleteTag(bad, "red").status(),
        backing->Clear(bad),
    };
    for (const absl::Status& status : statuses) {
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    }
  }
}

}  // namespace
}  // namespace trivet::testing
