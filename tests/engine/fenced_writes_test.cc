// Writes under a lock: refused where a later holder has written, and then left nowhere.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/fake_lease_keeper.h"
#include "tests/support/fleet.h"
#include "tests/support/status_matchers.h"
#include "trivet/lock.h"
#include "trivet/write_fence.h"

namespace trivet::testing {
namespace {

using absl::StatusCode;

class FencedWritesTest : public StoreFixture {
 protected:
  FencedWritesTest() {
    server_.EndGrace();
    Open({.leases = std::make_shared<FakeLeaseKeeper>(&server_)});
  }
  Namespace Users() { return cache_->In("users"); }

  FakeLeaseServer server_{&clock_};
  const WriteFence older_{.lock = "l", .token = 6};
  const WriteFence newer_{.lock = "l", .token = 7};
};

TEST_F(FencedWritesTest, WhoLostTheLockDoesNotOverwriteWhoGotIt) {
  absl::StatusOr<Lock> first = Users().Lock("rebuild");
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(Users().Set("42", "one", {.fence = first->fence()}), IsOk());
  // It hangs, for longer than its lease. Another process gets the lock.
  clock_.Advance(absl::Minutes(1));
  FakeLeaseKeeper elsewhere(&server_);
  const auto second =
      elsewhere.Acquire(first->fence().lock, {}, absl::Seconds(10), absl::InfiniteDuration());
  ASSERT_THAT(second, IsOk());
  const WriteFence fence{.lock = first->fence().lock, .token = second->token};
  ASSERT_THAT(Users().Set("42", "two", {.fence = fence}), IsOk());

  EXPECT_TRUE(IsFencedOut(Users().Set("42", "late", {.fence = first->fence()}).status()));
  EXPECT_TRUE(IsFencedOut(Users().Delete("42", {.fence = first->fence()}).status()));
  EXPECT_EQ(Stored("42"), "two");
  EXPECT_EQ(Text(Users().Get("42")), "two");
}

TEST_F(FencedWritesTest, AWriteThatIsFencedOutLeavesNothingInMemory) {
  ASSERT_THAT(Users().Set("other", "1", {.fence = newer_}), IsOk());
  Store("42", "row");
  for (const bool in_memory : {false, true}) {
    EXPECT_EQ(in_memory ? Text(Users().Get("42")) : "row", "row");
    EXPECT_TRUE(IsFencedOut(Users().Set("42", "late", {.fence = older_}).status()));
    EXPECT_NE(Text(Users().Find("42")), "late");
    EXPECT_EQ(Text(Users().Get("42")), "row");
  }
  EXPECT_TRUE(IsFencedOut(Users().Set("new", "late", {.fence = older_}).status()));
  EXPECT_FALSE(Users().Find("new"));
  EXPECT_EQ(Text(Users().Get("new")), "-");
  EXPECT_TRUE(IsFencedOut(Users().Delete("42", {.fence = older_}).status()));
  EXPECT_EQ(Text(Users().Get("42")), "row");
}

TEST_F(FencedWritesTest, BatchesAreFencedAsAWhole) {
  const std::vector<Namespace::Item> items = {{"a", "1"}, {"b", "2"}};
  const std::vector<std::string_view> keys = {"a", "b"};
  ASSERT_THAT(Users().MSet(items, {.fence = newer_}), IsOk());
  const std::vector<Namespace::Item> late = {{"a", "late"}, {"c", "late"}};
  EXPECT_TRUE(IsFencedOut(Users().MSet(late, {.fence = older_}).status()));
  EXPECT_TRUE(IsFencedOut(Users().MDelete(keys, {.fence = older_}).status()));
  EXPECT_EQ(Stored("a"), "1");
  EXPECT_EQ(Stored("c"), "-");
  EXPECT_EQ(Text(Users().Get("a")), "1");
  EXPECT_FALSE(Users().Find("c"));
  EXPECT_THAT(Users().MDelete(keys, {.fence = newer_}), IsOkAndHolds(2u));
}

TEST_F(FencedWritesTest, FencesAreCheckedByName) {
  const auto is_refused = [this](const WriteFence& fence, const std::string& field) {
    for (const absl::Status& status : {Users().Set("42", "1", {.fence = fence}).status(),
                                       Users().Delete("42", {.fence = fence}).status()}) {
      EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument));
      EXPECT_NE(std::string(status.message()).find("Options.fence." + field), std::string::npos);
    }
  };
  is_refused({.lock = "", .token = 1}, "lock");
  is_refused({.lock = std::string(1025, 'l'), .token = 1}, "lock");
  is_refused({.lock = "l", .token = 0}, "token");
  is_refused({.lock = "l", .token = UINT64_MAX}, "token");
}

TEST_F(FencedWritesTest, ALockOfThisProcessFencesNothing) {
  server_.FailOver();  // and is in its grace
  absl::StatusOr<Lock> lock = Users().Lock("l", {.on_unavailable = OnUnavailable::kProcessLocal});
  ASSERT_THAT(lock, IsOk());
  EXPECT_THAT(Users().Set("42", "1", {.fence = lock->fence()}),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(FencedWritesTest, WithoutAStoreNobodyCouldDecide) {
  Namespace space = cache_->In("memory", {.use_backing = false});
  EXPECT_THAT(space.Set("42", "1", {.fence = newer_}), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(space.Delete("42", {.fence = newer_}), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_FALSE(space.Find("42"));
}

// --- Where processes share a tier ---------------------------------------------------------------

TEST_F(FencedWritesTest, AWriteThatIsFencedOutReachesNoOtherProcess) {
  for (const bool guarded : {true, false}) {
    Fleet fleet({.namespace_defaults = {.guarded_writes = guarded}});
    ASSERT_THAT(fleet.users(0).Set("42", "two", {.fence = newer_}), IsOk());
    EXPECT_EQ(Text(fleet.users(1).Get("42")), "two");

    EXPECT_TRUE(IsFencedOut(fleet.users(1).Set("42", "late", {.fence = older_}).status()));
    EXPECT_TRUE(IsFencedOut(fleet.users(1).Set("new", "late", {.fence = older_}).status()));
    EXPECT_TRUE(IsFencedOut(fleet.users(1).Delete("42", {.fence = older_}).status()));
    for (size_t process : {0, 1}) {
      EXPECT_EQ(Text(fleet.users(process).Get("42")), "two");
      EXPECT_EQ(Text(fleet.users(process).Get("new")), "-");
    }
    fleet.Pass(absl::Seconds(5));
    EXPECT_EQ(Text(fleet.users(0).Get("42")), "two");
    EXPECT_EQ(Text(fleet.users(0).Get("new")), "-");
    EXPECT_EQ(LogOf(fleet.rows()), std::vector<std::string>());
  }
}

}  // namespace
}  // namespace trivet::testing
