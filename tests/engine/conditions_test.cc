// Sets that take effect only under a condition, in memory and through the store alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Text;

// With the store, unless the test below says otherwise.
class StoreConditionsTest : public testing::StoreFixture {
 protected:
  void SetUp() override { Open(); }

  virtual bool HasStore() const { return true; }
  Namespace users() { return cache_->In("users", {.use_backing = HasStore()}); }

  SetResult Set(std::string_view key, std::string_view value, const SetOptions& options = {}) {
    const auto set = users().Set(key, value, options);
    EXPECT_THAT(set, IsOk());
    return set.value_or(SetResult());
  }
};

// The parameter: whether there is a store.
class ConditionsTest : public StoreConditionsTest, public ::testing::WithParamInterface<bool> {
 protected:
  bool HasStore() const override { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(MemoryAndStore, ConditionsTest, ::testing::Bool(),
                         [](const auto& with_store) {
                           return with_store.param ? "WithStore" : "MemoryOnly";
                         });

TEST_P(ConditionsTest, IfAbsentSetsTheFirstTimeOnly) {
  const SetResult first = Set("42", "first", {.when = SetWhen::kIfAbsent});
  EXPECT_TRUE(first.applied);
  const SetResult second = Set("42", "second", {.when = SetWhen::kIfAbsent});
  EXPECT_FALSE(second.applied);
  EXPECT_EQ(second.version, first.version) << "of the entry that was found";
  EXPECT_EQ(Text(users().Get("42")), "first");
}

TEST_P(ConditionsTest, IfPresentSetsWhatIsThere) {
  const SetResult none = Set("42", "none", {.when = SetWhen::kIfPresent});
  EXPECT_FALSE(none.applied);
  EXPECT_EQ(none.version, 0u);
  EXPECT_EQ(Text(users().Get("42")), "-");
  const SetResult first = Set("42", "first");
  const SetResult second = Set("42", "second", {.when = SetWhen::kIfPresent});
  EXPECT_TRUE(second.applied);
  EXPECT_GT(second.version, first.version);
  EXPECT_EQ(Text(users().Get("42")), "second");
}

TEST_P(ConditionsTest, IfVersionSetsWhatTheCallerHasSeen) {
  const SetResult first = Set("42", "first");
  const SetResult second =
      Set("42", "second", {.when = SetWhen::kIfVersion, .if_version = first.version});
  EXPECT_TRUE(second.applied);
  const SetResult late =
      Set("42", "late", {.when = SetWhen::kIfVersion, .if_version = first.version});
  EXPECT_FALSE(late.applied);
  EXPECT_EQ(late.version, second.version);
  EXPECT_EQ(Text(users().Get("42")), "second");
}

TEST_P(ConditionsTest, NoVersionIsThatOfAMissingEntry) {
  for (const uint64_t version : {0, 1}) {
    const SetResult set = Set("42", "v", {.when = SetWhen::kIfVersion, .if_version = version});
    EXPECT_FALSE(set.applied);
    EXPECT_EQ(set.version, 0u);
  }
  EXPECT_EQ(Text(users().Get("42")), "-");
}

TEST_P(ConditionsTest, AVersionOfBeforeADeleteNeverFitsAgain) {
  const SetResult first = Set("42", "first");
  ASSERT_THAT(users().Delete("42"), IsOkAndHolds(true));
  Set("42", "second");
  const SetResult late =
      Set("42", "late", {.when = SetWhen::kIfVersion, .if_version = first.version});
  EXPECT_FALSE(late.applied);
}

TEST_P(ConditionsTest, WhatExpiredIsAbsent) {
  Set("42", "first", {.ttl = absl::Seconds(1)});
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(Set("42", "second", {.when = SetWhen::kIfPresent}).applied);
  EXPECT_TRUE(Set("42", "third", {.when = SetWhen::kIfAbsent}).applied);
  EXPECT_EQ(Text(users().Get("42")), "third");
}

TEST_P(ConditionsTest, ASetThatIsNotAppliedKeepsTtlAndTags) {
  Set("42", "first", {.ttl = absl::Seconds(5), .tags = {"t"}});
  Set("42", "second", {.ttl = absl::Hours(1), .when = SetWhen::kIfAbsent});
  EXPECT_EQ(users().Get("42")->remaining_ttl, absl::Seconds(5));
  ASSERT_THAT(users().DeleteTag("t"), IsOk());
  EXPECT_EQ(Text(users().Get("42")), "-");
}

TEST_P(ConditionsTest, HoldForEachItemOfABatch) {
  Set("b", "old");
  const std::vector<Namespace::Item> items = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  Namespace view = users();
  const auto set = view.MSet(items, {.when = SetWhen::kIfAbsent});
  ASSERT_THAT(set, IsOk());
  EXPECT_TRUE((*set)[0].applied);
  EXPECT_FALSE((*set)[1].applied);
  EXPECT_FALSE((*set)[2].applied);
  EXPECT_EQ((*set)[2].version, (*set)[0].version);
  EXPECT_EQ(Text(view.Get("a")), "1");
  EXPECT_EQ(Text(view.Get("b")), "old");
}

TEST_F(StoreConditionsTest, AVersionThatAnotherProcessChangedIsReadAgain) {
  const SetResult first = Set("42", "first");
  Store("42", "theirs");
  EXPECT_EQ(Text(users().Get("42")), "first") << "nobody told this process";
  const SetResult late =
      Set("42", "late", {.when = SetWhen::kIfVersion, .if_version = first.version});
  EXPECT_FALSE(late.applied);
  EXPECT_GT(late.version, first.version);
  const auto now = users().Get("42");
  EXPECT_EQ(Text(now), "theirs") << "or the caller would try the same again";
  EXPECT_TRUE(
      Set("42", "merged", {.when = SetWhen::kIfVersion, .if_version = now->version}).applied);
  EXPECT_EQ(Stored("42"), "merged");
}

TEST_F(StoreConditionsTest, AnEntryThatAnotherProcessDeletedLeavesMemory) {
  Set("42", "first");
  const std::string_view key = "42";
  ASSERT_THAT(rows_->Delete("users", {&key, 1}), IsOk());
  EXPECT_FALSE(Set("42", "second", {.when = SetWhen::kIfPresent}).applied);
  EXPECT_EQ(Text(users().Get("42")), "-");
}

}  // namespace
}  // namespace trivet
