// Namespaces of live objects: what is read, and what loaders make.
#include "trivet/typed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "tests/engine/typed_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using testing::IsOk;
using testing::IsOkAndHolds;
using testing::NameOf;
using testing::StatusIs;
using testing::TypedTest;
using testing::User;
using testing::Users;
using enum absl::StatusCode;

// --- Reading

TEST_F(TypedTest, HitIsTheObjectItself) {
  Users users = OpenUsers();
  ASSERT_THAT(users.status(), IsOk());
  ASSERT_THAT(users.Set("42", {.name = "Ada"}), IsOk());
  const User* visited = nullptr;
  EXPECT_TRUE(users.Visit("42", [&](const User& user) { visited = &user; }));
  const TypedValue<User> found = users.Find("42");
  EXPECT_EQ(found.get(), visited);
  EXPECT_EQ((*found).name, "Ada");
  const absl::StatusOr<TypedResult<User>> got = users.Get("42");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->value.get(), visited);
  EXPECT_EQ(got->tier, Tier::kMemory);
  EXPECT_GT(got->version, 0u);
}

TEST_F(TypedTest, MissIsEmpty) {
  Users users = OpenUsers();
  EXPECT_FALSE(users.Visit("42", [](const User&) { FAIL(); }));
  EXPECT_FALSE(users.Find("42"));
  EXPECT_FALSE(users.Find(""));
  EXPECT_EQ(NameOf(users.Get("42")), "-");
  EXPECT_THAT(users.Get(""), StatusIs(kInvalidArgument));
  EXPECT_EQ(users.view().stats().misses, 3u);
}

TEST_F(TypedTest, VisitsAllObjects) {
  Users users = OpenUsers();
  for (const char* key : {"a", "b", "c"}) ASSERT_THAT(users.Set(key, {.name = key}), IsOk());
  std::string seen;
  EXPECT_THAT(users.ForEach([&](std::string_view key, const User& user) {
    EXPECT_EQ(key, user.name);
    seen += key;
    return seen.size() < 2;
  }),
              IsOk());
  EXPECT_EQ(seen.size(), 2u);
}

TEST_F(TypedTest, WhatIsNotAboutValuesWorksOnTheView) {
  Users users = OpenUsers();
  for (const char* key : {"a", "b", "c", "d"}) {
    ASSERT_THAT(users.Set(key, {.name = key}, {.tags = {std::string("tag ") + key}}), IsOk());
  }
  EXPECT_THAT(users.view().Has("a"), IsOkAndHolds(true));
  EXPECT_THAT(users.view().Touch("a", absl::Seconds(1)), IsOkAndHolds(true));
  EXPECT_THAT(users.view().Delete("a"), IsOkAndHolds(true));
  EXPECT_THAT(users.view().InvalidateTag("tag b"), IsOk());
  EXPECT_THAT(users.view().InvalidatePattern("c*"), IsOkAndHolds(1u));
  EXPECT_FALSE(users.Find("a"));
  EXPECT_FALSE(users.Find("b"));
  EXPECT_FALSE(users.Find("c"));
  EXPECT_EQ(NameOf(users.Find("d")), "d");
  EXPECT_THAT(users.view().Clear(), IsOk());
  EXPECT_FALSE(users.Find("d"));
}

TEST_F(TypedTest, HandlesCopyAndMove) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("a", Counted("a")), IsOk());
  TypedValue<User> first = users.Find("a");
  TypedValue<User> second = first;
  const TypedValue<User> third = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the question
  second = {};
  EXPECT_EQ(third->name, "a");
  ASSERT_THAT(users.view().Delete("a"), IsOk());
  EXPECT_EQ(Ended(), 0);
}

TEST_F(TypedTest, MoveOnlyObjectsAreFine) {
  struct Codec {
    static size_t Bytes(const std::unique_ptr<int>&) { return sizeof(int); }
    static absl::StatusOr<std::string> Encode(const std::unique_ptr<int>&) { return ""; }
    static absl::StatusOr<std::unique_ptr<int>> Decode(std::string_view) { return nullptr; }
  };
  CacheFixture::Open();
  Typed<std::unique_ptr<int>, Codec> numbers(cache_->In("numbers"));
  ASSERT_THAT(numbers.Set("a", std::make_unique<int>(7)), IsOk());
  EXPECT_EQ(**numbers.Find("a"), 7);
}

// --- Loaders

TEST_F(TypedTest, LoaderMakesObjects) {
  Users users = OpenUsers();
  int loads = 0;
  const auto make = [&](Load& load) {
    ++loads;
    load.AddTag("t");
    return User{.name = "loaded"};
  };
  const auto first = users.GetOrLoad("a", make);
  EXPECT_EQ(NameOf(first), "loaded");
  EXPECT_EQ(first->tier, Tier::kLoader);
  EXPECT_EQ(NameOf(users.GetOrLoad("a", make)), "loaded");
  EXPECT_EQ(loads, 1);
  ASSERT_THAT(users.view().InvalidateTag("t"), IsOk());
  EXPECT_EQ(NameOf(users.GetOrLoad("a", make)), "loaded");
  EXPECT_EQ(loads, 2);
}

TEST_F(TypedTest, LoaderMayHaveNothingOrFail) {
  Users users = OpenUsers();
  EXPECT_EQ(NameOf(users.GetOrLoad("a", [](Load&) { return std::optional<User>(); })), "-");
  const auto fail = [](Load&) -> absl::StatusOr<User> { return absl::UnavailableError("later"); };
  EXPECT_THAT(users.GetOrLoad("a", fail), StatusIs(kUnavailable));
  const auto make = [&](Load& load) {
    load.DoNotCache();
    return Counted("passing");
  };
  EXPECT_EQ(NameOf(users.GetOrLoad("a", make)), "passing");
  EXPECT_EQ(Ended(), 1);
  EXPECT_THAT(users.GetOrLoad("a", [&](Load&) { return Counted("*bytes"); }), StatusIs(kInternal));
  EXPECT_THAT(users.GetOrLoad("a", [](Load&) -> User { throw std::runtime_error("no"); }),
              StatusIs(kInternal));
  const auto bad_ttl = [&](Load& load) {
    load.SetTtl(absl::ZeroDuration());
    return Counted("bad");
  };
  EXPECT_THAT(users.GetOrLoad("a", bad_ttl), StatusIs(kInvalidArgument));
  EXPECT_EQ(Ended(), 3);
  EXPECT_EQ(cache_->stats().entries, 0u);
}

}  // namespace
}  // namespace trivet
