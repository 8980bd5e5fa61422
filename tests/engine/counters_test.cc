// Every operation that has returned is counted once, in its namespace and in the sum.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using testing::IsOk;
using testing::ScaledCount;

class CountersTest : public testing::StoreFixture {
 protected:
  // Memory alone.
  Namespace OpenUsers(CacheOptions options = {}) {
    CacheFixture::Open(std::move(options));
    return cache_->In("users");
  }
};

TEST_F(CountersTest, ANewCacheHasCountedNothing) {
  const Stats stats = OpenUsers().stats();
  EXPECT_EQ(stats.hits + stats.misses + stats.sets + stats.entries + stats.bytes, 0u);
  EXPECT_EQ(stats.hit_ratio(), 0.0);
}

TEST_F(CountersTest, EveryReadIsAHitOrAMiss) {
  Namespace users = OpenUsers();
  ASSERT_THAT(users.Set("there", "v"), IsOk());
  std::string out;
  const auto never = [](Load&) { return std::string("never"); };
  const std::string_view keys[] = {"there", "not", "there"};
  users.Find("there");
  users.FindInto("there", &out);
  users.Visit("there", [](std::string_view) {});
  ASSERT_THAT(users.Get("there"), IsOk());
  ASSERT_THAT(users.GetOrLoad("there", never), IsOk());
  users.MGet(keys);
  EXPECT_EQ(users.stats().hits, 7u);
  EXPECT_EQ(users.stats().misses, 1u);
  users.Find("not");
  users.FindInto("not", &out);
  users.Visit("not", [](std::string_view) {});
  ASSERT_THAT(users.Get("not"), IsOk());
  ASSERT_THAT(users.GetOrLoad("loaded", never), IsOk());
  EXPECT_EQ(users.stats().hits, 7u);
  EXPECT_EQ(users.stats().misses, 6u);
  EXPECT_DOUBLE_EQ(users.stats().hit_ratio(), 7.0 / 13.0);
}

TEST_F(CountersTest, WhatIsNoReadIsNeither) {
  Namespace users = OpenUsers();
  ASSERT_THAT(users.Set("42", "1"), IsOk());
  ASSERT_THAT(users.Has("42"), IsOk());
  ASSERT_THAT(users.Ttl("42"), IsOk());
  ASSERT_THAT(users.Touch("42", absl::Hours(1)), IsOk());
  ASSERT_THAT(users.Increment("42"), IsOk());
  ASSERT_THAT(users.Scan({}), IsOk());
  ASSERT_THAT(users.Take("42"), IsOk());
  ASSERT_THAT(users.Delete("42"), IsOk());
  ASSERT_THAT(users.Invalidate("42"), IsOk());
  users.Find("");
  EXPECT_EQ(users.stats().hits, 0u);
  EXPECT_EQ(users.stats().misses, 0u);
}

TEST_F(CountersTest, EveryEntryThatComesIsASet) {
  Namespace users = OpenUsers();
  const Namespace::Item items[] = {{"1", "v"}, {"2", "v"}, {"1", "v"}};
  ASSERT_THAT(users.Set("0", "v"), IsOk());
  ASSERT_THAT(users.MSet(items), IsOk());
  ASSERT_THAT(users.Increment("n"), IsOk());
  ASSERT_THAT(users.GetOrLoad("l", [](Load&) { return std::string("v"); }), IsOk());
  ASSERT_THAT(users.Set("0", "v", {.when = SetWhen::kIfAbsent}), IsOk());
  ASSERT_THAT(users.GetOrLoad("x", [](Load&) -> Loaded { return std::nullopt; }), IsOk());
  EXPECT_EQ(users.stats().sets, 6u);
  EXPECT_EQ(users.stats().entries, 5u);
}

TEST_F(CountersTest, EveryEntryThatGoesHasACause) {
  Namespace users = OpenUsers({.max_entries = 3});
  for (const char* key : {"1", "2", "3", "4"}) ASSERT_THAT(users.Set(key, "v"), IsOk());
  EXPECT_EQ(users.stats().evicted, 1u);
  ASSERT_THAT(users.Set("4", "w"), IsOk());
  EXPECT_EQ(users.stats().replaced, 1u);
  ASSERT_THAT(users.Delete("4"), IsOk());
  ASSERT_THAT(users.Delete("4"), IsOk());
  ASSERT_THAT(users.Take("3"), IsOk());
  EXPECT_EQ(users.stats().removed_explicit, 2u);
  ASSERT_THAT(users.Touch("2", absl::Seconds(1)), IsOk());
  clock_.Advance(absl::Seconds(1));
  users.Find("2");
  EXPECT_EQ(users.stats().expired, 1u);
  ASSERT_THAT(users.Set("5", "v", {.tags = {"t"}}), IsOk());
  ASSERT_THAT(users.Set("6", "v"), IsOk());
  ASSERT_THAT(users.InvalidateTag("t"), IsOk());
  EXPECT_EQ(users.stats().entries, 2u) << "those that are not yet freed included";
  ASSERT_THAT(users.Clear(), IsOk());
  MaintainAll();
  EXPECT_EQ(users.stats().invalidated, 2u);
  EXPECT_EQ(users.stats().entries, 0u);
  EXPECT_EQ(users.stats().bytes, 0u);
}

TEST_F(CountersTest, LoadersAreCounted) {
  Namespace users = OpenUsers();
  const auto load = [&](const char* key, Loaded loaded) {
    users.GetOrLoad(key, [&](Load&) { return loaded; }).IgnoreError();
  };
  load("1", "v");
  load("1", "v");
  load("2", std::nullopt);
  load("3", absl::DataLossError("broken"));
  users
      .GetOrLoad("4",
                 [&](Load&) {
                   EXPECT_THAT(users.Invalidate("4"), IsOk());
                   return std::string("v");
                 })
      .IgnoreError();
  const Stats stats = users.stats();
  EXPECT_EQ(stats.loads, 4u);
  EXPECT_EQ(stats.load_failures, 1u);
  EXPECT_EQ(stats.loads_fenced, 1u);
  EXPECT_EQ(stats.load_joins, 0u);
}

TEST_F(CountersTest, TheStoreIsCountedByKeys) {
  Open();
  Namespace users = cache_->In("users");
  Store("1", "v");
  Store("2", "v");
  ASSERT_THAT(users.Get("1"), IsOk());
  ASSERT_THAT(users.Get("x"), IsOk());
  const std::string_view keys[] = {"1", "2", "x", "y"};
  users.MGet(keys);
  Stats stats = users.stats();
  EXPECT_EQ(stats.store_reads, 5u);
  EXPECT_EQ(stats.store_hits, 2u);
  EXPECT_EQ(stats.store_writes, 0u);
  const Namespace::Item items[] = {{"3", "v"}, {"4", "v"}};
  ASSERT_THAT(users.Set("1", "w"), IsOk());
  ASSERT_THAT(users.MSet(items), IsOk());
  ASSERT_THAT(users.Delete("4"), IsOk());
  ASSERT_THAT(users.MDelete(keys), IsOk());
  EXPECT_EQ(users.stats().store_writes, 8u);
  EXPECT_EQ(users.stats().store_errors, 0u);
  store_->FailAll(absl::UnavailableError("busy"));
  EXPECT_FALSE(users.Get("1").ok());
  EXPECT_FALSE(users.MGet(keys).front().ok());
  EXPECT_FALSE(users.Set("1", "w").ok());
  EXPECT_FALSE(users.Delete("1").ok());
  EXPECT_FALSE(users.Touch("1", absl::Hours(1)).ok());
  EXPECT_FALSE(users.Clear().ok());
  EXPECT_FALSE(users.DeleteTag("t").ok());
  EXPECT_EQ(users.stats().store_errors, 7u);
}

TEST_F(CountersTest, NamespacesAreCountedApartAndSummed) {
  Open();
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  ASSERT_THAT(users.Set("1", "v"), IsOk());
  ASSERT_THAT(orders.Set("1", "v"), IsOk());
  ASSERT_THAT(orders.Set("2", "v"), IsOk());
  users.Find("1");
  orders.Find("x");
  ASSERT_THAT(orders.Get("x"), IsOk());
  EXPECT_EQ(users.stats().sets, 1u);
  EXPECT_EQ(users.stats().hits, 1u);
  EXPECT_EQ(users.stats().misses, 0u);
  EXPECT_EQ(orders.stats().sets, 2u);
  EXPECT_EQ(orders.stats().hits, 0u);
  EXPECT_EQ(orders.stats().misses, 2u);
  const Stats sum = cache_->stats();
  EXPECT_EQ(sum.sets, 3u);
  EXPECT_EQ(sum.hits, 1u);
  EXPECT_EQ(sum.misses, 2u);
  EXPECT_EQ(sum.entries, 3u);
  EXPECT_EQ(sum.store_reads, 1u);
  EXPECT_EQ(sum.store_writes, 3u);
  EXPECT_EQ(sum.bytes, users.stats().bytes + orders.stats().bytes);
}

TEST_F(CountersTest, GaugesOfTheWholeCacheBelongToNoNamespace) {
  Namespace users = OpenUsers({.memory_bytes = 1 << 20});
  ASSERT_THAT(users.Set("1", "v"), IsOk());
  const Value pin = users.Find("1");
  ASSERT_THAT(users.Delete("1"), IsOk());
  ASSERT_THAT(users.Set("2", "v"), IsOk());
  const Stats one = users.stats();
  EXPECT_GT(one.bytes, 0u);
  EXPECT_EQ(one.index_bytes + one.pinned_bytes + one.memory_bytes + one.memory_limit, 0u);
  const Stats all = cache_->stats();
  EXPECT_GT(all.index_bytes, 0u);
  EXPECT_GT(all.pinned_bytes, 0u);
  EXPECT_EQ(all.memory_bytes, all.bytes + all.index_bytes + all.pinned_bytes);
  EXPECT_EQ(all.memory_limit, uint64_t{1} << 20);
}

TEST_F(CountersTest, NothingIsLostBetweenThreads) {
  OpenUsers({.max_entries = 100, .shards = 4});
  const size_t turns = ScaledCount(5000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Namespace view = cache_->In(i % 2 == 0 ? "users" : "orders");
      for (size_t turn = 0; turn < turns; ++turn) {
        const std::string key = std::to_string(turn * 13 % 300);
        if (turn % 4 == 0) {
          EXPECT_THAT(view.Set(key, "v"), IsOk());
        } else {
          view.Find(key);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Stats stats = cache_->stats();
  const size_t sets = (turns + 3) / 4;
  EXPECT_EQ(stats.sets, 4 * sets);
  EXPECT_EQ(stats.hits + stats.misses, 4 * (turns - sets));
  EXPECT_EQ(stats.sets, stats.entries + stats.evicted + stats.replaced);
  EXPECT_EQ(cache_->In("users").stats().sets, 2 * sets);
}

}  // namespace
}  // namespace trivet
