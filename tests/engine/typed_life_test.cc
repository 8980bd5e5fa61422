// Live objects: how long they live, and what they cost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/engine/typed_fixture.h"
#include "tests/support/read_modes.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"
#include "trivet/typed.h"

namespace trivet {
namespace {

using testing::AtEnd;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::NameOf;
using ::testing::Not;
using testing::StatusIs;
using testing::TypedTest;
using testing::User;
using testing::Users;
using enum absl::StatusCode;

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

class TypedReadersTest : public TypedTest, public ::testing::WithParamInterface<bool> {
 protected:
  const testing::ScopedReaderFence fence_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Fences, TypedReadersTest, ::testing::Bool(), testing::FenceName);

TEST_P(TypedReadersTest, MeetWholeObjectsWhileWritersReplaceThem) {
  Users users = OpenUsers({.memory_bytes = 1 << 20, .shards = 2});
  constexpr int kWrites = 2000;
  constexpr int kReads = 2000;
  std::atomic<int> made{0};
  std::atomic<int> reads{0};
  std::atomic<bool> done{false};
  const auto make = [&](char letter) {
    ++made;
    return User{.name = std::string(100, letter), .end = AtEnd([this] { ++ended_; })};
  };
  const auto check = [&](const User& user) {
    ++reads;
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
  for (int i = 0; i < kWrites || reads < kReads; ++i) {
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

}  // namespace
}  // namespace trivet
