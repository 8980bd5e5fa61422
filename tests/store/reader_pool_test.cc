#include "store/reader_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"

namespace trivet::store {
namespace {

class ReaderPoolTest : public ::testing::Test {
 protected:
  static constexpr int kSize = 2;

  static std::vector<std::unique_ptr<Connection>> OpenReaders(const std::string& file) {
    testing::RawDatabase(file).Run("CREATE TABLE numbers (number)");
    std::vector<std::unique_ptr<Connection>> readers;
    for (int i = 0; i < kSize; ++i) {
      auto reader = Connection::Open(file, Connection::Mode::kReadOnly, absl::ZeroDuration());
      EXPECT_TRUE(reader.ok()) << reader.status();
      readers.push_back(*std::move(reader));
    }
    return readers;
  }

  testing::TempFolder folder_;
  ReaderPool pool_{OpenReaders(folder_.File("test.db"))};
};

TEST_F(ReaderPoolTest, EachConnectionIsLentOnceAtATime) {
  const ReaderPool::Lease first = pool_.Borrow();
  const ReaderPool::Lease second = pool_.Borrow();
  EXPECT_NE(&*first, &*second);
}

TEST_F(ReaderPoolTest, TheOneThatCameBackLastGoesFirst) {
  const ReaderPool::Lease kept = pool_.Borrow();
  const Connection* last = nullptr;
  {
    const ReaderPool::Lease lease = pool_.Borrow();
    last = &*lease;
  }
  EXPECT_EQ(&*pool_.Borrow(), last);
}

TEST_F(ReaderPoolTest, WhoFindsNoneWaitsForOne) {
  const ReaderPool::Lease kept = pool_.Borrow();
  std::atomic<bool> back = false;
  std::thread waiting;
  {
    const ReaderPool::Lease lease = pool_.Borrow();
    waiting = std::thread([&] {
      const ReaderPool::Lease mine = pool_.Borrow();
      EXPECT_TRUE(back);
    });
    std::this_thread::yield();
    back = true;
  }
  waiting.join();
}

TEST_F(ReaderPoolTest, APauseIsCompleteWhenNobodyReads) {
  EXPECT_TRUE(pool_.PauseReaders(absl::ZeroDuration()).complete());
}

TEST_F(ReaderPoolTest, APauseGivesUpOnAReadThatGoesOn) {
  {
    const ReaderPool::Lease slow = pool_.Borrow();
    EXPECT_FALSE(pool_.PauseReaders(absl::ZeroDuration()).complete());
    EXPECT_FALSE(pool_.PauseReaders(absl::Milliseconds(5)).complete());
    pool_.Borrow();  // is lent as before
  }
  EXPECT_TRUE(pool_.PauseReaders(absl::ZeroDuration()).complete());
}

TEST_F(ReaderPoolTest, APauseWaitsForReadsUnderWay) {
  std::atomic<int> reading = 0;
  std::atomic<bool> read_on = true;
  std::vector<std::thread> readers;
  for (int i = 0; i < kSize; ++i) {
    readers.emplace_back([&] {
      const ReaderPool::Lease lease = pool_.Borrow();
      ++reading;
      while (read_on) std::this_thread::yield();
      --reading;
    });
  }
  while (reading < kSize) std::this_thread::yield();
  std::thread end([&] { read_on = false; });
  {
    const ReaderPool::Pause pause = pool_.PauseReaders(absl::InfiniteDuration());
    EXPECT_TRUE(pause.complete());
    EXPECT_EQ(reading, 0);
  }
  end.join();
  for (std::thread& reader : readers) reader.join();
}

TEST_F(ReaderPoolTest, NobodyReadsDuringAPauseAndAllGoOnAfterIt) {
  constexpr int kPauses = 50;
  std::atomic<int> reading = 0;
  std::atomic<bool> read_on = true;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2 * kSize; ++i) {
    readers.emplace_back([&] {
      while (read_on) {
        const ReaderPool::Lease lease = pool_.Borrow();
        ++reading;
        std::this_thread::yield();
        --reading;
      }
    });
  }
  for (int i = 0; i < kPauses; ++i) {
    while (reading == 0) std::this_thread::yield();
    const ReaderPool::Pause pause = pool_.PauseReaders(absl::InfiniteDuration());
    EXPECT_TRUE(pause.complete());
    EXPECT_EQ(reading, 0);
    std::this_thread::yield();
    EXPECT_EQ(reading, 0);
  }
  read_on = false;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace trivet::store
