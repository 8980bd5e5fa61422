// Namespaces of live objects in front of a store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <thread>
#include <vector>

#include "tests/engine/typed_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"
#include "trivet/typed.h"

namespace trivet {
namespace {

using ::testing::ElementsAre;
using testing::Gate;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::NameOf;
using ::testing::Not;
using testing::StatusIs;
using testing::TypedTest;
using testing::User;
using testing::UserCodec;
using testing::Users;
using enum absl::StatusCode;

TEST_F(TypedTest, StoreHasTheBytes) {
  Users users = OpenStoredUsers();
  const auto set = users.Set("42", Counted("Ada"));
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(Stored("42"), "Ada");
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
  ASSERT_THAT(users.view().Invalidate("42"), IsOk());
  EXPECT_EQ(Ended(), 1);
  UserCodec::decoded = 0;
  const auto got = users.Get("42");
  EXPECT_EQ(NameOf(got), "Ada");
  EXPECT_EQ(got->tier, Tier::kStore);
  EXPECT_EQ(got->version, set->version);
  EXPECT_EQ(NameOf(users.Get("42")), "Ada");
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
  EXPECT_EQ(UserCodec::decoded, 1);
  ASSERT_THAT(users.view().Delete("42"), IsOkAndHolds(true));
  EXPECT_EQ(Stored("42"), "-");
  EXPECT_EQ(NameOf(users.Get("42")), "-");
}

TEST_F(TypedTest, OneDecodesForAllWhoWait) {
  Users users = OpenStoredUsers();
  Store("42", "Ada");
  UserCodec::decoded = 0;
  Gate gate;
  HoldUpTheNextCall(gate);
  std::vector<const User*> got(3);
  std::vector<TypedValue<User>> pins(3);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < got.size(); ++i) {
    threads.emplace_back([&, i] {
      pins[i] = users.Get("42")->value;
      got[i] = pins[i].get();
    });
  }
  AwaitJoins(2);
  gate.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(UserCodec::decoded, 1);
  EXPECT_THAT(got, ElementsAre(got[0], got[0], got[0]));
  EXPECT_NE(got[0], nullptr);
}

TEST_F(TypedTest, ObjectThatDoesNotEncodeChangesNothing) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  EXPECT_THAT(users.Set("42", Counted("?")), StatusIs(kUnimplemented));
  EXPECT_THAT(users.Set("42", Counted("*encode")), StatusIs(kInternal, Not(HasSubstr("*"))));
  EXPECT_EQ(Stored("42"), "Ada");
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
  EXPECT_EQ(Ended(), 2);
}

TEST_F(TypedTest, RowThatDoesNotDecodeIsTheErrorOfTheCodec) {
  Users users = OpenStoredUsers();
  Store("42", "!");
  EXPECT_THAT(users.Get("42"), StatusIs(kDataLoss));
  Store("42", "*decode");
  EXPECT_THAT(users.Get("42"), StatusIs(kInternal));
  EXPECT_THAT(users.GetOrLoad("42", [](Load&) { return User{.name = "loaded"}; }),
              StatusIs(kInternal));
  EXPECT_FALSE(users.Find("42"));
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  EXPECT_EQ(NameOf(users.Get("42")), "Ada");
}

TEST_F(TypedTest, StoreThatFailsLeavesMemoryAsItIs) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  store_->FailBefore(1, absl::UnavailableError("no store"));
  EXPECT_THAT(users.Set("42", Counted("Eve")), StatusIs(kUnavailable));
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
  EXPECT_EQ(Ended(), 1);
}

TEST_F(TypedTest, ObjectTooLargeForMemoryGoesToTheStoreAlone) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  ASSERT_THAT(users.Set("42", {.name = "Large", .bytes = 400 << 10}), IsOk());
  EXPECT_EQ(Stored("42"), "Large");
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TypedTest, ConditionsAreDecidedInTheStore) {
  Users users = OpenStoredUsers();
  Store("42", "Ada");
  const auto set = users.Set("42", Counted("Eve"), {.when = SetWhen::kIfAbsent});
  ASSERT_THAT(set, IsOk());
  EXPECT_FALSE(set->applied);
  EXPECT_EQ(NameOf(users.Get("42")), "Ada");
  EXPECT_EQ(Ended(), 1);
}

}  // namespace
}  // namespace trivet
