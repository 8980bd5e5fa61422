// Namespaces of live objects: how long they live, what they cost, and what bytes have to do with
// it.
#include "trivet/typed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::ElementsAre;
using testing::Gate;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::StatusIs;
using testing::Text;
using enum absl::StatusCode;

// A name, what it is said to take, and what happens when the object ends.
struct User {
  std::string name;
  size_t bytes = 100;
  std::shared_ptr<void> end = nullptr;
};

std::shared_ptr<void> AtEnd(std::function<void()> run) {
  return {nullptr, [run = std::move(run)](void*) { run(); }};
}

std::atomic<int> decoded{0};

// The name; names that begin with '!' do not come back, those with '?' do not go, '*' throws.
struct UserCodec {
  static size_t Bytes(const User& user) {
    if (user.name == "*bytes") throw std::runtime_error(user.name);
    return user.bytes;
  }
  static absl::StatusOr<std::string> Encode(const User& user) {
    if (user.name == "*encode") throw std::runtime_error(user.name);
    if (user.name.starts_with('?')) return absl::UnimplementedError("no such user");
    return user.name;
  }
  static absl::StatusOr<User> Decode(std::string_view bytes) {
    ++decoded;
    if (bytes == "*decode") throw std::runtime_error("decode");
    if (bytes.starts_with('!')) return absl::DataLossError("not a user");
    return User{.name = std::string(bytes)};
  }
};

// The same bytes, but another codec.
struct OtherCodec : UserCodec {};

using Users = Typed<User, UserCodec>;

std::string NameOf(const TypedValue<User>& user) { return user ? user->name : "-"; }
std::string NameOf(const absl::StatusOr<TypedResult<User>>& user) {
  return user.ok() ? NameOf(user->value) : user.status().ToString();
}

class TypedTest : public testing::StoreFixture {
 protected:
  // Memory alone.
  Users OpenUsers(CacheOptions options = {}) {
    CacheFixture::Open(std::move(options));
    return Users(cache_->In("users"));
  }
  // In front of the store.
  Users OpenStoredUsers() {
    Open();
    return Users(cache_->In("users"));
  }

  User Counted(std::string name, size_t bytes = 100) {
    return {.name = std::move(name), .bytes = bytes, .end = AtEnd([this] { ++ended_; })};
  }

  // Maintenance frees what has left before it began.
  int Ended() {
    MaintainAll();
    cache_->Maintain(1);
    return ended_;
  }

  std::atomic<int> ended_{0};
};

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

// --- The life of an object

TEST_F(TypedTest, ObjectEndsOnceWhenItHasLeftAndNobodyPinsIt) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("a", Counted("first")), IsOk());
  TypedValue<User> pinned = users.Find("a");
  ASSERT_THAT(users.Set("a", Counted("second")), IsOk());
  EXPECT_EQ(Ended(), 0);
  EXPECT_EQ(pinned->name, "first");
  EXPECT_EQ(NameOf(users.Find("a")), "second");
  pinned.Reset();
  EXPECT_EQ(Ended(), 1);
  ASSERT_THAT(users.view().Delete("a"), IsOk());
  EXPECT_EQ(Ended(), 2);
  EXPECT_EQ(cache_->stats().bytes, 0u);
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u);
}

TEST_F(TypedTest, ObjectEndsWithTheCache) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("a", Counted("a")), IsOk());
  ASSERT_THAT(users.Set("b", Counted("b")), IsOk());
  ASSERT_THAT(users.view().Delete("b"), IsOk());
  cache_.reset();
  EXPECT_EQ(ended_, 2);
}

TEST_F(TypedTest, ObjectEndsOnAnyThread) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("a", User{.name = "a", .end = AtEnd([this] { ++ended_; })}), IsOk());
  TypedValue<User> pinned = users.Find("a");
  ASSERT_THAT(users.view().Delete("a"), IsOk());
  EXPECT_EQ(Ended(), 0);
  std::thread([&] { pinned.Reset(); }).join();
  EXPECT_EQ(ended_, 1);
}

// All keys are in one shard: a lock that is held would be met again.
TEST_F(TypedTest, DestructorMayCallTheCache) {
  Users users = OpenUsers();
  const auto set = [&](const std::string& key, SetOptions options = {}) {
    auto end = AtEnd([&] {
      ++ended_;
      EXPECT_THAT(users.Set("log", {.name = "ended"}), IsOk());
      EXPECT_THAT(users.view().InvalidatePattern("none*"), IsOk());
    });
    return users.Set(key, {.name = key, .end = std::move(end)}, options);
  };
  ASSERT_THAT(set("replaced"), IsOk());
  ASSERT_THAT(set("replaced"), IsOk());
  EXPECT_EQ(Ended(), 1);
  ASSERT_THAT(users.view().Delete("replaced"), IsOk());
  EXPECT_EQ(Ended(), 2);
  ASSERT_THAT(set("expired", {.ttl = absl::Seconds(1)}), IsOk());
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Ended(), 3);
  ASSERT_THAT(set("tagged", {.tags = {"t"}}), IsOk());
  ASSERT_THAT(users.view().InvalidateTag("t"), IsOk());
  EXPECT_EQ(Ended(), 4);
  ASSERT_THAT(set("cleared"), IsOk());
  ASSERT_THAT(users.view().Clear(), IsOk());
  EXPECT_EQ(Ended(), 5);
  ASSERT_THAT(set("evicted"), IsOk());
  ASSERT_THAT(users.Set("newer", {.name = "newer"}), IsOk());
  ASSERT_THAT(cache_->Resize({.max_entries = 1}), IsOk());
  EXPECT_EQ(Ended(), 6);
}

TEST_F(TypedTest, ObjectThatWasRefusedEndsToo) {
  Users users = OpenUsers({.value_bytes_max = 500 << 10});
  EXPECT_THAT(users.Set("", Counted("a")), StatusIs(kInvalidArgument));
  EXPECT_THAT(users.Set("a", Counted("a"), {.ttl = absl::ZeroDuration()}),
              StatusIs(kInvalidArgument));
  EXPECT_THAT(users.Set("a", Counted("a", (500 << 10) + 1)), StatusIs(kInvalidArgument));
  EXPECT_THAT(users.Set("a", Counted("a", size_t{0} - 1)), StatusIs(kInvalidArgument));
  EXPECT_THAT(users.Set("a", Counted("a", 400 << 10)), StatusIs(kResourceExhausted));
  EXPECT_THAT(users.Set("a", Counted("*bytes")), StatusIs(kInternal, Not(HasSubstr("*"))));
  const auto absent = users.Set("a", Counted("a"), {.when = SetWhen::kIfPresent});
  ASSERT_THAT(absent, IsOk());
  EXPECT_FALSE(absent->applied);
  EXPECT_EQ(Ended(), 7);
  EXPECT_EQ(cache_->stats().entries, 0u);
}

TEST_F(TypedTest, ReadersMeetWholeObjectsWhileWritersReplaceThem) {
  Users users = OpenUsers({.memory_bytes = 1 << 20, .shards = 2});
  constexpr int kWrites = 2000;
  std::atomic<int> made{0};
  std::atomic<bool> done{false};
  const auto make = [&](char letter) {
    ++made;
    return User{.name = std::string(100, letter), .end = AtEnd([this] { ++ended_; })};
  };
  const auto check = [](const User& user) {
    EXPECT_EQ(user.name, std::string(100, user.name.front()));
  };
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      while (!done) {
        users.Visit("a", check);
        if (const TypedValue<User> user = users.Find(reader == 0 ? "a" : "b")) check(*user);
      }
    });
  }
  for (int i = 0; i < kWrites; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    EXPECT_THAT(users.Set(i % 3 == 0 ? "b" : "a", make(letter)), IsOk());
    if (i % 50 == 0) {
      EXPECT_THAT(users.view().Delete("a"), IsOk());
    }
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  cache_.reset();
  EXPECT_EQ(ended_, made);
}

// --- The budget

TEST_F(TypedTest, BudgetIsChargedWithWhatTheCodecTells) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("a", {.name = "a", .bytes = 0}), IsOk());
  const uint64_t bare = cache_->stats().bytes;
  ASSERT_THAT(users.Set("a", {.name = "a", .bytes = 5000}), IsOk());
  EXPECT_EQ(cache_->stats().bytes, bare + 5000);
  TypedValue<User> pinned = users.Find("a");
  ASSERT_THAT(users.view().Delete("a"), IsOk());
  EXPECT_EQ(cache_->stats().bytes, 0u);
  EXPECT_EQ(cache_->stats().pinned_bytes, bare + 5000);
  pinned.Reset();
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u);
}

TEST_F(TypedTest, BudgetEvictsObjects) {
  for (const char* policy : {"lru", "s3fifo"}) {
    ended_ = 0;
    auto cache = Cache::Open({.memory_bytes = 1 << 20,
                              .shards = 1,
                              .policy = policy,
                              .background_maintenance = false,
                              .clock = &clock_});
    ASSERT_THAT(cache, IsOk());
    Users users((*cache)->In("users"));
    for (int i = 0; i < 500; ++i) {
      ASSERT_THAT(users.Set(std::to_string(i), Counted("x", 10'000)), IsOk());
    }
    const Stats stats = (*cache)->stats();
    EXPECT_GT(stats.entries, 50u) << policy;
    EXPECT_LE(stats.entries * 10'000, size_t{1} << 20) << policy;
    EXPECT_EQ(stats.evicted, 500 - stats.entries) << policy;
    cache->reset();
    EXPECT_EQ(ended_, 500) << policy;
  }
}

TEST_F(TypedTest, TtlsHold) {
  Users users = OpenUsers();
  ASSERT_THAT(users.Set("a", Counted("a"), {.ttl = absl::Seconds(10)}), IsOk());
  ASSERT_THAT(users.Set("b", Counted("b"), {.idle_ttl = absl::Seconds(16)}), IsOk());
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(NameOf(users.Find("a")), "a");
  EXPECT_EQ(NameOf(users.Find("b")), "b");
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(users.Find("a"));
  EXPECT_EQ(NameOf(users.Find("b")), "b");
  clock_.Advance(absl::Seconds(18));
  EXPECT_FALSE(users.Find("b"));
  EXPECT_EQ(Ended(), 2);
}

// Entries of bytes are moved out of slabs that are hardly used; an object has one owner.
TEST_F(TypedTest, ObjectsStayWhereTheyAreWhenSlabsEmpty) {
  constexpr int kObjects = 60'000;
  Users users = OpenUsers({.memory_bytes = 256 << 20});
  const std::string padding(200, '.');
  for (int i = 0; i < kObjects; ++i) {
    ASSERT_THAT(users.Set(std::to_string(i) + padding, Counted(std::to_string(i))), IsOk());
  }
  for (int i = 0; i < kObjects; ++i) {
    if (i % 16 == 0) continue;
    ASSERT_THAT(users.view().Delete(std::to_string(i) + padding), IsOk());
  }
  EXPECT_EQ(Ended(), kObjects - kObjects / 16);
  for (int i = 0; i < kObjects; i += 16) {
    ASSERT_EQ(NameOf(users.Find(std::to_string(i) + padding)), std::to_string(i));
  }
  cache_.reset();
  EXPECT_EQ(ended_, kObjects);
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

// --- The store

TEST_F(TypedTest, StoreHasTheBytes) {
  Users users = OpenStoredUsers();
  const auto set = users.Set("42", Counted("Ada"));
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(Stored("42"), "Ada");
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
  ASSERT_THAT(users.view().Invalidate("42"), IsOk());
  EXPECT_EQ(Ended(), 1);
  decoded = 0;
  const auto got = users.Get("42");
  EXPECT_EQ(NameOf(got), "Ada");
  EXPECT_EQ(got->tier, Tier::kStore);
  EXPECT_EQ(got->version, set->version);
  EXPECT_EQ(NameOf(users.Get("42")), "Ada");
  EXPECT_EQ(NameOf(users.Find("42")), "Ada");
  EXPECT_EQ(decoded, 1);
  ASSERT_THAT(users.view().Delete("42"), IsOkAndHolds(true));
  EXPECT_EQ(Stored("42"), "-");
  EXPECT_EQ(NameOf(users.Get("42")), "-");
}

TEST_F(TypedTest, OneDecodesForAllWhoWait) {
  Users users = OpenStoredUsers();
  Store("42", "Ada");
  decoded = 0;
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
  EXPECT_EQ(decoded, 1);
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

// --- Objects or bytes

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

}  // namespace
}  // namespace trivet
