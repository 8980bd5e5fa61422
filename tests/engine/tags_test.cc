// Tags and their invalidation in memory; what tags mean to a running load is in
// load_fences_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::RandomTestSeed;
using testing::RemovalLog;
using testing::ScaledCount;
using testing::SeedTrace;
using testing::StatusIs;
using testing::Text;

std::vector<std::string> DistinctTags(size_t count) {
  std::vector<std::string> tags;
  for (size_t i = 0; i < count; ++i) tags.push_back("tag" + std::to_string(i));
  return tags;
}

class TagsTest : public testing::CacheFixture {
 protected:
  void SetUp() override { Open({.removal_listener = removals_.Listener()}); }

  RemovalLog removals_;
};

TEST_F(TagsTest, AnInvalidationIsVisibleWhenItReturns) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.tags = {"org:7", "plan:pro"}}), IsOk());
  ASSERT_THAT(users.Set("43", "json", {.tags = {"org:8"}}), IsOk());
  ASSERT_THAT(users.Set("44", "json"), IsOk());
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  EXPECT_FALSE(users.Find("42"));
  EXPECT_EQ(Text(users.Get("42")), "-");
  EXPECT_THAT(users.Has("42"), IsOkAndHolds(false));
  EXPECT_TRUE(users.Find("43"));
  EXPECT_TRUE(users.Find("44"));
}

TEST_F(TagsTest, WhatIsSetAfterwardsLives) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "old", {.tags = {"org:7"}}), IsOk());
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  ASSERT_THAT(users.Set("42", "new", {.tags = {"org:7"}}), IsOk());
  MaintainAll();
  EXPECT_EQ(Text(users.Find("42")), "new");
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TagsTest, AReplacedEntryLosesItsTags) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "old", {.tags = {"org:7"}}), IsOk());
  ASSERT_THAT(users.Set("42", "new", {.tags = {"org:8"}}), IsOk());
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  EXPECT_EQ(Text(users.Find("42")), "new");
  EXPECT_THAT(users.InvalidateTag("org:8"), IsOk());
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TagsTest, TouchKeepsTheTags) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.tags = {"org:7"}}), IsOk());
  EXPECT_THAT(users.Touch("42", absl::Hours(1)), IsOkAndHolds(true));
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TagsTest, BelongToTheirNamespace) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  ASSERT_THAT(users.Set("42", "a user", {.tags = {"org:7"}}), IsOk());
  ASSERT_THAT(orders.Set("42", "an order", {.tags = {"org:7"}}), IsOk());
  EXPECT_THAT(users.InvalidateTag("org:7"), IsOk());
  EXPECT_FALSE(users.Find("42"));
  EXPECT_TRUE(orders.Find("42"));
}

TEST_F(TagsTest, TheCacheInvalidatesATagInAllNamespaces) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  ASSERT_THAT(users.Set("42", "a user", {.tags = {"org:7"}}), IsOk());
  ASSERT_THAT(orders.Set("42", "an order", {.tags = {"org:7"}}), IsOk());
  ASSERT_THAT(orders.Set("43", "an order", {.tags = {"org:8"}}), IsOk());
  EXPECT_THAT(cache_->InvalidateTag("org:7"), IsOk());
  EXPECT_FALSE(users.Find("42"));
  EXPECT_FALSE(orders.Find("42"));
  EXPECT_TRUE(orders.Find("43"));
}

TEST_F(TagsTest, SeveralAreInvalidatedTogether) {
  Namespace users = cache_->In("users");
  for (const char* key : {"a", "b", "c"}) {
    ASSERT_THAT(users.Set(key, "v", {.tags = {key}}), IsOk());
  }
  const std::string_view tags[] = {"a", "nobody's", "c"};
  EXPECT_THAT(users.InvalidateTags(tags), IsOk());
  EXPECT_FALSE(users.Find("a"));
  EXPECT_TRUE(users.Find("b"));
  EXPECT_FALSE(users.Find("c"));
  EXPECT_THAT(users.InvalidateTags({}), IsOk());
}

TEST_F(TagsTest, AnEntryHasUpToSixtyFour) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.tags = DistinctTags(64)}), IsOk());
  EXPECT_EQ(Text(users.Find("42")), "json");
  EXPECT_THAT(users.Set("42", "more", {.tags = DistinctTags(65)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("SetOptions.tags")));
  EXPECT_EQ(Text(users.Find("42")), "json") << "nothing was changed";
  EXPECT_THAT(users.InvalidateTag("tag63"), IsOk());
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TagsTest, DuplicatesCountOnce) {
  Namespace users = cache_->In("users");
  std::vector<std::string> tags = DistinctTags(64);
  for (const std::string& again : DistinctTags(64)) tags.push_back(again);
  ASSERT_THAT(users.Set("42", "json", {.tags = tags}), IsOk());
  const uint64_t bytes = users.stats().bytes;
  ASSERT_THAT(users.Set("42", "json", {.tags = DistinctTags(64)}), IsOk());
  EXPECT_EQ(users.stats().bytes, bytes);
  EXPECT_THAT(users.InvalidateTag("tag0"), IsOk());
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TagsTest, NamesAreBytesWithinTheirLimit) {
  Namespace users = cache_->In("users");
  const std::string longest(kNameBytesMax, '\0');
  ASSERT_THAT(users.Set("42", "json", {.tags = {longest}}), IsOk());
  EXPECT_THAT(users.InvalidateTag(longest), IsOk());
  EXPECT_FALSE(users.Find("42"));
  for (const std::string& bad : {std::string(), std::string(kNameBytesMax + 1, 'T')}) {
    const auto blamed = StatusIs(absl::StatusCode::kInvalidArgument,
                                 ::testing::AllOf(HasSubstr("tag"), Not(HasSubstr("TT"))));
    EXPECT_THAT(users.Set("42", "json", {.tags = {"good", bad}}), blamed);
    EXPECT_THAT(users.InvalidateTag(bad), blamed);
    EXPECT_THAT(users.DeleteTag(bad), blamed);
    EXPECT_THAT(cache_->InvalidateTag(bad), blamed);
  }
}

TEST_F(TagsTest, OneBadTagInABatchInvalidatesNone) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.tags = {"org:7"}}), IsOk());
  const std::string_view tags[] = {"org:7", ""};
  EXPECT_THAT(users.InvalidateTags(tags), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_TRUE(users.Find("42"));
}

// --- Memory -------------------------------------------------------------------------------------

TEST_F(TagsTest, MembersAreFreedInBoundedSteps) {
  Namespace users = cache_->In("users");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_THAT(users.Set(std::to_string(i), "v", {.tags = {"all"}}), IsOk());
  }
  EXPECT_THAT(users.InvalidateTag("all"), IsOk());
  EXPECT_EQ(users.stats().entries, 1000u) << "visible at once, freed later";
  EXPECT_THAT(removals_.Take(), IsEmpty());
  for (size_t left = 1000; left > 0; left -= 100) {
    EXPECT_EQ(users.stats().entries, left);
    cache_->Maintain(100);
  }
  EXPECT_FALSE(cache_->Maintain(100));
  EXPECT_EQ(users.stats().entries, 0u);
  EXPECT_EQ(users.stats().invalidated, 1000u);
  EXPECT_EQ(removals_.Take().size(), 1000u);
}

TEST_F(TagsTest, TheMemoryOfTagsComesBackWithTheirEntries) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("first", "v"), IsOk());
  ASSERT_THAT(users.Delete("first"), IsOk());
  const uint64_t before = cache_->stats().memory_bytes;
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(users.Set(std::to_string(i), "v", {.tags = {"a" + std::to_string(i), "b"}}),
                IsOk());
  }
  EXPECT_GT(cache_->stats().index_bytes, 0u);
  for (int i = 0; i < 10; ++i) ASSERT_THAT(users.Delete(std::to_string(i)), IsOk());
  EXPECT_EQ(cache_->stats().memory_bytes, before);
}

TEST_F(TagsTest, TagsThatNobodyHoldsCostNoMemory) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "v"), IsOk());
  const uint64_t before = cache_->stats().memory_bytes;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(users.InvalidateTag("tag" + std::to_string(i)), IsOk());
  }
  EXPECT_EQ(cache_->stats().memory_bytes, before);
}

TEST_F(TagsTest, ADoomedEntryThatIsDeletedIsToldOnceAsInvalidated) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.tags = {"a", "b"}}), IsOk());
  EXPECT_THAT(users.InvalidateTag("a"), IsOk());
  EXPECT_THAT(users.InvalidateTag("b"), IsOk());
  EXPECT_THAT(users.Delete("42"), IsOkAndHolds(false));
  MaintainAll();
  EXPECT_THAT(removals_.Take(), ElementsAre("users/42 invalidated"));
}

// The model: for each key its tags, and whether one of them was invalidated since.
TEST_F(TagsTest, AgreeWithAModelUnderRandomUse) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  Open({.max_entries = 1000, .shards = 4});
  Namespace users = cache_->In("users");
  std::map<std::string, std::set<std::string>> model;
  for (size_t step = 0; step < ScaledCount(20'000); ++step) {
    const std::string key = std::to_string(random() % 30);
    const std::string tag = "tag" + std::to_string(random() % 8);
    switch (random() % 8) {
      case 0:
        EXPECT_THAT(users.InvalidateTag(tag), IsOk());
        std::erase_if(model, [&](const auto& entry) { return entry.second.contains(tag); });
        break;
      case 1:
        EXPECT_THAT(users.Delete(key), IsOkAndHolds(model.erase(key) == 1));
        break;
      case 2:
        cache_->Maintain(random() % 4);
        break;
      case 3:
      case 4: {
        std::set<std::string> tags;
        for (size_t i = random() % 4; i > 0; --i) tags.insert("tag" + std::to_string(random() % 8));
        ASSERT_THAT(users.Set(key, "v", {.tags = {tags.begin(), tags.end()}}), IsOk());
        model[key] = tags;
        break;
      }
      default:
        ASSERT_EQ(static_cast<bool>(users.Find(key)), model.contains(key)) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace trivet
