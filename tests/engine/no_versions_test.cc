// Namespaces whose entries know neither a version nor when they were made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;
using testing::Text;
using enum absl::StatusCode;

class NoVersionsTest : public testing::StoreFixture {
 protected:
  Namespace OpenOne() {
    CacheFixture::Open();
    return cache_->In("users", {.versions = false});
  }
};

TEST_F(NoVersionsTest, AnswersSayThatNothingIsKnown) {
  Namespace users = OpenOne();
  const auto set = users.Set("k", "v");
  ASSERT_THAT(set, IsOk());
  EXPECT_TRUE(set->applied);
  EXPECT_EQ(set->version, 0u);
  clock_.Advance(absl::Seconds(1));
  const auto got = users.Get("k");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(Text(*got), "v");
  EXPECT_EQ(got->version, 0u);
  EXPECT_EQ(got->age, absl::InfiniteDuration());
  const auto page = users.Scan({});
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->items.at(0).version, 0u);
}

TEST_F(NoVersionsTest, EntriesAreSmaller) {
  Namespace without = OpenOne();
  Namespace with = cache_->In("with");
  // 32 bytes of header and 16 of key and value, or 16 more.
  ASSERT_THAT(without.Set("eight by", "and more"), IsOk());
  ASSERT_THAT(with.Set("eight by", "and more"), IsOk());
  EXPECT_EQ(with.stats().bytes - without.stats().bytes, 16u);
}

TEST_F(NoVersionsTest, ConditionsOnVersionsAreRefused) {
  Namespace users = OpenOne();
  ASSERT_THAT(users.Set("k", "v"), IsOk());
  EXPECT_THAT(users.Set("k", "w", {.when = SetWhen::kIfVersion, .if_version = 0}),
              StatusIs(kFailedPrecondition, HasSubstr("NamespaceOptions.versions")));
  EXPECT_EQ(Text(users.Find("k")), "v");
  EXPECT_FALSE(users.Set("k", "w", {.when = SetWhen::kIfAbsent})->applied);
  EXPECT_TRUE(users.Set("k", "w", {.when = SetWhen::kIfPresent})->applied);
}

TEST_F(NoVersionsTest, IncrementsLoseNothing) {
  Namespace users = OpenOne();
  constexpr int kThreads = 4;
  constexpr int kTurns = 2000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&users] {
      for (int turn = 0; turn < kTurns; ++turn) EXPECT_THAT(users.Increment("n", 1), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Text(users.Find("n")), std::to_string(kThreads * kTurns));
}

TEST_F(NoVersionsTest, RowsInTheStoreHaveVersions) {
  Open();
  EXPECT_THAT(cache_->In("users", {.versions = false}).status(),
              StatusIs(kInvalidArgument, HasSubstr("NamespaceOptions.versions")));
  EXPECT_THAT(cache_->In("users", {.use_backing = false, .versions = false}).status(), IsOk());
  CacheOptions options = {.max_entries = 10, .backing = store_};
  options.namespace_defaults.versions = false;
  EXPECT_THAT(Cache::Open(options).status(),
              StatusIs(kInvalidArgument, HasSubstr("CacheOptions.namespace_defaults.versions")));
}

TEST_F(NoVersionsTest, LoadsAreKept) {
  Namespace users = OpenOne();
  const auto load = [](Load&) -> absl::StatusOr<std::optional<std::string>> { return "loaded"; };
  ASSERT_THAT(users.GetOrLoad("k", load), IsOk());
  EXPECT_EQ(Text(users.Find("k")), "loaded");
}

}  // namespace
}  // namespace trivet
