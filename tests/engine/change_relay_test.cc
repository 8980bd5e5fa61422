#include "engine/change_relay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_shared_tier.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/faulty_shared_tier.h"
#include "tests/support/memory_backing.h"

namespace trivet::engine {
namespace {

using Kind = SharedRecord::Kind;
using testing::FakeSharedServer;
using testing::FakeSharedTier;
using testing::FaultyBacking;
using testing::FaultySharedTier;
using testing::MemoryBacking;

// What the fleet is told, in order.
class Ear final : public SharedListener {
 public:
  void OnListening() override {}
  void OnMessage(size_t, SharedMessage message) override {
    for (const SharedRecord& record : message.records) {
      if (record.kind != Kind::kFence) heard.push_back(record);
    }
  }
  void OnUnreadable(size_t) override {}
  void OnLost(const absl::Status&) override {}

  std::vector<SharedRecord> heard;
};

class ChangeRelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const SharedPart users{.space = "users"};
    const SharedPart pages{.space = "pages"};
    const SharedPart parts[] = {users, pages};
    subscription_ = *tier_.Subscribe(parts, ear_);
    EXPECT_TRUE(LookIsClean());
  }

  // A writer commits, and is not heard of again.
  void Commit(uint64_t ticket, std::string_view key, std::string_view space = "users") {
    const StoreWrite write{.key = key, .value = "v"};
    ASSERT_TRUE(rows_->Write(space, {&write, 1}, ticket).ok());
  }

  void CommitMany(uint64_t rows) {
    for (uint64_t i = 0; i < rows; ++i) Commit(10 + i, "k" + std::to_string(i));
  }
  static bool IsClear(const SharedRecord& record) { return record.kind == Kind::kClear; }

  size_t rows() { return rows_->ReadChangeLog(100'000)->size(); }

  bool LookIsClean() { return !relay_.LookAround().Contains("users"); }
  // What the threads of a cache do, one after the other.
  bool LookAndTakeAway() {
    const bool clean = LookIsClean();
    relay_.TakeAwayTold();
    return clean;
  }

  ManualClock clock_;
  FakeSharedServer server_{&clock_, {}};
  FakeSharedTier fake_{&server_};
  FaultySharedTier tier_{&fake_};
  std::shared_ptr<MemoryBacking> rows_ = std::make_shared<MemoryBacking>(&clock_);
  FaultyBacking store_{rows_};
  CoherenceOptions options_;
  Ear ear_;
  std::unique_ptr<SharedSubscription> subscription_;
  ChangeRelay relay_{store_, tier_, options_, clock_};
};

TEST_F(ChangeRelayTest, TheWriterHasTimeToTell) {
  Commit(10, "a");
  clock_.Advance(options_.relay_after - absl::Milliseconds(1));
  EXPECT_TRUE(LookIsClean());
  EXPECT_TRUE(ear_.heard.empty());
  EXPECT_EQ(rows(), 1U);
}

TEST_F(ChangeRelayTest, ARowThatStaysIsToldAndTakenAway) {
  Commit(10, "a");
  clock_.Advance(options_.relay_after * 3 / 2);
  EXPECT_TRUE(LookAndTakeAway());
  ASSERT_EQ(ear_.heard.size(), 1U);
  EXPECT_EQ(ear_.heard[0].kind, Kind::kKey);
  EXPECT_EQ(ear_.heard[0].name, "a");
  EXPECT_NE(ear_.heard[0].version, 0U);
  EXPECT_EQ(rows(), 0U);
}

TEST_F(ChangeRelayTest, ToldRowsAreTakenAwayAndNotToldAgain) {
  Commit(10, "a");
  relay_.Told(10, 1);
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(LookAndTakeAway());
  EXPECT_TRUE(ear_.heard.empty());
  EXPECT_EQ(rows(), 0U);
}

// Somebody may hold the write lock of the store for long, and proofs are waiting for the look.
TEST_F(ChangeRelayTest, ALookWritesNothingToTheStore) {
  Commit(10, "a");
  Commit(11, "b");
  relay_.Told(10, 1);
  clock_.Advance(absl::Seconds(5));
  const size_t calls = store_.calls();
  EXPECT_TRUE(LookIsClean());
  EXPECT_EQ(store_.calls(), calls + 1) << "the log was read";
  EXPECT_EQ(ear_.heard.size(), 1U);
  EXPECT_EQ(rows(), 2U);
  EXPECT_TRUE(LookIsClean());
  EXPECT_EQ(ear_.heard.size(), 1U);
  EXPECT_TRUE(relay_.TakeAwayTold());
  EXPECT_EQ(rows(), 0U);
}

// Between the reading of the log and the look at what it tells.
TEST_F(ChangeRelayTest, RowsThatGoDuringALookAreNotToldAgain) {
  Commit(10, "a");
  relay_.Told(10, 1);
  clock_.Advance(absl::Seconds(5));
  const auto row = rows_->ReadChangeLog(1)->front();
  EXPECT_TRUE(relay_.TakeAwayTold());
  // As seen by a look that had read it before.
  const StoreWrite write{.key = row.name, .value = "v"};
  ASSERT_TRUE(rows_->Write("users", {&write, 1}, row.ticket).ok());
  EXPECT_TRUE(LookIsClean());
  EXPECT_TRUE(ear_.heard.empty());
}

TEST_F(ChangeRelayTest, EveryKindIsTold) {
  rows_->Delete("users", std::vector<std::string_view>{"a"}, 10).value();
  ASSERT_TRUE(rows_->DeleteTag("users", "t", 20).ok());
  ASSERT_TRUE(rows_->Clear("pages", 30).ok());
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(LookAndTakeAway());
  ASSERT_EQ(ear_.heard.size(), 3U);
  std::vector<Kind> kinds;
  for (const SharedRecord& record : ear_.heard) kinds.push_back(record.kind);
  EXPECT_NE(std::find(kinds.begin(), kinds.end(), Kind::kKey), kinds.end());
  EXPECT_NE(std::find(kinds.begin(), kinds.end(), Kind::kTag), kinds.end());
  EXPECT_NE(std::find(kinds.begin(), kinds.end(), Kind::kClear), kinds.end());
  EXPECT_EQ(rows(), 0U);
}

// A proof would be a lie then: that row may have been there for long.
TEST_F(ChangeRelayTest, ALogThatCannotBeReadIsNotClean) {
  store_.FailBefore(1, absl::UnavailableError("busy"));
  EXPECT_FALSE(LookIsClean());
  EXPECT_TRUE(LookIsClean());
}

TEST_F(ChangeRelayTest, AnOverdueRowThatCannotBeToldIsNotClean) {
  Commit(10, "a");
  tier_.FailAll(absl::UnavailableError("cut"));
  clock_.Advance(options_.relay_max - absl::Milliseconds(1));
  EXPECT_TRUE(LookIsClean());
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(LookIsClean());
  EXPECT_EQ(rows(), 1U);
  tier_.FailAll(absl::OkStatus());
  EXPECT_TRUE(LookAndTakeAway());
  EXPECT_EQ(rows(), 0U);
}

// Its age counts from the last look that did not see it: a process that was stopped in between may
// not take an old row for a young one.
TEST_F(ChangeRelayTest, ARowIsAsOldAsTheLastLookThatDidNotSeeIt) {
  clock_.Advance(absl::Seconds(5));
  Commit(10, "a");
  tier_.FailAll(absl::UnavailableError("cut"));
  EXPECT_FALSE(LookIsClean());
}

TEST_F(ChangeRelayTest, ARowThatCannotBeTakenAwayIsToldOnce) {
  Commit(10, "a");
  clock_.Advance(absl::Seconds(5));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(LookIsClean());
    store_.FailBefore(1, absl::UnavailableError("busy"));
    EXPECT_FALSE(relay_.TakeAwayTold());
    EXPECT_EQ(ear_.heard.size(), 1U);
    EXPECT_EQ(rows(), 1U);
  }
  EXPECT_TRUE(LookAndTakeAway());
  EXPECT_EQ(ear_.heard.size(), 1U);
  EXPECT_EQ(rows(), 0U);
}

// While this machine sleeps, writers elsewhere may have died.
TEST_F(ChangeRelayTest, RowsGrowOldWhileTheMachineSleeps) {
  Commit(10, "a");
  tier_.FailAll(absl::UnavailableError("cut"));
  clock_.Suspend(absl::Hours(1));
  EXPECT_FALSE(LookIsClean());
}

// As after an outage, when whoever wrote meanwhile has gone.
TEST_F(ChangeRelayTest, ABacklogIsToldInOneLook) {
  CommitMany(600);
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(LookAndTakeAway());
  EXPECT_EQ(ear_.heard.size(), 600U);
  EXPECT_EQ(rows(), 0U);
}

TEST_F(ChangeRelayTest, ALargeBacklogOfANamespaceIsToldAsOneChange) {
  CommitMany(6000);
  Commit(10'000, "p", "pages");
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(LookAndTakeAway());
  EXPECT_EQ(std::count_if(ear_.heard.begin(), ear_.heard.end(), IsClear), 1);
  EXPECT_LT(ear_.heard.size(), 1000U);
  EXPECT_EQ(rows(), 0U);
}

// Where the store is open for reading only, told rows stay for as long as nobody else takes them
// away. They must not hide what comes after them.
TEST_F(ChangeRelayTest, RowsBehindManyThatAreToldAndStayAreSeen) {
  CommitMany(1000);
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(LookIsClean());
  EXPECT_EQ(ear_.heard.size(), 1000U);
  Commit(10'000, "late");
  tier_.FailAll(absl::UnavailableError("cut"));
  EXPECT_TRUE(LookIsClean());
  clock_.Advance(options_.relay_max);
  EXPECT_FALSE(LookIsClean());
  tier_.FailAll(absl::OkStatus());
  EXPECT_TRUE(LookIsClean());
  ASSERT_EQ(ear_.heard.size(), 1001U);
  EXPECT_EQ(ear_.heard.back().name, "late");
}

// One that nobody here has a right to, for example.
TEST_F(ChangeRelayTest, RowsThatTheTierRefusesConcernTheirNamespaceAlone) {
  Commit(10, "p", "pages");
  Commit(11, "a");
  Commit(12, "z", "zones");
  tier_.Refuse("pages", absl::PermissionDeniedError("no right"));
  clock_.Advance(absl::Seconds(5));
  const Overdue overdue = relay_.LookAround();
  EXPECT_TRUE(overdue.Contains("pages"));
  EXPECT_FALSE(overdue.Contains("users"));
  EXPECT_FALSE(overdue.Contains("zones"));
  EXPECT_FALSE(overdue.Contains("others"));
  EXPECT_TRUE(relay_.TakeAwayTold());
  EXPECT_EQ(rows(), 1U);
  tier_.Refuse("pages", absl::OkStatus());
  EXPECT_FALSE(relay_.LookAround().Contains("pages"));
}

TEST_F(ChangeRelayTest, ATierThatIsAwayIsNotAskedForEachNamespace) {
  Commit(10, "p", "pages");
  Commit(11, "a");
  tier_.FailAll(absl::UnavailableError("cut"));
  clock_.Advance(absl::Seconds(5));
  const size_t calls = tier_.calls();
  const Overdue overdue = relay_.LookAround();
  EXPECT_EQ(tier_.calls(), calls + 1);
  EXPECT_TRUE(overdue.Contains("pages"));
  EXPECT_TRUE(overdue.Contains("users"));
  EXPECT_FALSE(overdue.Contains("others"));
}

TEST_F(ChangeRelayTest, ALogThatIsTooLongToSeeItsEndIsNotClean) {
  CommitMany(17'000);
  clock_.Advance(absl::Seconds(5));
  EXPECT_FALSE(LookIsClean());
  EXPECT_FALSE(LookIsClean());
  EXPECT_TRUE(relay_.TakeAwayTold());
  EXPECT_TRUE(LookAndTakeAway());
  EXPECT_EQ(rows(), 0U);
}

// Writers that are alive, and faster than their rows are taken away.
TEST_F(ChangeRelayTest, ALongLogOfYoungRowsIsClean) {
  CommitMany(1000);
  const size_t calls = store_.calls();
  EXPECT_TRUE(LookIsClean());
  EXPECT_EQ(store_.calls(), calls + 1) << "a look at the oldest is enough";
  EXPECT_TRUE(ear_.heard.empty());
}

}  // namespace
}  // namespace trivet::engine
