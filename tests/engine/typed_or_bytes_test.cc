// A namespace holds objects of one type, or bytes: who comes first, and what the others get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/engine/typed_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"
#include "trivet/typed.h"

namespace trivet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::NameOf;
using testing::StatusIs;
using testing::Text;
using testing::TypedTest;
using testing::User;
using testing::UserCodec;
using testing::Users;
using enum absl::StatusCode;

// The same bytes, but another codec.
struct OtherCodec : UserCodec {};

TEST_F(TypedTest, CallsAboutBytesDoNotReachObjects) {
  Users users = OpenStoredUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  Namespace bytes = cache_->In("users");
  ASSERT_THAT(bytes.status(), IsOk());
  std::string out = "before";
  EXPECT_FALSE(bytes.Find("42"));
  EXPECT_FALSE(bytes.FindInto("42", &out));
  EXPECT_EQ(out, "before");
  EXPECT_FALSE(bytes.Visit("42", [](std::string_view) { FAIL(); }));
  const std::vector<std::string_view> keys = {"42", "43"};
  const std::vector<Namespace::Item> items = {{"42", "Eve"}};
  EXPECT_THAT(bytes.Get("42"), StatusIs(kFailedPrecondition, HasSubstr("objects")));
  EXPECT_THAT(bytes.GetOrLoad("42", [](Load&) { return std::string("Eve"); }),
              StatusIs(kFailedPrecondition));
  EXPECT_THAT(bytes.MGet(keys),
              ElementsAre(StatusIs(kFailedPrecondition), StatusIs(kFailedPrecondition)));
  EXPECT_THAT(bytes.Set("42", "Eve"), StatusIs(kFailedPrecondition));
  EXPECT_THAT(bytes.MSet(items), StatusIs(kFailedPrecondition));
  EXPECT_THAT(bytes.Take("42"), StatusIs(kFailedPrecondition));
  EXPECT_THAT(bytes.Increment("42"), StatusIs(kFailedPrecondition));
  EXPECT_THAT(bytes.ForEach([](std::string_view, std::string_view) { return true; }),
              StatusIs(kFailedPrecondition));
  EXPECT_EQ(Stored("42"), "Ada");
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
}

TEST_F(TypedTest, ScanTellsKeysAndNoBytes) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  const absl::StatusOr<ScanPage> page = cache_->In("users").Scan({});
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].key, "42");
  EXPECT_EQ(page->items[0].value.bytes(), "");
  EXPECT_EQ(Users::Of(page->items[0].value)->name, "Ada");
}

TEST_F(TypedTest, ListenerGetsTheObjectAndNoBytes) {
  std::vector<std::string> told;
  const auto listen = [&told](const Removal& removal) {
    EXPECT_EQ(removal.value.bytes(), "");
    const User* user = Users::Of(removal.value);
    told.push_back(user == nullptr ? "-" : user->name);
    EXPECT_EQ((Typed<User, OtherCodec>::Of(removal.value)), nullptr);
    EXPECT_EQ((Typed<int, TrivialCodec<int>>::Of(removal.value)), nullptr);
  };
  Users users = OpenUsers({.removal_listener = listen});
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  ASSERT_THAT(users.view().Delete("42"), IsOk());
  EXPECT_THAT(told, ElementsAre("Ada"));
  EXPECT_EQ(Users::Of(Value()), nullptr);
}

TEST_F(TypedTest, ComesTooLateWhereBytesWereServed) {
  CacheFixture::Open();
  Namespace space = cache_->In("users");
  EXPECT_FALSE(space.Find("42"));
  Users users(space);
  EXPECT_THAT(users.status(), StatusIs(kFailedPrecondition));
  EXPECT_THAT(users.Set("42", Counted("Ada")), StatusIs(kFailedPrecondition));
  EXPECT_THAT(users.Get("42"), StatusIs(kFailedPrecondition));
  EXPECT_THAT(users.GetOrLoad("42", [](Load&) { return User(); }), StatusIs(kFailedPrecondition));
  EXPECT_THAT(users.view().Delete("42"), StatusIs(kFailedPrecondition));
  EXPECT_FALSE(users.Find("42"));
  EXPECT_FALSE(users.Visit("42", [](const User&) { FAIL(); }));
  EXPECT_EQ(Ended(), 1);
  ASSERT_THAT(space.Set("42", "Ada"), IsOk());
  EXPECT_EQ(Text(space.Get("42")), "Ada");
}

TEST_F(TypedTest, CallsThatAreNotAboutValuesDecideNothing) {
  CacheFixture::Open();
  Namespace space = cache_->In("users");
  EXPECT_THAT(space.Has("42"), IsOkAndHolds(false));
  EXPECT_THAT(space.Delete("42"), IsOkAndHolds(false));
  EXPECT_THAT(space.InvalidateTag("t"), IsOk());
  EXPECT_THAT(space.Clear(), IsOk());
  EXPECT_THAT(space.Get(""), StatusIs(kInvalidArgument));
  EXPECT_THAT(Users(space).status(), IsOk());
}

TEST_F(TypedTest, NamespaceHoldsOneTypeWithOneCodec) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  EXPECT_THAT((Typed<User, OtherCodec>(cache_->In("users")).status()),
              StatusIs(kFailedPrecondition));
  EXPECT_THAT((Typed<std::string, StringCodec>(cache_->In("users")).status()),
              StatusIs(kFailedPrecondition));
  EXPECT_THAT((Typed<std::string, StringCodec>(cache_->In("names")).status()), IsOk());
  const Users again(cache_->In("users"));
  ASSERT_THAT(again.status(), IsOk());
  EXPECT_EQ(NameOf(again.Find("42")), "Ada");
}

TEST_F(TypedTest, HasTheStatusOfABadNamespace) {
  CacheFixture::Open();
  Users users(cache_->In(""));
  EXPECT_THAT(users.status(), StatusIs(kInvalidArgument));
  EXPECT_FALSE(users.Find("42"));
  EXPECT_THAT(users.Set("42", {}), StatusIs(kInvalidArgument));
}

TEST_F(TypedTest, OfOpensAndBytesOnlyOneWins) {
  CacheFixture::Open();
  for (int round = 0; round < 100; ++round) {
    const std::string name = std::to_string(round);
    std::atomic<int> won{0};
    std::thread bytes([&] { won += cache_->In(name).Set("42", "Ada").ok() ? 1 : 0; });
    std::thread objects([&] { won += Users(cache_->In(name)).Set("42", {}).ok() ? 1 : 0; });
    bytes.join();
    objects.join();
    EXPECT_EQ(won, 1);
  }
}

}  // namespace
}  // namespace trivet
