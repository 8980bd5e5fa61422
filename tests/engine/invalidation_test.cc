// Invalidating keys and patterns, and clearing namespaces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::RemovalLog;
using testing::StatusIs;
using testing::Text;
using ::testing::UnorderedElementsAre;

class InvalidationTest : public testing::StoreFixture {
 protected:
  void SetUp() override { Open({.removal_listener = removals_.Listener()}); }

  static void SetAll(Namespace& space, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) ASSERT_THAT(space.Set(key, "v" + key), IsOk());
  }

  // What is in memory, by a scan.
  static std::set<std::string> KeysIn(const Namespace& space) {
    std::set<std::string> keys;
    EXPECT_THAT(space.ForEach([&](std::string_view key, std::string_view) {
      return keys.emplace(key).second;
    }),
                IsOk());
    return keys;
  }

  RemovalLog removals_;
};

// --- Keys ---------------------------------------------------------------------------------------

TEST_F(InvalidationTest, AKeyLeavesMemoryAndStaysInTheStore) {
  Namespace users = cache_->In("users");
  SetAll(users, {"42", "43"});
  Store("42", "changed elsewhere");
  TakeCalls();
  EXPECT_THAT(users.Invalidate("42"), IsOk());
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_FALSE(users.Find("42"));
  EXPECT_TRUE(users.Find("43"));
  EXPECT_EQ(Text(users.Get("42")), "changed elsewhere");
  EXPECT_THAT(removals_.Take(), UnorderedElementsAre("users/42 invalidated"));
}

TEST_F(InvalidationTest, AKeyThatIsNotThereIsNoError) {
  Namespace users = cache_->In("users");
  EXPECT_THAT(users.Invalidate("42"), IsOk());
  EXPECT_THAT(removals_.Take(), IsEmpty());
}

TEST_F(InvalidationTest, ManyKeysAtOnce) {
  Namespace users = cache_->In("users");
  SetAll(users, {"1", "2", "3"});
  const std::string_view keys[] = {"1", "nobody", "3", "3"};
  EXPECT_THAT(users.MInvalidate(keys), IsOk());
  EXPECT_THAT(KeysIn(users), UnorderedElementsAre("2"));
}

TEST_F(InvalidationTest, OneBadKeyInABatchInvalidatesNone) {
  Namespace users = cache_->In("users");
  SetAll(users, {"1"});
  const std::string_view keys[] = {"1", ""};
  EXPECT_THAT(users.MInvalidate(keys), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_TRUE(users.Find("1"));
}

// --- Patterns -----------------------------------------------------------------------------------

TEST_F(InvalidationTest, APatternDropsWhatMatches) {
  Namespace users = cache_->In("users");
  const std::vector<std::string> keys = {"user:1", "user:2", "user:33", "order:1", "[a]", "u*"};
  const struct {
    std::string_view pattern;
    std::set<std::string> dropped;
  } kCases[] = {
      {"*", {"user:1", "user:2", "user:33", "order:1", "[a]", "u*"}},
      {"user:*", {"user:1", "user:2", "user:33"}},
      {"user:?", {"user:1", "user:2"}},
      {"*:[13-9]", {"user:1", "order:1"}},
      {"*:[^1]", {"user:2"}},
      {"\\[a\\]", {"[a]"}},
      {"u\\*", {"u*"}},
      {"order:1", {"order:1"}},
      {"nothing", {}},
      {"", {}},
  };
  for (const auto& c : kCases) {
    SetAll(users, keys);
    EXPECT_THAT(users.InvalidatePattern(c.pattern), IsOkAndHolds(c.dropped.size())) << c.pattern;
    std::set<std::string> left(keys.begin(), keys.end());
    for (const std::string& key : c.dropped) left.erase(key);
    EXPECT_EQ(KeysIn(users), left) << c.pattern;
  }
}

TEST_F(InvalidationTest, APatternSpeaksOfOneNamespaceAndOfMemoryAlone) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  SetAll(users, {"1", "2"});
  SetAll(orders, {"1"});
  TakeCalls();
  EXPECT_THAT(users.InvalidatePattern("*"), IsOkAndHolds(2u));
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_TRUE(orders.Find("1"));
  EXPECT_EQ(Stored("1"), "v1");
  EXPECT_THAT(removals_.Take(), UnorderedElementsAre("users/1 invalidated", "users/2 invalidated"));
}

TEST_F(InvalidationTest, APatternVisitsAllShardsHoweverManyEntries) {
  Open({.max_entries = 100'000, .shards = 8});
  Namespace users = cache_->In("users", {.use_backing = false});
  for (int i = 0; i < 5000; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  EXPECT_THAT(users.InvalidatePattern("*7*"), IsOkAndHolds(1355u));
  EXPECT_EQ(users.stats().entries, 3645u);
}

TEST_F(InvalidationTest, WhatIsDeadAlreadyDoesNotCount) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("expired", "v", {.ttl = absl::Seconds(1)}), IsOk());
  ASSERT_THAT(users.Set("tagged", "v", {.tags = {"t"}}), IsOk());
  ASSERT_THAT(users.Set("alive", "v"), IsOk());
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(users.InvalidateTag("t"), IsOk());
  EXPECT_THAT(users.InvalidatePattern("*"), IsOkAndHolds(1u));
}

TEST_F(InvalidationTest, APatternThatIsTooLongIsRefused) {
  Namespace users = cache_->In("users");
  EXPECT_THAT(users.InvalidatePattern(std::string(kPatternBytesMax, 'P')), IsOkAndHolds(0u));
  EXPECT_THAT(users.InvalidatePattern(std::string(kPatternBytesMax + 1, 'P')),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("pattern"), Not(HasSubstr("PP")))));
}

// --- Clear --------------------------------------------------------------------------------------

TEST_F(InvalidationTest, ClearEmptiesTheNamespaceInEveryTier) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  SetAll(users, {"1", "2"});
  SetAll(orders, {"1"});
  EXPECT_THAT(users.Clear(), IsOk());
  EXPECT_THAT(KeysIn(users), IsEmpty());
  EXPECT_EQ(Text(users.Get("1")), "-");
  EXPECT_EQ(Stored("1"), "-");
  EXPECT_EQ(Text(orders.Find("1")), "v1");
  EXPECT_EQ(Stored("1", "orders"), "v1");
}

TEST_F(InvalidationTest, ClearCostsNothingAndMemoryComesBackInSteps) {
  Namespace users = cache_->In("users", {.use_backing = false});
  for (int i = 0; i < 2000; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  EXPECT_THAT(users.Clear(), IsOk());
  EXPECT_EQ(users.stats().entries, 2000u);
  EXPECT_THAT(removals_.Take(), IsEmpty());
  EXPECT_TRUE(cache_->Maintain(10));
  EXPECT_LT(users.stats().entries, 2000u);
  EXPECT_GT(users.stats().entries, 1000u);
  MaintainAll();
  EXPECT_EQ(users.stats().entries, 0u);
  EXPECT_EQ(users.stats().invalidated, 2000u);
  EXPECT_EQ(removals_.Take().size(), 2000u);
}

TEST_F(InvalidationTest, WhatIsSetAfterAClearLives) {
  Namespace users = cache_->In("users");
  SetAll(users, {"1"});
  EXPECT_THAT(users.Clear(), IsOk());
  SetAll(users, {"1"});
  MaintainAll();
  EXPECT_EQ(Text(users.Find("1")), "v1");
  EXPECT_EQ(Stored("1"), "v1");
}

TEST_F(InvalidationTest, ANamespaceOfMemoryAloneClearsMemoryAlone) {
  Namespace users = cache_->In("users", {.use_backing = false});
  Store("1", "of somebody else");
  SetAll(users, {"1"});
  TakeCalls();
  EXPECT_THAT(users.Clear(), IsOk());
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_FALSE(users.Find("1"));
  EXPECT_EQ(Stored("1"), "of somebody else");
}

TEST_F(InvalidationTest, ClearAllEmptiesEveryNamespaceInEveryTier) {
  Namespace users = cache_->In("users");
  Namespace local = cache_->In("local", {.use_backing = false});
  SetAll(users, {"1"});
  SetAll(local, {"1"});
  EXPECT_THAT(cache_->ClearAll(), IsOk());
  EXPECT_FALSE(users.Find("1"));
  EXPECT_FALSE(local.Find("1"));
  EXPECT_EQ(Stored("1"), "-");
  SetAll(users, {"2"});
  MaintainAll();
  EXPECT_EQ(Text(users.Find("2")), "v2");
  EXPECT_EQ(cache_->stats().entries, 1u);
}

// --- Tags in the store --------------------------------------------------------------------------

TEST_F(InvalidationTest, DeleteTagDeletesTheRowsToo) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("1", "v", {.tags = {"org:7"}}), IsOk());
  ASSERT_THAT(users.Set("2", "v", {.tags = {"org:8"}}), IsOk());
  Store("3", "not in memory", {"org:7"});
  EXPECT_THAT(users.DeleteTag("org:7"), IsOk());
  for (const char* key : {"1", "3"}) {
    EXPECT_EQ(Text(users.Get(key)), "-") << key;
    EXPECT_EQ(Stored(key), "-") << key;
  }
  EXPECT_EQ(Text(users.Find("2")), "v");
}

TEST_F(InvalidationTest, InvalidateTagLeavesTheRows) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("1", "v", {.tags = {"org:7"}}), IsOk());
  TakeCalls();
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_FALSE(users.Find("1"));
  EXPECT_EQ(Stored("1"), "v");
}

TEST_F(InvalidationTest, TagsOfALoadedRowCount) {
  Namespace users = cache_->In("users");
  Store("1", "v", {"org:7"});
  EXPECT_EQ(Text(users.Get("1")), "v");
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  EXPECT_FALSE(users.Find("1"));
}

// What the store refuses changes nothing; what it may have done is done in memory.
TEST_F(InvalidationTest, AStoreThatFailsDecidesWhatMemoryDoes) {
  Namespace users = cache_->In("users");
  const struct {
    const char* name;
    std::function<absl::Status()> run;
  } kOperations[] = {
      {"DeleteTag", [&] { return users.DeleteTag("t"); }},
      {"Clear", [&] { return users.Clear(); }},
      {"ClearAll", [&] { return cache_->ClearAll(); }},
  };
  for (const auto& operation : kOperations) {
    ASSERT_THAT(users.Set("1", "v", {.tags = {"t"}}), IsOk());
    store_->FailBefore(1, absl::UnavailableError("busy"));
    EXPECT_THAT(operation.run(), StatusIs(absl::StatusCode::kUnavailable)) << operation.name;
    EXPECT_TRUE(users.Find("1")) << operation.name;
    EXPECT_EQ(Stored("1"), "v") << operation.name;
    store_->FailAfter(1);
    EXPECT_THAT(operation.run(), StatusIs(absl::StatusCode::kUnknown)) << operation.name;
    EXPECT_FALSE(users.Find("1")) << operation.name;
    EXPECT_EQ(Stored("1"), "-") << operation.name;
  }
}

}  // namespace
}  // namespace trivet
