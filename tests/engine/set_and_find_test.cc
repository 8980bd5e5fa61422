// Setting, finding and deleting in memory alone.
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

using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Optional;
using testing::Text;

class SetAndFindTest : public testing::CacheFixture {
 protected:
  void SetUp() override { Open(); }
};

TEST_F(SetAndFindTest, WhatIsSetIsFoundInEveryWay) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  EXPECT_EQ(Text(users.Find("42")), "json");
  EXPECT_EQ(Text(users.Get("42")), "json");
  std::string out;
  EXPECT_TRUE(users.FindInto("42", &out));
  EXPECT_EQ(out, "json");
  std::string visited;
  EXPECT_TRUE(users.Visit("42", [&](std::string_view bytes) { visited = bytes; }));
  EXPECT_EQ(visited, "json");
  EXPECT_THAT(users.Has("42"), IsOkAndHolds(true));
}

TEST_F(SetAndFindTest, AMissIsEmptyAndChangesNothing) {
  Namespace users = cache_->In("users");
  EXPECT_FALSE(users.Find("42"));
  const auto got = users.Get("42");
  ASSERT_THAT(got, IsOk());
  EXPECT_FALSE(*got);
  EXPECT_EQ(got->tier, Tier::kNone);
  EXPECT_EQ(got->version, 0u);
  std::string out = "unchanged";
  EXPECT_FALSE(users.FindInto("42", &out));
  EXPECT_EQ(out, "unchanged");
  EXPECT_FALSE(users.Visit("42", [](std::string_view) { ADD_FAILURE(); }));
  EXPECT_THAT(users.Has("42"), IsOkAndHolds(false));
}

// More keys than are looked up together, some absent, bad or twice.
TEST_F(SetAndFindTest, ManyKeysAreFoundEachInItsPlace) {
  Namespace users = cache_->In("users");
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) {
    keys.push_back(i % 7 == 0 ? std::string() : "key" + std::to_string(i / 2));
    if (i % 3 != 0 && !keys.back().empty()) {
      ASSERT_THAT(users.Set(keys.back(), "value of " + keys.back()), IsOk());
    }
  }
  const std::vector<std::string_view> asked(keys.begin(), keys.end());
  std::vector<Namespace::FoundValue> found(keys.size(), {.found = true, .bytes = "untouched"});
  const uint64_t hits_before = users.stats().hits;
  const size_t count = users.MFindInto(asked, found);
  size_t expected = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    std::string out = "untouched";
    EXPECT_EQ(found[i].found, users.FindInto(keys[i], &out)) << i;
    EXPECT_EQ(found[i].bytes, out) << i;
    expected += found[i].found ? 1 : 0;
  }
  EXPECT_EQ(count, expected);
  EXPECT_GT(count, 100u);
  EXPECT_EQ(users.stats().hits - hits_before, 2 * count);
  EXPECT_EQ(users.MFindInto({}, {}), 0u);
}

TEST_F(SetAndFindTest, TheBufferKeepsItsCapacity) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  std::string out(1000, 'x');
  const char* place = out.data();
  EXPECT_TRUE(users.FindInto("42", &out));
  EXPECT_EQ(out, "json");
  EXPECT_EQ(out.data(), place);
  EXPECT_GE(out.capacity(), 1000u);
}

TEST_F(SetAndFindTest, KeysAndValuesAreBytes) {
  Namespace users = cache_->In("users");
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  ASSERT_THAT(users.Set(all_bytes, all_bytes), IsOk());
  EXPECT_EQ(Text(users.Find(all_bytes)), all_bytes);
  ASSERT_THAT(users.Set(std::string_view("\0", 1), "zero"), IsOk());
  EXPECT_EQ(Text(users.Find(std::string_view("\0", 1))), "zero");
  EXPECT_FALSE(users.Find(std::string_view("\0\0", 2)));
}

TEST_F(SetAndFindTest, AnEmptyValueIsAValue) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", ""), IsOk());
  const Value value = users.Find("42");
  EXPECT_TRUE(value);
  EXPECT_EQ(value.bytes(), "");
  std::string out = "changed";
  EXPECT_TRUE(users.FindInto("42", &out));
  EXPECT_EQ(out, "");
}

TEST_F(SetAndFindTest, OneKeyInTwoNamespacesIsTwoEntries) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  ASSERT_THAT(users.Set("42", "a user"), IsOk());
  EXPECT_FALSE(orders.Find("42"));
  ASSERT_THAT(orders.Set("42", "an order"), IsOk());
  EXPECT_EQ(Text(users.Find("42")), "a user");
  EXPECT_THAT(orders.Delete("42"), IsOkAndHolds(true));
  EXPECT_EQ(Text(users.Find("42")), "a user");
}

TEST_F(SetAndFindTest, CopiesOfAViewAreTheSameNamespace) {
  Namespace users = cache_->In("users");
  const Namespace copy = users;
  Namespace again = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  EXPECT_EQ(Text(copy.Find("42")), "json");
  EXPECT_EQ(Text(again.Find("42")), "json");
}

TEST_F(SetAndFindTest, ASetReplacesTheValue) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "old"), IsOk());
  ASSERT_THAT(users.Set("42", "new"), IsOk());
  EXPECT_EQ(Text(users.Find("42")), "new");
  EXPECT_EQ(users.stats().entries, 1u);
}

TEST_F(SetAndFindTest, AResultTellsTierVersionAgeAndWhatIsLeft) {
  Namespace users = cache_->In("users");
  const auto set = users.Set("42", "json", {.ttl = absl::Seconds(10)});
  ASSERT_THAT(set, IsOk());
  EXPECT_TRUE(set->applied);
  clock_.Advance(absl::Seconds(3));
  const auto got = users.Get("42");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->tier, Tier::kMemory);
  EXPECT_EQ(got->version, set->version);
  EXPECT_EQ(got->age, absl::Seconds(3));
  EXPECT_EQ(got->remaining_ttl, absl::Seconds(7));
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  EXPECT_EQ(users.Get("42")->age, absl::ZeroDuration());
  EXPECT_EQ(users.Get("42")->remaining_ttl, absl::InfiniteDuration());
}

TEST_F(SetAndFindTest, VersionsGrowWithEveryWriteAlsoAcrossDeletes) {
  Namespace users = cache_->In("users");
  uint64_t last = 0;
  for (int turn = 0; turn < 5; ++turn) {
    for (const char* value : {"one", "two"}) {
      const auto set = users.Set("42", value);
      ASSERT_THAT(set, IsOk());
      EXPECT_GT(set->version, last);
      last = set->version;
      EXPECT_EQ(users.Get("42")->version, last);
    }
    ASSERT_THAT(users.Delete("42"), IsOkAndHolds(true));
  }
}

TEST_F(SetAndFindTest, DeleteTellsWhetherThereWasAnEntry) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  EXPECT_THAT(users.Delete("42"), IsOkAndHolds(true));
  EXPECT_THAT(users.Delete("42"), IsOkAndHolds(false));
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(SetAndFindTest, TakeDeletesAndReturnsWhatWasThere) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  EXPECT_EQ(Text(users.Take("42")), "json");
  EXPECT_FALSE(users.Find("42"));
  EXPECT_EQ(Text(users.Take("42")), "-");
}

TEST_F(SetAndFindTest, OfManyThreadsThatTakeOneGetsTheValue) {
  Namespace users = cache_->In("users");
  for (int turn = 0; turn < 100; ++turn) {
    ASSERT_THAT(users.Set("42", "json"), IsOk());
    std::latch start(3);
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        Namespace view = cache_->In("users");
        start.arrive_and_wait();
        if (Text(view.Take("42")) == "json") ++taken;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(taken, 1);
  }
}

TEST_F(SetAndFindTest, LimitsAreIncluded) {
  Open({.max_entries = 100, .value_bytes_max = 1000});
  Namespace users = cache_->In("users");
  const std::string key(kKeyBytesMax, 'k');
  EXPECT_THAT(users.Set(key, std::string(1000, 'v')), IsOk());
  EXPECT_EQ(Text(users.Find(key)), std::string(1000, 'v'));
}

// --- Reads and no reads -------------------------------------------------------------------------

TEST_F(SetAndFindTest, TheLeastRecentlyReadGoesFirst) {
  Open({.max_entries = 3});
  Namespace users = cache_->In("users");
  for (const char* key : {"a", "b", "c"}) ASSERT_THAT(users.Set(key, "v"), IsOk());
  EXPECT_TRUE(users.Find("a"));
  EXPECT_THAT(users.Get("b"), IsOk());
  ASSERT_THAT(users.Set("d", "v"), IsOk());
  EXPECT_THAT(users.Has("c"), IsOkAndHolds(false));
  std::string out;
  EXPECT_TRUE(users.FindInto("a", &out));
  ASSERT_THAT(users.Set("e", "v"), IsOk());
  EXPECT_THAT(users.Has("b"), IsOkAndHolds(false));
  EXPECT_THAT(users.Has("a"), IsOkAndHolds(true));
}

TEST_F(SetAndFindTest, HasAndTtlAreNoReads) {
  Open({.max_entries = 2, .namespace_defaults = {.idle_ttl = absl::Seconds(16)}});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("a", "v"), IsOk());
  ASSERT_THAT(users.Set("b", "v"), IsOk());
  const Stats before = users.stats();
  EXPECT_THAT(users.Has("a"), IsOkAndHolds(true));
  EXPECT_THAT(users.Ttl("a"), IsOkAndHolds(Optional(absl::InfiniteDuration())));
  EXPECT_THAT(users.Has("x"), IsOkAndHolds(false));
  EXPECT_EQ(users.stats().hits, before.hits);
  EXPECT_EQ(users.stats().misses, before.misses);
  ASSERT_THAT(users.Set("c", "v"), IsOk());
  EXPECT_THAT(users.Has("a"), IsOkAndHolds(false)) << "it was the oldest all the same";
  for (int second = 0; second < 17; ++second) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_THAT(users.Has("b"), IsOkAndHolds(second < 16)) << second;
  }
}

// --- Batches ------------------------------------------------------------------------------------

TEST_F(SetAndFindTest, ABatchOfReadsAnswersInOrder) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("a", "1"), IsOk());
  ASSERT_THAT(users.Set("b", "2"), IsOk());
  const std::vector<std::string_view> keys = {"b", "x", "a", "b"};
  std::vector<std::string> answers;
  for (const auto& answer : users.MGet(keys)) answers.push_back(Text(answer));
  EXPECT_THAT(answers, ElementsAre("2", "-", "1", "2"));
  EXPECT_TRUE(users.MGet({}).empty());
}

TEST_F(SetAndFindTest, ABatchOfWritesSetsInOrder) {
  Namespace users = cache_->In("users");
  const std::vector<Namespace::Item> items = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  const auto set = users.MSet(items, {.ttl = absl::Seconds(5)});
  ASSERT_THAT(set, IsOk());
  ASSERT_EQ(set->size(), 3u);
  for (const SetResult& one : *set) EXPECT_TRUE(one.applied);
  EXPECT_EQ(Text(users.Find("a")), "3");
  EXPECT_EQ(Text(users.Find("b")), "2");
  EXPECT_EQ(users.Get("a")->version, (*set)[2].version);
  EXPECT_THAT(users.Ttl("b"), IsOkAndHolds(Optional(absl::Seconds(5))));
  EXPECT_THAT(users.MSet({}), IsOk());
}

TEST_F(SetAndFindTest, AnErrorInABatchLeavesTheItemsBeforeItSet) {
  Open({.memory_bytes = 64 << 10});
  Namespace users = cache_->In("users");
  const std::string huge(32 << 10, 'x');
  const std::vector<Namespace::Item> items = {{"a", "1"}, {"b", huge}, {"c", "3"}};
  EXPECT_THAT(users.MSet(items), testing::StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Text(users.Find("a")), "1");
  EXPECT_FALSE(users.Find("b"));
  EXPECT_FALSE(users.Find("c"));
}

TEST_F(SetAndFindTest, ABatchWithABadItemSetsNothing) {
  Namespace users = cache_->In("users");
  const std::vector<Namespace::Item> items = {{"a", "1"}, {"", "2"}};
  EXPECT_THAT(users.MSet(items), testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(users.Find("a"));
}

TEST_F(SetAndFindTest, ABatchOfDeletesCountsWhatWasThere) {
  Namespace users = cache_->In("users");
  for (const char* key : {"a", "b", "c"}) ASSERT_THAT(users.Set(key, "v"), IsOk());
  const std::vector<std::string_view> keys = {"a", "x", "b", "a"};
  EXPECT_THAT(users.MDelete(keys), IsOkAndHolds(2u));
  EXPECT_FALSE(users.Find("a"));
  EXPECT_TRUE(users.Find("c"));
  EXPECT_THAT(users.MDelete({}), IsOkAndHolds(0u));
}

}  // namespace
}  // namespace trivet
