// Batches of live objects, and taking them away: in memory, and in front of a store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
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
using testing::User;
using testing::UserCodec;
using testing::Users;
using enum absl::StatusCode;

class TypedBatchesTest : public testing::TypedTest {
 protected:
  static std::vector<std::string> MGet(Users& users, const std::vector<std::string_view>& keys) {
    std::vector<std::string> names;
    for (const auto& answer : users.MGet(keys)) names.push_back(NameOf(answer));
    return names;
  }

  static std::string Take(Users& users, std::string_view key) {
    const absl::StatusOr<TypedValue<User>> taken = users.Take(key);
    return taken.ok() ? NameOf(*taken) : taken.status().ToString();
  }
};

// --- Reading

TEST_F(TypedBatchesTest, BatchHasTheObjectsThemselves) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("1", {.name = "Ada"}), IsOk());
  ASSERT_THAT(users.Set("2", {.name = "Eve"}), IsOk());
  const std::string_view keys[] = {"2", "3", "", "1", "2"};
  const auto batch = users.MGet(keys);
  ASSERT_EQ(batch.size(), 5u);
  EXPECT_EQ(batch[0]->value.get(), users.Find("2").get());
  EXPECT_EQ(batch[0]->tier, Tier::kMemory);
  EXPECT_EQ(NameOf(batch[1]), "-");
  EXPECT_THAT(batch[2], StatusIs(kInvalidArgument));
  EXPECT_EQ(batch[3]->value.get(), users.Find("1").get());
  EXPECT_EQ(batch[4]->value.get(), batch[0]->value.get());
  EXPECT_THAT(users.MGet({}), ElementsAre());
}

TEST_F(TypedBatchesTest, OneCallToTheStoreForAllThatMemoryLacksDecodedOnce) {
  Users users = OpenStoredUsers();
  for (const char* key : {"1", "2", "3"}) Store(key, "row " + std::string(key));
  EXPECT_EQ(NameOf(users.Get("2")), "row 2");
  TakeCalls();
  UserCodec::decoded = 0;
  EXPECT_THAT(MGet(users, {"1", "x", "2", "3", "1"}),
              ElementsAre("row 1", "-", "row 2", "row 3", "row 1"));
  EXPECT_EQ(TakeCalls(), 1u);
  EXPECT_EQ(UserCodec::decoded, 2);
  EXPECT_THAT(MGet(users, {"3", "2", "1"}), ElementsAre("row 3", "row 2", "row 1"));
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_EQ(UserCodec::decoded, 2);
}

TEST_F(TypedBatchesTest, RowThatDoesNotDecodeIsAnErrorOfItsKeyAlone) {
  Users users = OpenStoredUsers();
  Store("1", "Ada");
  Store("2", "!");
  Store("3", "*decode");
  Store("4", "Eve");
  const std::string_view keys[] = {"1", "2", "3", "4"};
  const auto batch = users.MGet(keys);
  EXPECT_EQ(NameOf(batch[0]), "Ada");
  EXPECT_THAT(batch[1], StatusIs(kDataLoss));
  EXPECT_THAT(batch[2], StatusIs(kInternal));
  EXPECT_EQ(NameOf(batch[3]), "Eve");
  EXPECT_EQ(Stored("2"), "!") << "the row stays";
  EXPECT_FALSE(users.Find("2"));
}

TEST_F(TypedBatchesTest, StoreThatFailsIsAnErrorOfWhatMemoryLacks) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("1", {.name = "Ada"}), IsOk());
  store_->FailBefore(1, absl::UnavailableError("no store"));
  const std::string_view keys[] = {"1", "2"};
  const auto batch = users.MGet(keys);
  EXPECT_EQ(NameOf(batch[0]), "Ada");
  EXPECT_THAT(batch[1], StatusIs(kUnavailable));
}

TEST_F(TypedBatchesTest, WhoWaitsForABatchSharesItsObject) {
  Users users = OpenStoredUsers();
  Store("42", "Ada");
  UserCodec::decoded = 0;
  Gate gate;
  HoldUpTheNextCall(gate);
  TypedValue<User> of_batch;
  TypedValue<User> of_reader;
  std::thread batch([&] {
    const std::string_view key = "42";
    of_batch = users.MGet({&key, 1}).front()->value;
  });
  gate.AwaitArrival();
  std::thread reader([&] { of_reader = users.Get("42")->value; });
  AwaitJoins(1);
  gate.Open();
  batch.join();
  reader.join();
  EXPECT_EQ(UserCodec::decoded, 1);
  EXPECT_EQ(NameOf(of_batch), "Ada");
  EXPECT_EQ(of_batch.get(), of_reader.get());
}

// --- Writing

TEST_F(TypedBatchesTest, AllAreSetInMemoryDuplicatesInOrder) {
  Users users = OpenUsers();
  const auto set = users.MSet({{"1", Counted("Ada")}, {"2", Counted("Eve")}, {"1", Counted("Bob")}},
                              {.ttl = absl::Seconds(5), .tags = {"t"}});
  ASSERT_THAT(set, IsOk());
  ASSERT_EQ(set->size(), 3u);
  EXPECT_GT((*set)[2].version, (*set)[0].version);
  EXPECT_THAT(MGet(users, {"1", "2"}), ElementsAre("Bob", "Eve"));
  EXPECT_EQ(Ended(), 1);
  EXPECT_EQ(users.Get("2")->remaining_ttl, absl::Seconds(5));
  ASSERT_THAT(users.view().InvalidateTag("t"), IsOk());
  EXPECT_THAT(MGet(users, {"1", "2"}), ElementsAre("-", "-"));
  EXPECT_EQ(Ended(), 3);
  EXPECT_THAT(users.MSet({}), IsOkAndHolds(ElementsAre()));
}

TEST_F(TypedBatchesTest, AllAreWrittenInOneCallAndStayInMemory) {
  Users users = OpenStoredUsers();
  TakeCalls();
  UserCodec::decoded = 0;
  const auto set =
      users.MSet({{"1", Counted("Ada")}, {"2", Counted("Eve")}, {"1", Counted("Bob")}});
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(TakeCalls(), 1u);
  EXPECT_EQ(Stored("1"), "Bob");
  EXPECT_EQ(Stored("2"), "Eve");
  EXPECT_THAT(MGet(users, {"1", "2"}), ElementsAre("Bob", "Eve"));
  EXPECT_EQ(users.Get("1")->version, (*set)[2].version);
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_EQ(UserCodec::decoded, 0);
  EXPECT_EQ(Ended(), 1) << "of two for one key memory takes the last";
}

TEST_F(TypedBatchesTest, ConditionsAreDecidedItemByItem) {
  Users users = OpenStoredUsers();
  Store("1", "Ada");
  const auto set = users.MSet({{"1", Counted("Eve")}, {"2", Counted("Bob")}, {"2", Counted("Kim")}},
                              {.when = SetWhen::kIfAbsent});
  ASSERT_THAT(set, IsOk());
  EXPECT_FALSE((*set)[0].applied);
  EXPECT_TRUE((*set)[1].applied);
  EXPECT_FALSE((*set)[2].applied);
  EXPECT_EQ(Stored("2"), "Bob");
  EXPECT_THAT(MGet(users, {"1", "2"}), ElementsAre("Ada", "Bob"));
  EXPECT_EQ(Ended(), 2);
}

TEST_F(TypedBatchesTest, WhatDoesNotEncodeChangesNothing) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("1", {.name = "Ada"}), IsOk());
  EXPECT_THAT(users.MSet({{"1", Counted("Eve")}, {"2", Counted("?")}}), StatusIs(kUnimplemented));
  EXPECT_THAT(users.MSet({{"1", Counted("Eve")}, {"2", Counted("*encode")}}),
              StatusIs(kInternal, Not(HasSubstr("*"))));
  EXPECT_THAT(users.MSet({{"1", Counted("Eve")}, {"2", Counted("*bytes")}}), StatusIs(kInternal));
  EXPECT_EQ(Stored("1"), "Ada");
  EXPECT_EQ(Stored("2"), "-");
  EXPECT_THAT(MGet(users, {"1", "2"}), ElementsAre("Ada", "-"));
  EXPECT_EQ(Ended(), 6);
}

TEST_F(TypedBatchesTest, WhatTheStoreRefusesChangesNothing) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("1", {.name = "Ada"}), IsOk());
  store_->FailBefore(1, absl::UnavailableError("no store"));
  EXPECT_THAT(users.MSet({{"1", Counted("Eve")}, {"2", Counted("Bob")}}), StatusIs(kUnavailable));
  EXPECT_EQ(Stored("1"), "Ada");
  EXPECT_EQ(NameOf(users.Find("1")), "Ada");
  EXPECT_FALSE(users.Find("2"));
  EXPECT_EQ(Ended(), 2);
}

TEST_F(TypedBatchesTest, BadItemsAreSeenBeforeAnyIsSet) {
  Users users = OpenUsers({.value_bytes_max = 500 << 10});
  EXPECT_THAT(users.MSet({{"1", Counted("Ada")}, {"", Counted("Eve")}}),
              StatusIs(kInvalidArgument));
  EXPECT_THAT(users.MSet({{"1", Counted("Ada")}, {"2", Counted("Eve", (500 << 10) + 1)}}),
              StatusIs(kInvalidArgument));
  EXPECT_THAT(users.MSet({{"1", Counted("Ada")}}, {.ttl = absl::ZeroDuration()}),
              StatusIs(kInvalidArgument));
  EXPECT_EQ(Ended(), 5);
  EXPECT_EQ(cache_->stats().entries, 0u);
}

TEST_F(TypedBatchesTest, WithoutAStoreAnErrorLeavesTheItemsBeforeItSet) {
  Users users = OpenUsers();
  EXPECT_THAT(
      users.MSet(
          {{"1", Counted("Ada")}, {"2", Counted("Large", 400 << 10)}, {"3", Counted("Eve")}}),
      StatusIs(kResourceExhausted));
  EXPECT_THAT(MGet(users, {"1", "2", "3"}), ElementsAre("Ada", "-", "-"));
  EXPECT_EQ(Ended(), 2);
}

TEST_F(TypedBatchesTest, ObjectTooLargeForMemoryGoesToTheStoreAlone) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.MSet({{"1", Counted("Large", 400 << 10)}, {"2", Counted("Eve")}}), IsOk());
  EXPECT_EQ(Stored("1"), "Large");
  EXPECT_FALSE(users.Find("1"));
  EXPECT_EQ(NameOf(users.Find("2")), "Eve");
  EXPECT_EQ(Ended(), 1);
}

TEST_F(TypedBatchesTest, MoveOnlyObjectsAreFine) {
  struct Codec {
    static size_t Bytes(const std::unique_ptr<int>&) { return sizeof(int); }
    static absl::StatusOr<std::string> Encode(const std::unique_ptr<int>&) { return ""; }
    static absl::StatusOr<std::unique_ptr<int>> Decode(std::string_view) { return nullptr; }
  };
  using Numbers = Typed<std::unique_ptr<int>, Codec>;
  CacheFixture::Open();
  Numbers numbers(cache_->In("numbers"));
  std::vector<Numbers::Item> items;
  items.push_back({.key = "a", .value = std::make_unique<int>(7)});
  items.push_back({.key = "b", .value = std::make_unique<int>(8)});
  ASSERT_THAT(numbers.MSet(std::move(items)), IsOk());
  const auto taken = numbers.Take("b");
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(***taken, 8);
}

// --- Taking

TEST_F(TypedBatchesTest, TakeRemovesTheObjectAndPinsIt) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("1", Counted("Ada")), IsOk());
  const User* const object = users.Find("1").get();
  {
    const auto taken = users.Take("1");
    ASSERT_THAT(taken, IsOk());
    EXPECT_EQ(taken->get(), object);
    EXPECT_FALSE(users.Find("1"));
    EXPECT_EQ(Ended(), 0);
    EXPECT_EQ((*taken)->name, "Ada");
  }
  EXPECT_EQ(Ended(), 1);
  EXPECT_EQ(Take(users, "1"), "-");
  EXPECT_THAT(users.Take(""), StatusIs(kInvalidArgument));
}

TEST_F(TypedBatchesTest, TakeHasTheObjectThatMemoryMadeOfTheRow) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("1", {.name = "Ada"}), IsOk());
  Store("2", "Eve");
  ASSERT_THAT(users.Get("2"), IsOk());
  UserCodec::decoded = 0;
  for (const char* key : {"1", "2"}) {
    const TypedValue<User> found = users.Find(key);
    const auto taken = users.Take(key);
    ASSERT_THAT(taken, IsOk());
    EXPECT_EQ(taken->get(), found.get());
    EXPECT_EQ(Stored(key), "-");
    EXPECT_EQ(Take(users, key), "-");
  }
  EXPECT_EQ(UserCodec::decoded, 0);
}

TEST_F(TypedBatchesTest, TakeDecodesTheRowThatMemoryLacks) {
  Users users = OpenStoredUsers();
  Store("42", "Ada");
  UserCodec::decoded = 0;
  EXPECT_EQ(Take(users, "42"), "Ada");
  EXPECT_EQ(UserCodec::decoded, 1);
  EXPECT_EQ(Stored("42"), "-");
  EXPECT_EQ(NameOf(users.Get("42")), "-");
}

TEST_F(TypedBatchesTest, TakeHasTheRowThatAnotherProcessWrote) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("42", Counted("Ada")), IsOk());
  Store("42", "Eve");
  EXPECT_EQ(Take(users, "42"), "Eve");
  EXPECT_EQ(Ended(), 1);
}

TEST_F(TypedBatchesTest, TakeHasWhatALoaderMade) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.GetOrLoad("42", [&](Load&) { return User{.name = "Ada"}; }), IsOk());
  UserCodec::decoded = 0;
  EXPECT_EQ(Take(users, "42"), "Ada");
  EXPECT_EQ(UserCodec::decoded, 0);
}

TEST_F(TypedBatchesTest, TakenRowThatDoesNotDecodeIsAnErrorAndGone) {
  Users users = OpenStoredUsers();
  Store("1", "!");
  Store("2", "*decode");
  EXPECT_THAT(users.Take("1"), StatusIs(kDataLoss));
  EXPECT_THAT(users.Take("2"), StatusIs(kInternal));
  EXPECT_EQ(Stored("1"), "-");
  EXPECT_EQ(Take(users, "1"), "-");
}

TEST_F(TypedBatchesTest, StoreThatFailsLetsNothingBeTaken) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  store_->FailBefore(1, absl::UnavailableError("no store"));
  EXPECT_THAT(users.Take("42"), StatusIs(kUnavailable));
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
  EXPECT_EQ(Stored("42"), "Ada");
}

// --- Objects or bytes

TEST_F(TypedBatchesTest, ComeTooLateWhereBytesWereServed) {
  Open();
  Namespace space = cache_->In("users");
  ASSERT_THAT(space.Set("42", "Ada"), IsOk());
  Users users(space);
  const std::string_view keys[] = {"42", "43"};
  EXPECT_THAT(users.MGet(keys),
              ElementsAre(StatusIs(kFailedPrecondition), StatusIs(kFailedPrecondition)));
  EXPECT_THAT(users.MSet({{"42", Counted("Eve")}}), StatusIs(kFailedPrecondition));
  EXPECT_THAT(users.Take("42"), StatusIs(kFailedPrecondition));
  EXPECT_EQ(Ended(), 1);
  EXPECT_EQ(Stored("42"), "Ada");
  EXPECT_EQ(testing::Text(space.Find("42")), "Ada");
}

TEST_F(TypedBatchesTest, AreRefusedOnceTheCacheIsClosed) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  ASSERT_THAT(cache_->Close(), IsOk());
  const std::string_view key = "42";
  EXPECT_THAT(users.MGet({&key, 1}), ElementsAre(StatusIs(kFailedPrecondition)));
  EXPECT_THAT(users.MSet({{"42", Counted("Eve")}}), StatusIs(kFailedPrecondition));
  EXPECT_THAT(users.Take("42"), StatusIs(kFailedPrecondition));
}

}  // namespace
}  // namespace trivet
