// Batches in front of the store: one call for all that memory cannot answer, one transaction for
// all that is written. Batches in memory alone are in set_and_find_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

using ::testing::ElementsAre;
using testing::Gate;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::ScaledCount;
using testing::StatusIs;
using testing::Text;

class BatchesTest : public testing::StoreFixture {
 protected:
  void SetUp() override { Open(); }

  static std::vector<std::string> MGet(Namespace space, std::vector<std::string_view> keys) {
    std::vector<std::string> texts;
    for (const auto& answer : space.MGet(keys)) texts.push_back(Text(answer));
    return texts;
  }
};

// --- Reads --------------------------------------------------------------------------------------

TEST_F(BatchesTest, ABatchAsksTheStoreOnceForAllThatMemoryLacks) {
  Namespace users = cache_->In("users");
  for (const char* key : {"1", "2", "3"}) Store(key, "row " + std::string(key));
  EXPECT_THAT(users.Get("2"), IsOk());
  TakeCalls();
  EXPECT_THAT(MGet(users, {"1", "x", "2", "3", "1"}),
              ElementsAre("row 1", "-", "row 2", "row 3", "row 1"));
  EXPECT_EQ(TakeCalls(), 1u);
  EXPECT_EQ(users.stats().store_reads, 1u + 3u) << "not for what memory had, nor twice";
  EXPECT_THAT(MGet(users, {"3", "2", "1"}), ElementsAre("row 3", "row 2", "row 1"));
  EXPECT_EQ(TakeCalls(), 0u);
}

TEST_F(BatchesTest, ABatchTellsWhereEachAnswerCameFrom) {
  Namespace users = cache_->In("users");
  Store("1", "row");
  ASSERT_THAT(users.Set("2", "set"), IsOk());
  const std::string_view keys[] = {"1", "2", "3"};
  const auto batch = users.MGet(keys);
  EXPECT_EQ(batch[0]->tier, Tier::kStore);
  EXPECT_EQ(batch[1]->tier, Tier::kMemory);
  EXPECT_EQ(batch[2]->tier, Tier::kNone);
}

TEST_F(BatchesTest, AnErrorConcernsWhatMemoryLacks) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("1", "set"), IsOk());
  store_->FailBefore(1, absl::UnavailableError("busy"));
  const std::string_view keys[] = {"1", "2", "3", ""};
  const auto batch = users.MGet(keys);
  EXPECT_EQ(Text(batch[0]), "set");
  EXPECT_THAT(batch[1], StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(batch[2], StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(batch[3], StatusIs(absl::StatusCode::kInvalidArgument)) << "by itself";
}

TEST_F(BatchesTest, ABatchJoinsWhatOthersRead) {
  Store("1", "row 1");
  Store("2", "row 2");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread reader([&] { EXPECT_EQ(Text(cache_->In("users").Get("1")), "row 1"); });
  in_store.AwaitArrival();
  std::thread batch([&] {
    EXPECT_THAT(MGet(cache_->In("users"), {"1", "2"}), ElementsAre("row 1", "row 2"));
  });
  AwaitJoins(1);
  in_store.Open();
  reader.join();
  batch.join();
  EXPECT_EQ(cache_->stats().store_reads, 2u);
}

TEST_F(BatchesTest, ABatchDoesNotHoldUpWhatItHasWhileItWaits) {
  Store("1", "row 1");
  Store("2", "row 2");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread reader([&] { EXPECT_EQ(Text(cache_->In("users").Get("1")), "row 1"); });
  in_store.AwaitArrival();
  std::thread batch([&] {
    EXPECT_THAT(MGet(cache_->In("users"), {"1", "2"}), ElementsAre("row 1", "row 2"));
  });
  while (!cache_->In("users").Find("2")) std::this_thread::yield();
  in_store.Open();
  reader.join();
  batch.join();
}

TEST_F(BatchesTest, ABatchThatWaitsTooLongGivesUpOnThatKey) {
  Store("1", "row 1");
  Store("2", "row 2");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread reader([&] { EXPECT_EQ(Text(cache_->In("users").Get("1")), "row 1"); });
  in_store.AwaitArrival();
  std::thread batch([&] {
    const std::string_view keys[] = {"1", "2"};
    const auto answers = cache_->In("users").MGet(keys);
    EXPECT_THAT(answers[0], StatusIs(absl::StatusCode::kDeadlineExceeded));
    EXPECT_EQ(Text(answers[1]), "row 2");
  });
  AdvanceUntilJoined(batch);
  in_store.Open();
  reader.join();
}

TEST_F(BatchesTest, ABatchLoadsAnewWhatATagForbade) {
  Gate loading;
  std::thread leader([&] {
    EXPECT_EQ(Text(cache_->In("users").GetOrLoad("1",
                                                 [&](Load& load) {
                                                   loading.Pass();
                                                   load.AddTag("t");
                                                   return std::string("old");
                                                 })),
              "old");
  });
  loading.AwaitArrival();
  ASSERT_THAT(cache_->In("users").InvalidateTag("t"), IsOk());
  Store("1", "new");
  std::thread batch([&] { EXPECT_THAT(MGet(cache_->In("users"), {"1"}), ElementsAre("new")); });
  AwaitJoins(1);
  loading.Open();
  leader.join();
  batch.join();
}

// --- Writes -------------------------------------------------------------------------------------

TEST_F(BatchesTest, AllItemsAreWrittenInOneCall) {
  Namespace users = cache_->In("users");
  const std::vector<Namespace::Item> items = {{"1", "a"}, {"2", "b"}, {"1", "c"}};
  const auto set = users.MSet(items, {.ttl = absl::Seconds(5), .tags = {"t"}});
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(TakeCalls(), 1u);
  EXPECT_EQ(Stored("1"), "c");
  EXPECT_EQ(Stored("2"), "b");
  EXPECT_THAT(MGet(users, {"1", "2"}), ElementsAre("c", "b"));
  EXPECT_EQ(TakeCalls(), 0u) << "memory took them too";
  EXPECT_EQ(users.Get("1")->version, (*set)[2].version);
  EXPECT_EQ(users.Get("1")->version, (*rows_->Read("users", "1"))->version);
  EXPECT_EQ(users.Get("2")->remaining_ttl, absl::Seconds(5));
  ASSERT_THAT(users.InvalidateTag("t"), IsOk());
  EXPECT_FALSE(users.Find("2"));
}

TEST_F(BatchesTest, AllItemsAreSetOrNone) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("1", "old"), IsOk());
  const std::vector<Namespace::Item> items = {{"1", "new"}, {"2", "new"}};
  store_->FailBefore(1, absl::UnavailableError("busy"));
  EXPECT_THAT(users.MSet(items), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Stored("1"), "old");
  EXPECT_EQ(Stored("2"), "-");
  EXPECT_EQ(Text(users.Find("1")), "old");
  EXPECT_FALSE(users.Find("2"));
}

TEST_F(BatchesTest, MemoryLetsGoOfAllItemsWhenNobodyKnowsWhetherTheyAreSet) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("1", "old"), IsOk());
  const std::vector<Namespace::Item> items = {{"1", "new"}, {"2", "new"}};
  store_->FailAfter(1);
  EXPECT_THAT(users.MSet(items), StatusIs(absl::StatusCode::kUnknown));
  EXPECT_FALSE(users.Find("1"));
  EXPECT_FALSE(users.Find("2"));
  EXPECT_THAT(MGet(users, {"1", "2"}), ElementsAre("new", "new"));
}

TEST_F(BatchesTest, AllKeysAreDeletedInOneCall) {
  Namespace users = cache_->In("users");
  Store("stored", "v");
  ASSERT_THAT(users.Set("both", "v"), IsOk());
  ASSERT_THAT(users.GetOrLoad("loaded", [](Load&) { return std::string("v"); }), IsOk());
  const std::vector<std::string_view> keys = {"stored", "both", "loaded", "nowhere", "both"};
  TakeCalls();
  EXPECT_THAT(users.MDelete(keys), IsOkAndHolds(3u));
  EXPECT_EQ(TakeCalls(), 1u);
  EXPECT_THAT(MGet(users, keys), ElementsAre("-", "-", "-", "-", "-"));
}

TEST_F(BatchesTest, AllKeysAreDeletedOrNone) {
  Namespace users = cache_->In("users");
  for (const char* key : {"1", "2"}) ASSERT_THAT(users.Set(key, "v"), IsOk());
  const std::vector<std::string_view> keys = {"1", "2"};
  store_->FailBefore(1, absl::UnavailableError("busy"));
  EXPECT_THAT(users.MDelete(keys), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(users.Find("1"));
  EXPECT_EQ(Stored("2"), "v");
}

TEST_F(BatchesTest, OfNothingDoNothing) {
  Namespace users = cache_->In("users");
  EXPECT_THAT(MGet(users, {}), ElementsAre());
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_THAT(users.MSet({}), IsOk());
  EXPECT_THAT(users.MDelete({}), IsOkAndHolds(0u));
  EXPECT_THAT(users.MInvalidate({}), IsOk());
}

// Two batches that name the same keys in opposite order never wait for each other.
TEST_F(BatchesTest, BatchesOfTheSameKeysInAnyOrderDoNotBlockEachOther) {
  const auto write = [&](std::vector<Namespace::Item> items) {
    Namespace users = cache_->In("users");
    for (size_t turn = 0; turn < ScaledCount(2000); ++turn) ASSERT_THAT(users.MSet(items), IsOk());
  };
  std::thread up([&] { write({{"1", "up"}, {"2", "up"}, {"3", "up"}}); });
  std::thread down([&] { write({{"3", "down"}, {"2", "down"}, {"1", "down"}}); });
  up.join();
  down.join();
  Namespace users = cache_->In("users");
  EXPECT_EQ(Stored("1"), Stored("2"));
  EXPECT_EQ(Stored("1"), Stored("3"));
  for (const char* key : {"1", "2", "3"}) EXPECT_EQ(Text(users.Find(key)), Stored(key));
}

}  // namespace
}  // namespace trivet
