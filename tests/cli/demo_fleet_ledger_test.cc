#include "bindings/cli/demo_fleet_ledger.h"

#include <optional>
#include <string>
#include <utility>

#include "bindings/cli/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace trivet::cli {
namespace {

using testing::IsOk;
using testing::StatusIs;

class FleetLedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create();
    ASSERT_THAT(folder, IsOk());
    folder_.emplace(*std::move(folder));
    auto ledger = FleetLedger::Create(file(), 10, 2);
    ASSERT_THAT(ledger, IsOk());
    ledger_.emplace(*std::move(ledger));
  }

  std::string file() const { return folder_->path() + "/ledger"; }

  // The next change of the row, acknowledged at that time and due 100 later.
  uint64_t Change(size_t row, uint64_t at) {
    const uint64_t sequence = ledger_->Begin(row);
    ledger_->Acknowledge(row, sequence, {.acknowledged_ns = at, .due_ns = at + 100});
    return sequence;
  }

  std::optional<TemporaryFolder> folder_;
  std::optional<FleetLedger> ledger_;
};

TEST_F(FleetLedgerTest, WhoOpensItSeesTheSame) {
  auto other = FleetLedger::Open(file());
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->rows(), 10);
  EXPECT_EQ(other->processes(), 2);
  EXPECT_EQ(other->phase(), FleetLedger::Phase::kPreparing);
  ledger_->Enter(FleetLedger::Phase::kWithoutRedis);
  EXPECT_EQ(other->phase(), FleetLedger::Phase::kWithoutRedis);
  other->ReportReady();
  EXPECT_EQ(ledger_->ready(), 1);
  EXPECT_EQ(other->Begin(9), 1);
  EXPECT_EQ(ledger_->begun(9), 1);
  EXPECT_EQ(ledger_->acknowledged(9), 0);
  other->counts(1).wrong = 3;
  EXPECT_EQ(ledger_->counts(1).wrong, 3);
  EXPECT_EQ(ledger_->counts(0).wrong, 0);
}

TEST_F(FleetLedgerTest, AReadIsOverdueWhenAnyLaterChangeIsDue) {
  EXPECT_FALSE(ledger_->IsOverdue(3, 0, 1'000'000)) << "nothing was changed";
  EXPECT_EQ(Change(3, 1000), 1);
  EXPECT_EQ(Change(3, 1050), 2);
  EXPECT_FALSE(ledger_->IsOverdue(3, 0, 1100)) << "just in time";
  EXPECT_TRUE(ledger_->IsOverdue(3, 0, 1101));
  EXPECT_FALSE(ledger_->IsOverdue(3, 1, 1101)) << "the second is not due yet";
  EXPECT_TRUE(ledger_->IsOverdue(3, 1, 1151));
  EXPECT_FALSE(ledger_->IsOverdue(3, 2, 1'000'000)) << "the newest there is";
  EXPECT_FALSE(ledger_->IsOverdue(4, 0, 1'000'000)) << "another row";
}

TEST_F(FleetLedgerTest, EachRowHasOneOwner) {
  for (const size_t processes : {1, 2, 3, 4, 9, 10}) {
    auto shared_out = FleetLedger::Create(file() + std::to_string(processes), 10, processes);
    ASSERT_THAT(shared_out, IsOk());
    for (size_t process = 0; process < processes; ++process) {
      for (size_t near = 0; near < 10; ++near) {
        const size_t row = shared_out->OwnRow(process, near);
        ASSERT_LT(row, 10);
        EXPECT_EQ(shared_out->OwnerOf(row), process) << "of " << processes << " near " << near;
      }
      EXPECT_EQ(shared_out->OwnRow(process, 0), process);
    }
  }
}

TEST_F(FleetLedgerTest, ABegunChangeIsNotDue) {
  EXPECT_EQ(ledger_->Begin(3), 1);
  EXPECT_FALSE(ledger_->IsOverdue(3, 0, 1'000'000));
}

TEST_F(FleetLedgerTest, OldChangesAreForgottenAndStillCount) {
  for (uint64_t at = 1; at <= 1000; ++at) Change(3, at);
  EXPECT_FALSE(ledger_->Find(3, 1).has_value());
  ASSERT_TRUE(ledger_->Find(3, 1000).has_value());
  EXPECT_EQ(ledger_->Find(3, 1000)->acknowledged_ns, 1000);
  EXPECT_FALSE(ledger_->Find(3, 1001).has_value());
  EXPECT_TRUE(ledger_->IsOverdue(3, 1, 1050));
  EXPECT_FALSE(ledger_->IsOverdue(3, 1000, 1'000'000));
}

TEST_F(FleetLedgerTest, OtherFilesAreRefused) {
  EXPECT_THAT(FleetLedger::Create(file(), 10, 2), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(FleetLedger::Open(folder_->path() + "/none"), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_EQ(std::system(("head -c 100000 /dev/zero > " + folder_->path() + "/zeros").c_str()), 0);
  EXPECT_THAT(FleetLedger::Open(folder_->path() + "/zeros"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FleetCounts, AddUp) {
  FleetCounts counts;
  counts.read_ns[1].Record(10);
  counts.behind = counts.overdue = counts.forgotten = counts.wrong = 1;
  counts.behind_max_ns = 5;
  FleetCounts sum = counts;
  sum.behind_max_ns = 7;
  sum.Add(counts);
  EXPECT_EQ(sum.read_ns[1].count(), 2);
  EXPECT_EQ(sum.behind + sum.overdue + sum.forgotten + sum.wrong, 8);
  EXPECT_EQ(sum.behind_max_ns, 7);
}

}  // namespace
}  // namespace trivet::cli
