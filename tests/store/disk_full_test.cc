// A disk that is really full: a file system of a few hundred kilobytes.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/clock.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

// Needs the right to mount; without it the tests are skipped, and io_fault_test.cc remains.
class DiskFullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (mount("trivet_test", folder_.path().c_str(), "tmpfs", 0, "size=512k") != 0) {
      GTEST_SKIP() << "may not mount";
    }
    mounted_ = true;
  }

  void TearDown() override { EXPECT_TRUE(!mounted_ || umount(folder_.path().c_str()) == 0); }

  std::unique_ptr<Backing> Open() {
    auto opened = OpenSqlite({.path = file_, .clock = &clock_});
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  // Takes as many of these bytes as there are.
  void WriteBallast(size_t bytes) {
    std::ofstream(folder_.File("ballast"), std::ios::binary) << std::string(bytes, 'b');
  }

  ManualClock clock_;
  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
  bool mounted_ = false;
};

TEST_F(DiskFullTest, WritesAreRefusedNothingIsLostAndSpaceThatComesBackIsUsed) {
  WriteBallast(100'000);
  auto backing = Open();
  const std::string value(10'000, 'v');
  int written = 0;
  absl::Status status;
  while (status.ok()) {
    // Each with a row in the change log, its number as the ticket.
    const uint64_t ticket = static_cast<uint64_t>(written) + 1;
    status = WriteRow(*backing, "users", Row(std::to_string(written), value), ticket);
    if (status.ok()) ++written;
    ASSERT_LT(written, 100) << "the disk is larger than it should be";
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_GT(written, 5);

  EXPECT_EQ(ValueAt(*backing, "users", std::to_string(written)), "-");
  for (int i = 0; i < written; ++i) {
    ASSERT_EQ(ValueAt(*backing, "users", std::to_string(i)), value);
  }
  EXPECT_EQ(LogOf(*backing).size(), static_cast<size_t>(written));

  ASSERT_TRUE(std::filesystem::remove(folder_.File("ballast")));
  EXPECT_TRUE(WriteRow(*backing, "users", Row("new", value)).ok());
  backing.reset();
  backing = Open();
  EXPECT_EQ(RawDatabase(file_).Ask("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(backing->CountRows()->front().rows, static_cast<uint64_t>(written) + 1);
}

TEST_F(DiskFullTest, ANewDatabaseIsRefused) {
  WriteBallast(600'000);
  const absl::Status status = OpenSqlite({.path = file_}).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
}

}  // namespace
}  // namespace trivet::testing
