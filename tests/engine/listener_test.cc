// What the removal listener is told, when, and what it may do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
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
using ::testing::IsEmpty;
using testing::IsOk;
using testing::RemovalLog;
using testing::StatusIs;
using testing::Text;
using ::testing::UnorderedElementsAre;

class ListenerTest : public testing::StoreFixture {
 protected:
  // Memory alone.
  Namespace OpenUsers(CacheOptions options = {}) {
    options.removal_listener = removals_.Listener();
    CacheFixture::Open(std::move(options));
    return cache_->In("users");
  }

  RemovalLog removals_;
};

TEST_F(ListenerTest, IsToldOfEachCause) {
  Namespace users = OpenUsers({.max_entries = 2});
  ASSERT_THAT(users.Set("a", "1"), IsOk());
  ASSERT_THAT(users.Set("a", "2"), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/a replaced"));
  ASSERT_THAT(users.Delete("a"), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/a explicit"));
  ASSERT_THAT(users.Set("a", "1"), IsOk());
  ASSERT_THAT(users.Take("a"), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/a explicit"));
  for (const char* key : {"a", "b", "c"}) ASSERT_THAT(users.Set(key, "1"), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/a evicted"));
  ASSERT_THAT(users.Invalidate("b"), IsOk());
  ASSERT_THAT(users.InvalidatePattern("c"), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/b invalidated", "users/c invalidated"));
  ASSERT_THAT(users.Set("d", "1", {.tags = {"t"}}), IsOk());
  ASSERT_THAT(users.InvalidateTag("t"), IsOk());
  MaintainAll();
  EXPECT_THAT(removals_.Take(), ElementsAre("users/d invalidated"));
  ASSERT_THAT(users.Set("e", "1"), IsOk());
  ASSERT_THAT(users.Clear(), IsOk());
  MaintainAll();
  EXPECT_THAT(removals_.Take(), ElementsAre("users/e invalidated"));
  ASSERT_THAT(users.Set("f", "1", {.ttl = absl::Seconds(1)}), IsOk());
  clock_.Advance(absl::Seconds(1));
  MaintainAll();
  EXPECT_THAT(removals_.Take(), ElementsAre("users/f expired"));
}

TEST_F(ListenerTest, IsToldOfValuesThatTheStoreAloneCanHold) {
  StoreFixture::Open({.memory_bytes = 64 << 10, .removal_listener = removals_.Listener()});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("a", "small"), IsOk());
  ASSERT_THAT(users.Set("a", std::string(20'000, 'x')), IsOk());
  EXPECT_THAT(removals_.Take(), ElementsAre("users/a oversize"));
}

TEST_F(ListenerTest, IsNotToldOfWhatNeverWasInMemory) {
  Namespace users = OpenUsers({.memory_bytes = 64 << 10});
  EXPECT_THAT(users.Set("a", std::string(20'000, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted));
  ASSERT_THAT(users.Delete("a"), IsOk());
  ASSERT_THAT(users.Invalidate("a"), IsOk());
  EXPECT_EQ(Text(users.GetOrLoad("a",
                                 [](Load& load) {
                                   load.DoNotCache();
                                   return std::string("v");
                                 })),
            "v");
  EXPECT_THAT(removals_.Take(), IsEmpty());
}

TEST_F(ListenerTest, IsNotToldOfTheEndOfTheCache) {
  Namespace users = OpenUsers();
  ASSERT_THAT(users.Set("a", "1"), IsOk());
  cache_.reset();
  EXPECT_THAT(removals_.Take(), IsEmpty());
}

TEST_F(ListenerTest, IsToldOfEachEntryOnce) {
  Namespace users = OpenUsers({.max_entries = 50, .shards = 2});
  for (int i = 0; i < 1000; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  const std::vector<std::string> told = removals_.Take();
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()).size(), told.size());
  EXPECT_EQ(told.size(), users.stats().evicted);
  EXPECT_EQ(told.size() + users.stats().entries, 1000u);
}

TEST_F(ListenerTest, SeesTheValueAndMayKeepIt) {
  Value kept;
  std::string key;
  CacheFixture::Open({.removal_listener = [&](const Removal& removal) {
    EXPECT_EQ(removal.namespace_name, "users");
    EXPECT_EQ(removal.value.bytes(), "json");
    key = removal.key;
    kept = removal.value;
  }});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  ASSERT_THAT(users.Delete("42"), IsOk());
  EXPECT_EQ(key, "42");
  EXPECT_EQ(Text(kept), "json");
  EXPECT_GT(cache_->stats().pinned_bytes, 0u);
  EXPECT_THAT(cache_->Close(), StatusIs(absl::StatusCode::kFailedPrecondition));
  kept.Reset();
  EXPECT_THAT(cache_->Close(), IsOk());
}

TEST_F(ListenerTest, RunsOnTheThreadWhoseCallRemovedTheEntry) {
  std::thread::id told_on;
  CacheFixture::Open(
      {.removal_listener = [&](const Removal&) { told_on = std::this_thread::get_id(); }});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  std::thread::id deleted_on;
  std::thread([&] {
    deleted_on = std::this_thread::get_id();
    EXPECT_THAT(cache_->In("users").Delete("42"), IsOk());
  }).join();
  EXPECT_EQ(told_on, deleted_on);
}

TEST_F(ListenerTest, RunsInTheBackgroundWhereTheThreadThereRemovesTheEntry) {
  std::atomic<bool> told{false};
  auto cache = *Cache::Open({.max_entries = 10,
                             .removal_listener = [&](const Removal&) { told = true; },
                             .clock = &clock_});
  ASSERT_THAT(cache->In("users").Set("42", "json", {.ttl = absl::Seconds(1)}), IsOk());
  clock_.Advance(absl::Seconds(1));
  while (!told) std::this_thread::yield();
}

// The listener does whatever a program may do, in a cache with a single shard: were any lock held,
// it would wait for itself for ever.
TEST_F(ListenerTest, MayCallTheCacheAgain) {
  int depth = 0;
  std::vector<std::string> told;
  CacheFixture::Open(
      {.max_entries = 4, .removal_listener = [&](const Removal& removal) {
         told.push_back(std::string(removal.key) + " " + RemovalCauseName(removal.cause));
         if (++depth > 1) return;
         Namespace view = cache_->In(removal.namespace_name);
         const std::string_view keys[] = {"x", "y"};
         const Namespace::Item items[] = {{"x", "1"}, {"y", "2"}};
         view.Find(removal.key);
         EXPECT_THAT(view.MSet(items, {.tags = {"of the listener"}}), IsOk());
         EXPECT_THAT(view.Get("x"), IsOk());
         EXPECT_THAT(view.MDelete(keys), IsOk());
         EXPECT_EQ(Text(view.GetOrLoad("z", [](Load&) { return std::string("3"); })), "3");
         EXPECT_THAT(view.Increment("n", 5), testing::IsOkAndHolds(5));
         EXPECT_THAT(view.Invalidate("n"), IsOk());
         EXPECT_THAT(view.InvalidateTag("of the listener"), IsOk());
         EXPECT_THAT(view.InvalidatePattern("z"), IsOk());
         EXPECT_THAT(view.Scan({}), IsOk());
         EXPECT_THAT(view.Clear(), IsOk());
         EXPECT_THAT(cache_->Resize({.max_entries = 5}), IsOk());
         cache_->Maintain(100);
         cache_->stats();
       }});
  Namespace users = cache_->In("users");
  const std::function<void()> kRemovals[] = {
      [&] { ASSERT_THAT(users.Delete("42"), IsOk()); },
      [&] { ASSERT_THAT(users.Set("42", "new"), IsOk()); },
      [&] { ASSERT_THAT(users.Invalidate("42"), IsOk()); },
      [&] { ASSERT_THAT(users.InvalidatePattern("4*"), IsOk()); },
      [&] {
        ASSERT_THAT(users.Clear(), IsOk());
        MaintainAll();
      },
      [&] {
        clock_.Advance(absl::Seconds(10));
        EXPECT_FALSE(users.Find("42"));
      },
      [&] {
        for (int i = 0; i < 10; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
      },
      [&] { ASSERT_THAT(cache_->Resize({.max_entries = 1}), IsOk()); },
  };
  for (const auto& remove : kRemovals) {
    ASSERT_THAT(cache_->ClearAll(), IsOk());
    depth = 1;  // not while the stage is set
    MaintainAll();
    ASSERT_THAT(cache_->Resize({.max_entries = 5}), IsOk());
    ASSERT_THAT(users.Set("41", "json", {.ttl = absl::Seconds(20)}), IsOk());
    ASSERT_THAT(users.Set("42", "json", {.ttl = absl::Seconds(10)}), IsOk());
    depth = 0;
    told.clear();
    remove();
    EXPECT_GT(depth, 5) << "its own removals were told, too";
  }
}

TEST_F(ListenerTest, MayWaitForThoseWhoJoinedTheLoad) {
  std::atomic<bool> has_joined{false};
  const auto await_joiner = [&](const Removal& removal) {
    while (removal.key == "old" && !has_joined) std::this_thread::yield();
  };
  CacheFixture::Open({.max_entries = 1, .removal_listener = await_joiner});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("old", "1"), IsOk());
  std::thread joiner;
  const auto loaded = users.GetOrLoad("new", [&](Load&) -> Loaded {
    joiner = std::thread([&] {
      EXPECT_EQ(Text(users.GetOrLoad("new", [](Load&) -> Loaded { return "joiner"; })), "2");
      has_joined = true;
    });
    AwaitJoins(1);
    return "2";
  });
  EXPECT_EQ(Text(loaded), "2");
  joiner.join();
}

TEST_F(ListenerTest, MayCloseTheCacheInACallOfTheProgram) {
  absl::Status closed;
  CacheFixture::Open({.removal_listener = [&](const Removal&) { closed = cache_->Close(); }});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  ASSERT_THAT(users.Delete("42"), IsOk());
  EXPECT_THAT(closed, StatusIs(absl::StatusCode::kFailedPrecondition))
      << "the value it is told of is out";
  EXPECT_THAT(cache_->Close(), IsOk());
}

TEST_F(ListenerTest, HearsEveryRemovalWhenThreadsWriteAtOnce) {
  Namespace users = OpenUsers({.max_entries = 64, .shards = 4});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Namespace view = cache_->In("users");
      for (int turn = 0; turn < 1000; ++turn) {
        const std::string key = std::to_string((turn * 7 + i) % 200);
        EXPECT_THAT(view.Set(key, "v"), IsOk());
        if (turn % 3 == 0) {
          EXPECT_THAT(view.Delete(key), IsOk());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Stats stats = users.stats();
  EXPECT_EQ(stats.sets, 4000u);
  EXPECT_EQ(removals_.Take().size(), stats.evicted + stats.replaced + stats.removed_explicit);
  EXPECT_EQ(stats.sets, stats.entries + stats.evicted + stats.replaced + stats.removed_explicit);
}

using ListenerDeathTest = ListenerTest;

TEST_F(ListenerDeathTest, AListenerThatThrowsEndsTheProgram) {
  // Through a store: there listeners are told before the write returns, not by a destructor.
  const auto replace = [this] {
    Open({.memory_bytes = 1 << 20, .removal_listener = [](const Removal&) {
            throw std::runtime_error("out of the listener");
          }});
    Namespace users = cache_->In("users");
    static_cast<void>(users.Set("42", "old"));
    static_cast<void>(users.Set("42", "new"));
  };
  EXPECT_DEATH(replace(), "out of the listener");
}

}  // namespace
}  // namespace trivet
