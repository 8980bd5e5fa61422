// Walking over what is in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;
using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;
using ::testing::StartsWith;
using testing::StatusIs;

// The keys seen by a whole scan, and how often. `between` is called after each page.
template <typename Between>
std::map<std::string, int> ScanAll(const Namespace& space, size_t items_max, Between between) {
  std::map<std::string, int> seen;
  for (ScanCursor cursor; !cursor.done;) {
    const auto page = space.Scan(cursor, items_max);
    EXPECT_THAT(page, IsOk());
    if (!page.ok()) break;
    for (const ScanPage::Item& item : page->items) ++seen[item.key];
    cursor = page->next;
    between();
  }
  return seen;
}
std::map<std::string, int> ScanAll(const Namespace& space, size_t items_max = 100) {
  return ScanAll(space, items_max, [] {});
}

class ScanTest : public testing::CacheFixture {
 protected:
  void SetUp() override { Open(); }
};

TEST_F(ScanTest, SeesEveryEntryOnceWithValueAndVersion) {
  Open({.max_entries = 10'000, .shards = 4});
  Namespace users = cache_->In("users");
  for (int i = 0; i < 500; ++i) {
    ASSERT_THAT(users.Set(std::to_string(i), "v" + std::to_string(i)), IsOk());
  }
  std::map<std::string, int> seen;
  size_t pages = 0;
  for (ScanCursor cursor; !cursor.done; ++pages) {
    const auto page = users.Scan(cursor, 10);
    ASSERT_THAT(page, IsOk());
    // Buckets hold nine in the mean; their size is a matter of luck.
    EXPECT_LT(page->items.size(), 10u + 60u) << "about as many as asked for";
    for (const ScanPage::Item& item : page->items) {
      ++seen[item.key];
      EXPECT_EQ(item.value.bytes(), "v" + item.key);
      EXPECT_EQ(item.version, users.Get(item.key)->version);
    }
    cursor = page->next;
  }
  EXPECT_GE(pages, 20u);
  EXPECT_EQ(seen.size(), 500u);
  for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key;
}

TEST_F(ScanTest, OfNothingIsOver) { EXPECT_THAT(ScanAll(cache_->In("users")), IsEmpty()); }

TEST_F(ScanTest, SeesItsNamespaceAlone) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  for (int i = 0; i < 1000; ++i) ASSERT_THAT(orders.Set(std::to_string(i), "v"), IsOk());
  ASSERT_THAT(users.Set("42", "v"), IsOk());
  EXPECT_EQ(ScanAll(users), (std::map<std::string, int>{{"42", 1}}));
}

TEST_F(ScanTest, SeesTheLivingAlone) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("expired", "v", {.ttl = absl::Seconds(1)}), IsOk());
  ASSERT_THAT(users.Set("tagged", "v", {.tags = {"t"}}), IsOk());
  ASSERT_THAT(users.Set("alive", "v"), IsOk());
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(users.InvalidateTag("t"), IsOk());
  EXPECT_EQ(ScanAll(users), (std::map<std::string, int>{{"alive", 1}}));
  ASSERT_THAT(users.Clear(), IsOk());
  EXPECT_THAT(ScanAll(users), IsEmpty());
}

TEST_F(ScanTest, IsNoRead) {
  Open({.max_entries = 2});
  Namespace users = cache_->In("users", {.idle_ttl = absl::Seconds(16)});
  ASSERT_THAT(users.Set("a", "v"), IsOk());
  ASSERT_THAT(users.Set("b", "v"), IsOk());
  clock_.Advance(absl::Seconds(10));
  for (int turn = 0; turn < 3; ++turn) EXPECT_EQ(ScanAll(users).size(), 2u);
  EXPECT_EQ(users.stats().hits, 0u);
  EXPECT_EQ(users.stats().misses, 0u);
  ASSERT_THAT(users.Set("c", "v"), IsOk());
  EXPECT_FALSE(users.Find("a")) << "still the oldest";
  clock_.Advance(absl::Seconds(7));
  EXPECT_FALSE(users.Find("b")) << "not read for seventeen seconds";
}

TEST_F(ScanTest, ACursorHoldsNothingAndMayBeUsedAgain) {
  Namespace users = cache_->In("users");
  for (int i = 0; i < 100; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  const auto first = users.Scan({}, 10);
  const auto second = users.Scan(first->next, 10);
  const auto again = users.Scan(first->next, 10);
  ASSERT_EQ(again->items.size(), second->items.size());
  for (size_t i = 0; i < again->items.size(); ++i) {
    EXPECT_EQ(again->items[i].key, second->items[i].key);
  }
}

TEST_F(ScanTest, AnyNumbersAreACursor) {
  Namespace users = cache_->In("users");
  for (int i = 0; i < 100; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  for (const ScanCursor& cursor :
       {ScanCursor{.shard = 1}, ScanCursor{.shard = std::numeric_limits<uint32_t>::max()},
        ScanCursor{.done = true}}) {
    const auto page = users.Scan(cursor);
    ASSERT_THAT(page, IsOk());
    EXPECT_THAT(page->items, IsEmpty());
    EXPECT_TRUE(page->next.done);
  }
  const auto page = users.Scan({.hash = std::numeric_limits<uint64_t>::max()}, 1000);
  ASSERT_THAT(page, IsOk());
  EXPECT_LT(page->items.size(), 20u);
  EXPECT_TRUE(page->next.done);
}

TEST_F(ScanTest, PagesOfNothingAreRefused) {
  EXPECT_THAT(cache_->In("users").Scan({}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("items_max:")));
}

TEST_F(ScanTest, ForEachStopsWhenItIsTold) {
  Namespace users = cache_->In("users");
  for (int i = 0; i < 500; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  size_t visited = 0;
  EXPECT_THAT(users.ForEach([&](std::string_view, std::string_view value) {
    EXPECT_EQ(value, "v");
    return ++visited < 150;
  }),
              IsOk());
  EXPECT_EQ(visited, 150u);
}

TEST_F(ScanTest, ForEachMayChangeTheCache) {
  Namespace users = cache_->In("users");
  for (int i = 0; i < 300; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  size_t visited = 0;
  EXPECT_THAT(users.ForEach([&](std::string_view key, std::string_view) {
    ++visited;
    const std::string copy(key);
    EXPECT_THAT(users.Delete(copy), IsOk());
    return true;
  }),
              IsOk());
  EXPECT_EQ(visited, 300u);
  EXPECT_EQ(users.stats().entries, 0u);
}

// --- While the cache changes --------------------------------------------------------------------

// Entries that stay are seen exactly once while others come and go in such numbers that the index
// grows and shrinks under the cursor.
TEST_F(ScanTest, SeesWhatStaysExactlyOnceWhileOthersComeAndGo) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < ScaledCount(30); ++round) {
    Open({.max_entries = 1'000'000, .shards = size_t{1} << random() % 3});
    Namespace users = cache_->In("users");
    const size_t stay = random() % 300;
    for (size_t i = 0; i < stay; ++i) {
      ASSERT_THAT(users.Set("stays" + std::to_string(i), "v"), IsOk());
    }
    std::vector<std::string> passing;
    bool growing = random() % 2 == 0;
    const auto seen = ScanAll(users, 1 + random() % 50, [&] {
      if (random() % 8 == 0) growing = !growing;
      for (size_t i = random() % 300; i > 0; --i) {
        if (growing || passing.empty()) {
          passing.push_back("passes" + std::to_string(random()));
          ASSERT_THAT(users.Set(passing.back(), "v"), IsOk());
        } else {
          ASSERT_THAT(users.Delete(passing.back()), IsOk());
          passing.pop_back();
        }
      }
    });
    for (size_t i = 0; i < stay; ++i) {
      const auto it = seen.find("stays" + std::to_string(i));
      ASSERT_NE(it, seen.end()) << i << ", round " << round;
      EXPECT_EQ(it->second, 1) << i << ", round " << round;
    }
    for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key << ", round " << round;
  }
}

TEST_F(ScanTest, SeesWhatStaysWhileThreadsWrite) {
  Open({.max_entries = 1'000'000, .shards = 4});
  Namespace users = cache_->In("users");
  for (int i = 0; i < 200; ++i) ASSERT_THAT(users.Set("stays" + std::to_string(i), "v"), IsOk());
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    Namespace view = cache_->In("users");
    for (int i = 0; !stop; ++i) {
      const std::string key = "passes" + std::to_string(i % 5000);
      EXPECT_THAT(i % 10'000 < 5000 ? view.Set(key, "v").status() : view.Delete(key).status(),
                  IsOk());
    }
  });
  for (size_t turn = 0; turn < ScaledCount(50); ++turn) {
    const auto seen = ScanAll(users, 20);
    for (int i = 0; i < 200; ++i) {
      const auto it = seen.find("stays" + std::to_string(i));
      EXPECT_TRUE(it != seen.end() && it->second == 1) << i;
    }
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace trivet
