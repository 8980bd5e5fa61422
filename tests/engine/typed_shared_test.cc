// Live objects in namespaces that processes share: between them go the bytes of the codec.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/typed_fixture.h"
#include "tests/support/fleet.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"
#include "trivet/typed.h"

namespace trivet::testing {
namespace {

using ::testing::ElementsAre;
using enum absl::StatusCode;

Users UsersOf(Fleet& fleet, size_t process) { return Users(fleet.users(process)); }

std::vector<std::string> MGet(Users users, const std::vector<std::string_view>& keys) {
  std::vector<std::string> names;
  for (const auto& answer : users.MGet(keys)) names.push_back(NameOf(answer));
  return names;
}

TEST(TypedSharedTest, OneProcessReadsTheStoreForAll) {
  Fleet fleet;
  for (const char* key : {"1", "2"}) {
    const StoreWrite write{.key = key, .value = key};
    ASSERT_THAT(fleet.rows().Write("users", {&write, 1}), IsOk());
  }
  EXPECT_EQ(NameOf(UsersOf(fleet, 0).Get("1")), "1");
  EXPECT_THAT(MGet(UsersOf(fleet, 0), {"1", "2", "3"}), ElementsAre("1", "2", "-"));
  UserCodec::decoded = 0;
  const std::string_view keys[] = {"1", "2"};
  const auto batch = UsersOf(fleet, 1).MGet(keys);
  for (const auto& answer : batch) {
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->tier, Tier::kShared);
  }
  EXPECT_EQ(UserCodec::decoded, 2);
  EXPECT_THAT(MGet(UsersOf(fleet, 1), {"2", "1"}), ElementsAre("2", "1"));
  EXPECT_EQ(UserCodec::decoded, 2) << "from memory by now";
}

TEST(TypedSharedTest, ADeleteDoesNotBringBytesIntoANamespaceThatMayYetHoldObjects) {
  Fleet fleet({.with_store = false});
  ASSERT_THAT(fleet.users(0).Set("1", "Ada"), IsOk());
  size_t calls = 0;
  fleet.line(1).OnCall([&] {
    ++calls;
    EXPECT_EQ(fleet.cache(1).stats().entries, 0u);
  });
  EXPECT_THAT(fleet.users(1).Delete("1"), IsOkAndHolds(true));
  EXPECT_GT(calls, 1u);
  fleet.line(1).OnCall(nullptr);
  EXPECT_THAT(UsersOf(fleet, 1).Get("1"), IsOk());
}

TEST(TypedSharedTest, WhatTheSharedTierHasAndTheCodecCannotReadIsAnErrorOfItsKey) {
  Fleet fleet({.with_store = false});
  ASSERT_THAT(fleet.users(0).Set("1", "!"), IsOk());
  ASSERT_THAT(fleet.users(0).Set("2", "Ada"), IsOk());
  Users users = UsersOf(fleet, 1);
  const std::string_view keys[] = {"1", "2"};
  const auto batch = users.MGet(keys);
  EXPECT_THAT(batch[0], StatusIs(kDataLoss));
  EXPECT_EQ(NameOf(batch[1]), "Ada");
  EXPECT_THAT(users.Get("1"), StatusIs(kDataLoss));
}

TEST(TypedSharedTest, LoadersObjectsGoToTheOthersAsBytes) {
  Fleet fleet;
  Users users = UsersOf(fleet, 0);
  ASSERT_THAT(users.GetOrLoad("42", [](Load&) { return User{.name = "Ada"}; }), IsOk());
  const auto got = UsersOf(fleet, 1).Get("42");
  EXPECT_EQ(NameOf(got), "Ada");
  EXPECT_EQ(got->tier, Tier::kShared);
}

TEST(TypedSharedTest, BatchReplacesTheCopiesOfAll) {
  for (const bool with_store : {true, false}) {
    SCOPED_TRACE(with_store ? "with a store" : "without a store");
    Fleet fleet({.with_store = with_store});
    Users first = UsersOf(fleet, 0);
    Users second = UsersOf(fleet, 1);
    ASSERT_THAT(first.MSet({{"1", {.name = "Ada"}}, {"2", {.name = "Eve"}}}), IsOk());
    EXPECT_THAT(MGet(second, {"1", "2"}), ElementsAre("Ada", "Eve"));
    const auto set = first.MSet({{"2", {.name = "Bob"}}, {"3", {.name = "Kim"}}});
    ASSERT_THAT(set, IsOk());
    for (const SetResult& result : *set) EXPECT_EQ(result.coherence, Coherence::kApplied);
    EXPECT_THAT(MGet(second, {"1", "2", "3"}), ElementsAre("Ada", "Bob", "Kim"));
  }
}

TEST(TypedSharedTest, TakenIsGoneEverywhere) {
  Fleet fleet;
  Users first = UsersOf(fleet, 0);
  Users second = UsersOf(fleet, 1);
  ASSERT_THAT(first.Set("42", {.name = "Ada"}), IsOk());
  EXPECT_EQ(NameOf(second.Get("42")), "Ada");
  Coherence told = Coherence::kLocal;
  const auto taken = second.Take("42", &told);
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(NameOf(*taken), "Ada");
  EXPECT_EQ(told, Coherence::kApplied);
  EXPECT_EQ(NameOf(first.Get("42")), "-");
}

TEST(TypedSharedTest, TakeNeedsAStore) {
  Fleet fleet({.with_store = false});
  Users users = UsersOf(fleet, 0);
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  EXPECT_THAT(users.Take("42"), StatusIs(kFailedPrecondition));
  EXPECT_EQ(NameOf(users.Get("42")), "Ada");
}

}  // namespace
}  // namespace trivet::testing
