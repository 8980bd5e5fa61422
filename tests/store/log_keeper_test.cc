#include "store/log_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "store/connection.h"
#include "store/reader_pool.h"
#include "store/transaction.h"
#include "tests/store/fault_vfs.h"
#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

using store::Connection;
using store::LogKeeper;
using store::ReaderPool;

constexpr uintmax_t kLogBytes = uintmax_t{LogKeeper::kPagesMax} * 4096;

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

// The keeper alone, with a writer and readers in the hand of the test.
class LogKeeperAloneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RawDatabase(file_).Run("PRAGMA journal_mode = WAL; CREATE TABLE blobs (bytes)");
    writer_ = OpenConnection(Connection::Mode::kReadWrite);
    std::vector<std::unique_ptr<Connection>> readers;
    for (int i = 0; i < 2; ++i) readers.push_back(OpenConnection(Connection::Mode::kReadOnly));
    readers_.emplace(std::move(readers));
  }

  std::unique_ptr<Connection> OpenConnection(Connection::Mode mode) {
    auto connection = Connection::Open(file_, mode, absl::ZeroDuration());
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }

  void Write(const char* sql) { ASSERT_TRUE(writer_->Run(sql, "write").ok()); }

  // Makes an attempt due.
  void WriteManyPages() {
    Write("REPLACE INTO blobs (rowid, bytes) VALUES (1, zeroblob(17000000))");
  }

  // The next commit writes over the beginning if the last attempt succeeded.
  bool HasBegunAnew() {
    Write("REPLACE INTO blobs (rowid, bytes) VALUES (2, 'short')");
    keeper_.AfterCommit(*writer_, *readers_);
    return writer_->log_pages() < LogKeeper::kPagesMax;
  }

  FaultVfs vfs_;
  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
  std::unique_ptr<Connection> writer_;
  std::optional<ReaderPool> readers_;
  LogKeeper keeper_;
};

TEST_F(LogKeeperAloneTest, BeginsTheLogAnewWhenNobodyReads) {
  EXPECT_TRUE(HasBegunAnew()) << "it is short from the start";
  WriteManyPages();
  keeper_.AfterCommit(*writer_, *readers_);
  EXPECT_GT(writer_->log_pages(), LogKeeper::kPagesMax);
  EXPECT_TRUE(HasBegunAnew());
}

TEST_F(LogKeeperAloneTest, GivesUpOnASlowReaderUntilTheNextAttempt) {
  {
    const ReaderPool::Lease slow = readers_->Borrow();
    const store::Transaction snapshot(*slow, store::Transaction::Kind::kRead);
    ASSERT_TRUE((*slow).Run("SELECT count(*) FROM blobs", "read").ok());
    WriteManyPages();
    keeper_.AfterCommit(*writer_, *readers_);
    EXPECT_FALSE(HasBegunAnew());
  }
  EXPECT_FALSE(HasBegunAnew()) << "no attempt is due";
  WriteManyPages();
  keeper_.AfterCommit(*writer_, *readers_);
  EXPECT_TRUE(HasBegunAnew());
}

TEST_F(LogKeeperAloneTest, GivesUpOnAReaderOfAnotherProcessUntilTheNextAttempt) {
  {
    RawDatabase other(file_);
    other.Run("BEGIN");
    EXPECT_EQ(other.Ask("SELECT count(*) FROM blobs"), "0");
    WriteManyPages();
    keeper_.AfterCommit(*writer_, *readers_);
    EXPECT_FALSE(HasBegunAnew());
  }
  WriteManyPages();
  keeper_.AfterCommit(*writer_, *readers_);
  EXPECT_TRUE(HasBegunAnew());
}

TEST_F(LogKeeperAloneTest, ACopyThatFailsIsRepeatedLater) {
  for (int nth = 1; nth <= 2; ++nth) {
    WriteManyPages();
    vfs_.Arm(nth, FaultVfs::Fault::kError, FaultVfs::Lasting::kOnce);
    keeper_.AfterCommit(*writer_, *readers_);
    EXPECT_TRUE(vfs_.Disarm());
    EXPECT_FALSE(HasBegunAnew());
  }
  WriteManyPages();
  keeper_.AfterCommit(*writer_, *readers_);
  EXPECT_TRUE(HasBegunAnew());
  RawDatabase other(file_);
  EXPECT_EQ(other.Ask("SELECT length(bytes) FROM blobs"), "17000000\n5");
}

// They begin when the log is long: before that they would only compete with the writer for SQLite's
// allocator. A thread that does not get to run for 100 ms makes an attempt fail, so there may be
// more than one.
TEST_F(LogKeeperAloneTest, BeginsTheLogAnewUnderReadersThatNeverPause) {
  constexpr int kAttemptsMax = 20;
  enum class Phase { kWrite, kRead, kDone };
  std::atomic<Phase> phase = Phase::kWrite;
  std::atomic<int> reads = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (phase != Phase::kDone) {
        if (phase == Phase::kWrite) {
          std::this_thread::yield();
          continue;
        }
        const ReaderPool::Lease lease = readers_->Borrow();
        const store::Transaction snapshot(*lease, store::Transaction::Kind::kRead);
        ASSERT_TRUE((*lease).Run("SELECT count(*) FROM blobs", "read").ok());
        ++reads;
      }
    });
  }
  bool begun_anew = false;
  for (int attempts = 0; !begun_anew && attempts < kAttemptsMax; ++attempts) {
    WriteManyPages();
    reads = 0;
    phase = Phase::kRead;
    while (reads < 10) std::this_thread::yield();
    keeper_.AfterCommit(*writer_, *readers_);
    phase = Phase::kWrite;
    begun_anew = HasBegunAnew();
  }
  EXPECT_TRUE(begun_anew);
  phase = Phase::kDone;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace trivet::testing
