// The faulty wrapper is a Backing like others while it has nothing else to do, and fails as told.
#include "tests/support/faulty_backing.h"

#include <memory>

#include "tests/contract/backing_contract.h"
#include "tests/support/memory_backing.h"

namespace trivet::testing {
namespace {

BackingMaker FaultyWithoutFault() {
  return {[](Clock* clock) {
    return std::make_shared<FaultyBacking>(std::make_shared<MemoryBacking>(clock));
  }};
}

INSTANTIATE_TEST_SUITE_P(Faulty, BackingContract, ::testing::Values(FaultyWithoutFault()));

class FaultyBackingTest : public ::testing::Test {
 protected:
  absl::Status Set(std::string_view key) {
    const StoreWrite write = Row(key, "1");
    return faulty_.Write("users", {&write, 1}).status();
  }
  bool Has(std::string_view key) { return behind_->Read("users", key)->has_value(); }

  ManualClock clock_;
  std::shared_ptr<MemoryBacking> behind_ = std::make_shared<MemoryBacking>(&clock_);
  FaultyBacking faulty_{behind_};
};

TEST_F(FaultyBackingTest, AFailureBeforeTheEffectHasNone) {
  faulty_.FailBefore(2, absl::UnavailableError("busy"));
  EXPECT_TRUE(Set("a").ok());
  EXPECT_TRUE(absl::IsUnavailable(Set("b")));
  EXPECT_TRUE(Set("c").ok());
  EXPECT_TRUE(Has("a"));
  EXPECT_FALSE(Has("b"));
  EXPECT_TRUE(Has("c"));
}

TEST_F(FaultyBackingTest, AFailureAfterTheEffectSaysThatNobodyKnows) {
  faulty_.FailAfter(1);
  EXPECT_TRUE(absl::IsUnknown(Set("a")));
  EXPECT_TRUE(Has("a"));
  EXPECT_TRUE(Set("b").ok());
}

TEST_F(FaultyBackingTest, AllCallsFailUntilTheyAreHealed) {
  const std::string_view keys[] = {"a"};
  const absl::Status broken = absl::DataLossError("broken");
  faulty_.FailAll(broken);
  EXPECT_EQ(faulty_.Read("users", "a").status(), broken);
  EXPECT_EQ(faulty_.ReadMany("users", keys).status(), broken);
  EXPECT_EQ(Set("a"), broken);
  EXPECT_EQ(faulty_.Delete("users", keys).status(), broken);
  EXPECT_EQ(faulty_.Touch("users", "a", absl::InfiniteFuture()).status(), broken);
  EXPECT_EQ(faulty_.DeleteTag("users", "t").status(), broken);
  EXPECT_EQ(faulty_.Clear("users"), broken);
  EXPECT_EQ(faulty_.ClearAll(), broken);
  EXPECT_EQ(faulty_.ReadChangeLog(1).status(), broken);
  EXPECT_EQ(faulty_.TrimChangeLog({}), broken);
  EXPECT_EQ(faulty_.Sweep(1).status(), broken);
  EXPECT_EQ(faulty_.CountRows().status(), broken);
  EXPECT_EQ(faulty_.calls(), 12);
  faulty_.FailAll(absl::OkStatus());
  EXPECT_TRUE(Set("a").ok());
}

TEST_F(FaultyBackingTest, TheHookRunsInEveryCall) {
  int calls = 0;
  faulty_.OnCall([&] { ++calls; });
  EXPECT_TRUE(Set("a").ok());
  EXPECT_TRUE(faulty_.Clear("users").ok());
  EXPECT_EQ(calls, 2);
  faulty_.OnCall(nullptr);
  EXPECT_TRUE(Set("a").ok());
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace trivet::testing
