#include "store/log_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

constexpr uintmax_t kLogBytes = uintmax_t{store::LogKeeper::kPagesMax} * 4096;

class LogKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = OpenSqlite({.path = file_, .readers = 4});
    ASSERT_TRUE(opened.ok()) << opened.status();
    backing_ = *std::move(opened);
  }

  // Writes the row that many times, each time with other bytes: equal pages are not written again.
  void WriteOften(int count, size_t size) {
    for (int i = 0; i < count; ++i) {
      const std::string value(size, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(WriteRow(*backing_, "users", Row("a", value)).ok());
    }
  }

  uintmax_t LogBytes() { return std::filesystem::file_size(file_ + "-wal"); }

  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
  std::unique_ptr<Backing> backing_;
};

TEST_F(LogKeeperTest, TheLogIsCopiedAndBegunAnew) {
  WriteOften(40, 1 << 20);
  EXPECT_LT(LogBytes(), kLogBytes * 5 / 4);
}

TEST_F(LogKeeperTest, ALongReaderHoldsTheLogUpOnlyWhileItReads) {
  {
    RawDatabase reader(file_);
    reader.Run("BEGIN");
    EXPECT_EQ(reader.Ask("SELECT count(*) FROM trivet_rows"), "0");
    WriteOften(40, 1 << 20);
    EXPECT_EQ(reader.Ask("SELECT count(*) FROM trivet_rows"), "0");
    EXPECT_GT(LogBytes(), 2 * kLogBytes);
  }
  WriteOften(20, 1 << 20);
  EXPECT_LE(LogBytes(), kLogBytes * 5 / 4);
}

// An attempt may fail where the threads hardly get to run; without attempts none would succeed.
TEST_F(LogKeeperTest, TheLogIsBegunAnewUnderReadersThatNeverPause) {
  constexpr size_t kValueBytes = 100'000;
  constexpr uintmax_t kBytesMax = 64 * kLogBytes;
  std::atomic<bool> written = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      const std::vector<std::string_view> keys(50, "a");
      while (!written) ASSERT_TRUE(backing_->ReadMany("users", keys).ok());
    });
  }
  uintmax_t bytes = 0;
  while (bytes < kBytesMax && LogBytes() + kLogBytes > bytes) {
    WriteOften(10, kValueBytes);
    bytes += 10 * kValueBytes;
  }
  written = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_LT(bytes, kBytesMax) << "the log has " << LogBytes() << " bytes";
}

}  // namespace
}  // namespace trivet::testing
