// Every call of the operating system that an operation makes fails once, one after the other.
//
// After each failure: the error is one that trivet/backing.h lists; the database is as it was
// before (after Unknown: or as the operation would have left it), for those who have it open and
// for those who find the files after a crash at that moment; the next attempt works.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/fault_vfs.h"
#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/backing.h"
#include "trivet/clock.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

using Fault = FaultVfs::Fault;
using Lasting = FaultVfs::Lasting;
using Operation = std::function<absl::Status(Backing&)>;

// As a process finds them after all others died: without the shared memory.
void CopyDatabase(const std::string& from, const std::string& to) {
  std::filesystem::remove(to + "-shm");
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::remove(to + suffix);
    if (std::filesystem::exists(from + suffix)) std::filesystem::copy(from + suffix, to + suffix);
  }
}

struct Mode {
  Fault fault;
  Lasting lasting;
  bool durable;
};

class IoFaultTest : public ::testing::TestWithParam<Mode> {
 protected:
  void SetUp() override {
    // A database with something of everything, with a log that is not yet copied into it.
    auto backing = Open(template_);
    ASSERT_NE(backing, nullptr);
    const std::vector<std::string> tags = {"red", "round"};
    const StoreWrite rows[] = {TaggedRow("a", "1", tags), Row("b", "2"), Row("c", "3"),
                               TaggedRow("d", "4", {tags.data(), 1})};
    const StoreWrite expired = {
        .key = "e", .value = "5", .expires_at = clock_.WallTime(), .tags = tags};
    ASSERT_TRUE(backing->Write("users", rows).ok());
    ASSERT_TRUE(backing->Write("others", rows, kFirstTicket).ok());
    ASSERT_TRUE(backing->Write("cleared", rows).ok());
    ASSERT_TRUE(backing->Clear("cleared").ok());
    ASSERT_TRUE(WriteRow(*backing, "users", expired).ok());
    CopyDatabase(template_, crashed_);
    backing.reset();
    CopyDatabase(crashed_, template_);
  }

  std::unique_ptr<Backing> Open(const std::string& file) {
    auto opened = OpenSqlite({.path = file,
                              .durable = GetParam().durable,
                              .readers = 1,
                              .busy_timeout = absl::ZeroDuration(),
                              .clock = &clock_});
    status_ = opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  static std::string Dump(const std::string& file) { return RawDatabase(file).Dump(); }

  std::string DumpAfterCrash() {
    CopyDatabase(work_, crashed_);
    return Dump(crashed_);
  }

  void Arm(int nth) { vfs_.Arm(nth, GetParam().fault, GetParam().lasting); }

  void ExpectListed(const absl::Status& status) {
    const absl::StatusCode listed[] = {
        absl::StatusCode::kUnknown,           absl::StatusCode::kUnavailable,
        absl::StatusCode::kResourceExhausted, absl::StatusCode::kDataLoss,
        absl::StatusCode::kPermissionDenied,  absl::StatusCode::kNotFound,
        absl::StatusCode::kInternal};
    EXPECT_NE(std::find(std::begin(listed), std::end(listed), status.code()), std::end(listed))
        << status;
    EXPECT_NE(status.message().find(work_), std::string::npos) << status;
  }

  // `change` fails at every point, or, where there are thousands, at the 1st, 2nd, 4th, 8th, ...
  enum class Points { kEvery, kDoubling };
  void VisitEveryFailure(const Operation& change, Points points = Points::kEvery);

  // `ask` fails at every point and never has an effect.
  void VisitEveryFailureOfReading(const Operation& ask);

  static constexpr uint64_t kFirstTicket = 7;  // of four logged changes

  ManualClock clock_;
  TempFolder folder_;
  FaultVfs vfs_;
  const std::string template_ = folder_.File("template.db");
  const std::string work_ = folder_.File("work.db");
  const std::string crashed_ = folder_.File("crashed.db");
  absl::Status status_;
  // How often an operation answered Unknown and a crash kept its change.
  int unknown_and_there_ = 0;
};

void IoFaultTest::VisitEveryFailure(const Operation& change, Points points) {
  CopyDatabase(template_, work_);
  const std::string before = Dump(work_);
  {
    auto backing = Open(work_);
    ASSERT_TRUE(change(*backing).ok());
  }
  const std::string after = Dump(work_);
  ASSERT_NE(before, after);

  bool fired = true;
  int visited = 0;
  for (int nth = 1; fired; nth += points == Points::kEvery ? 1 : nth, ++visited) {
    SCOPED_TRACE("failure " + std::to_string(nth));
    CopyDatabase(template_, work_);
    auto backing = Open(work_);
    ASSERT_NE(backing, nullptr) << status_;
    Arm(nth);
    const absl::Status status = change(*backing);
    fired = vfs_.Disarm();
    if (status.ok()) {
      ASSERT_EQ(Dump(work_), after);
      ASSERT_EQ(DumpAfterCrash(), after);
      continue;
    }
    ASSERT_TRUE(fired);
    ExpectListed(status);
    ASSERT_EQ(Dump(work_), before) << status;
    const std::string crashed = DumpAfterCrash();
    if (absl::IsUnknown(status) && crashed == after) {
      ++unknown_and_there_;
    } else {
      ASSERT_EQ(crashed, before) << status;
    }

    const absl::Status again = change(*backing);
    ASSERT_TRUE(again.ok()) << again << " after " << status;
    ASSERT_EQ(Dump(work_), after);
    backing.reset();
    ASSERT_EQ(Dump(work_), after);
  }
  EXPECT_GT(visited, 1);
  RecordProperty("failures_visited", visited);
}

void IoFaultTest::VisitEveryFailureOfReading(const Operation& ask) {
  CopyDatabase(template_, work_);
  const std::string before = Dump(work_);
  bool fired = true;
  for (int nth = 1; fired; ++nth) {
    SCOPED_TRACE("failure " + std::to_string(nth));
    CopyDatabase(template_, work_);
    auto backing = Open(work_);
    ASSERT_NE(backing, nullptr) << status_;
    Arm(nth);
    const absl::Status status = ask(*backing);
    fired = vfs_.Disarm();
    if (!status.ok()) {
      ASSERT_TRUE(fired);
      ExpectListed(status);
    }
    const absl::Status again = ask(*backing);
    ASSERT_TRUE(again.ok()) << again << " after " << status;
    ASSERT_EQ(Dump(work_), before);
  }
}

TEST_P(IoFaultTest, Write) {
  const std::vector<std::string> tags = {"red", "new"};
  VisitEveryFailure([&](Backing& backing) {
    const StoreWrite rows[] = {TaggedRow("a", "10", tags), Row("x", "11"),
                               Row("b", "12", SetWhen::kIfPresent)};
    return backing.Write("users", rows, 100).status();
  });
  // Only a sync that fails after the mark of the commit was written leaves such a doubt.
  const bool doubtful = GetParam().durable && GetParam().fault == Fault::kError;
  EXPECT_EQ(unknown_and_there_ > 0, doubtful);
}

TEST_P(IoFaultTest, WriteOfALargeValueIntoANewNamespace) {
  const std::string large(100'000, 'x');
  VisitEveryFailure([&](Backing& backing) { return WriteRow(backing, "new", Row("a", large)); });
}

// More pages than the cache holds, which are written before the commit, and enough of them for the
// log to be copied into the database after it.
TEST_P(IoFaultTest, WriteOfAVeryLargeValue) {
  const std::string large(17'000'000, 'x');
  const auto write = [&](Backing& backing) { return WriteRow(backing, "users", Row("a", large)); };
  VisitEveryFailure(write, Points::kDoubling);
}

TEST_P(IoFaultTest, Delete) {
  VisitEveryFailure([](Backing& backing) {
    const std::string_view keys[] = {"a", "c"};
    return backing.Delete("users", keys, 100).status();
  });
}

TEST_P(IoFaultTest, FencedChanges) {
  const WriteFence fence{.lock = "l", .token = 7};
  VisitEveryFailure([&](Backing& backing) {
    const StoreWrite rows[] = {Row("a", "10"), Row("x", "11")};
    return backing.WriteFenced(fence, "users", rows, 100).status();
  });
  VisitEveryFailure([&](Backing& backing) {
    const std::string_view keys[] = {"a", "c"};
    return backing.DeleteFenced(fence, "users", keys, 100).status();
  });
}

TEST_P(IoFaultTest, Touch) {
  VisitEveryFailure([&](Backing& backing) {
    return backing.Touch("users", "a", clock_.WallTime() + absl::Hours(1), 100).status();
  });
}

TEST_P(IoFaultTest, DeleteTag) {
  VisitEveryFailure(
      [](Backing& backing) { return backing.DeleteTag("users", "red", 100).status(); });
}

TEST_P(IoFaultTest, Clear) {
  VisitEveryFailure([](Backing& backing) { return backing.Clear("users", 100); });
}

TEST_P(IoFaultTest, ClearAll) {
  VisitEveryFailure([](Backing& backing) { return backing.ClearAll(100); });
}

TEST_P(IoFaultTest, TrimChangeLog) {
  VisitEveryFailure([](Backing& backing) {
    const uint64_t tickets[] = {kFirstTicket, kFirstTicket + 2, kFirstTicket + 3};
    return backing.TrimChangeLog(tickets);
  });
}

TEST_P(IoFaultTest, Sweep) {
  VisitEveryFailure([](Backing& backing) { return backing.Sweep(100).status(); });
}

TEST_P(IoFaultTest, Reading) {
  VisitEveryFailureOfReading([](Backing& backing) { return backing.Read("users", "a").status(); });
  VisitEveryFailureOfReading([](Backing& backing) {
    const std::string_view keys[] = {"a", "x", "b"};
    return backing.ReadMany("users", keys).status();
  });
  VisitEveryFailureOfReading([](Backing& backing) { return backing.ReadChangeLog(9).status(); });
  VisitEveryFailureOfReading([](Backing& backing) { return backing.CountRows().status(); });
}

TEST_P(IoFaultTest, OpeningANewFile) {
  bool fired = true;
  for (int nth = 1; fired; ++nth) {
    SCOPED_TRACE("failure " + std::to_string(nth));
    CopyDatabase(folder_.File("none"), work_);
    Arm(nth);
    auto backing = Open(work_);
    fired = vfs_.Disarm();
    if (backing == nullptr) {
      ASSERT_TRUE(fired);
      ExpectListed(status_);
      backing = Open(work_);
      ASSERT_NE(backing, nullptr) << status_;
    }
    ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1")).ok());
    ASSERT_EQ(ValueAt(*backing, "users", "a"), "1");
  }
}

TEST_P(IoFaultTest, OpeningAFileAfterACrash) {
  CopyDatabase(template_, work_);
  const std::string before = Dump(work_);
  bool fired = true;
  for (int nth = 1; fired; ++nth) {
    SCOPED_TRACE("failure " + std::to_string(nth));
    CopyDatabase(template_, work_);
    Arm(nth);
    auto backing = Open(work_);
    fired = vfs_.Disarm();
    if (backing == nullptr) {
      ASSERT_TRUE(fired);
      ExpectListed(status_);
    }
    backing.reset();
    ASSERT_EQ(Dump(work_), before);
  }
}

TEST_P(IoFaultTest, Closing) {
  CopyDatabase(template_, work_);
  const std::string before = Dump(work_);
  bool fired = true;
  for (int nth = 1; fired; ++nth) {
    SCOPED_TRACE("failure " + std::to_string(nth));
    CopyDatabase(template_, work_);
    auto backing = Open(work_);
    ASSERT_NE(backing, nullptr) << status_;
    Arm(nth);
    backing.reset();
    fired = vfs_.Disarm();
    ASSERT_EQ(DumpAfterCrash(), before);
    ASSERT_EQ(Dump(work_), before);
  }
}

INSTANTIATE_TEST_SUITE_P(ErrorOnce, IoFaultTest,
                         ::testing::Values(Mode{Fault::kError, Lasting::kOnce, false}));
INSTANTIATE_TEST_SUITE_P(ErrorOnceDurable, IoFaultTest,
                         ::testing::Values(Mode{Fault::kError, Lasting::kOnce, true}));
INSTANTIATE_TEST_SUITE_P(ErrorFromThenOn, IoFaultTest,
                         ::testing::Values(Mode{Fault::kError, Lasting::kFromThenOn, true}));
INSTANTIATE_TEST_SUITE_P(FullFromThenOn, IoFaultTest,
                         ::testing::Values(Mode{Fault::kFull, Lasting::kFromThenOn, false}));

}  // namespace
}  // namespace trivet::testing
