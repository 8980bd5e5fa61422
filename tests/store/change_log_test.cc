// What SQLite does with the change log beyond the contract of Backing: between processes, and in
// the table.
#include "store/change_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/clock.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ChangeLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Backing> Open() {
    auto opened =
        OpenSqlite({.path = file_, .busy_timeout = absl::ZeroDuration(), .clock = &clock_});
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  ManualClock clock_;
  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
};

TEST_F(ChangeLogTest, AnyProcessReadsAndTrimsAlsoWhenTheWriterIsGone) {
  auto writer = Open();
  auto teller = Open();
  EXPECT_THAT(LogOf(*teller), IsEmpty());
  ASSERT_TRUE(writer->Clear("users", 7).ok());
  EXPECT_THAT(LogOf(*teller), ElementsAre("7 users clear"));
  ASSERT_TRUE(writer->Clear("users", 8).ok());
  writer.reset();
  const uint64_t tickets[] = {7};
  ASSERT_TRUE(teller->TrimChangeLog(tickets).ok());
  teller.reset();
  EXPECT_THAT(LogOf(*Open()), ElementsAre("8 users clear"));
}

TEST_F(ChangeLogTest, LiesInTheTableAsTheDocsSay) {
  auto backing = Open();
  ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1"), 100).ok());
  ASSERT_TRUE(backing->DeleteTag("users", "red", 200).ok());
  const std::string now = std::to_string(absl::ToUnixMillis(clock_.WallTime()));
  EXPECT_EQ(
      RawDatabase(file_).Ask("SELECT id, ticket, quote(namespace), kind, quote(name),"
                             " version, logged_at FROM trivet_changes ORDER BY id"),
      "1|100|X'7573657273'|1|X'61'|1|" + now + "\n" + "2|200|X'7573657273'|2|X'726564'|0|" + now);
}

TEST_F(ChangeLogTest, ReadersDoNotWaitForAWriter) {
  auto backing = Open();
  ASSERT_TRUE(backing->Clear("users", 7).ok());
  RawDatabase rival(file_);
  rival.Run("BEGIN IMMEDIATE; DELETE FROM trivet_changes");
  EXPECT_THAT(LogOf(*backing), ElementsAre("7 users clear"));
  EXPECT_TRUE(absl::IsUnavailable(backing->Clear("users", 8)));
  const uint64_t tickets[] = {7};
  EXPECT_TRUE(absl::IsUnavailable(backing->TrimChangeLog(tickets)));
  EXPECT_TRUE(backing->TrimChangeLog({}).ok());
  rival.Run("ROLLBACK");
  EXPECT_THAT(LogOf(*backing), ElementsAre("7 users clear"));
}

TEST_F(ChangeLogTest, AKindThatWeNeverWriteIsDataLoss) {
  auto backing = Open();
  ASSERT_TRUE(backing->Clear("users", 7).ok());
  for (const char* kind : {"0", "5", "257", "-1"}) {
    RawDatabase(file_).Run(std::string("UPDATE trivet_changes SET kind = ") + kind);
    EXPECT_TRUE(absl::IsDataLoss(backing->ReadChangeLog(10).status())) << kind;
  }
}

}  // namespace
}  // namespace trivet::testing
