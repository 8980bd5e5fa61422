// Namespaces with a quota keep to it, and are left alone while they do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/cache_internals.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"
#include "trivet/clock.h"

namespace trivet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;
using testing::StatusIs;
using enum absl::StatusCode;

constexpr size_t kBudget = 4 << 20;
constexpr size_t kQuota = 1 << 20;
constexpr size_t kEntriesInBudget = 30'000;  // of 100 bytes; at least as many as fit

class QuotaTest : public ::testing::TestWithParam<std::string> {
 protected:
  void Open(CacheOptions options = {.memory_bytes = kBudget}) {
    options.policy = GetParam();
    if (options.shards == 0) options.shards = 2;
    options.clock = &clock_;
    options.background_maintenance = false;
    auto cache = Cache::Open(std::move(options));
    ASSERT_THAT(cache, IsOk());
    cache_ = *std::move(cache);
  }

  void TearDown() override {
    if (cache_ != nullptr) testing::CheckInvariants(*cache_);
  }

  Namespace WithQuota(std::string_view name, size_t quota = kQuota) {
    return cache_->In(name, {.quota_bytes = quota});
  }

  void Fill(Namespace& space, size_t entries, size_t value_bytes = 100) {
    const std::string value(value_bytes, 'v');
    for (size_t i = 0; i < entries; ++i) {
      ASSERT_THAT(space.Set(absl::StrCat("key", i), value), IsOk());
    }
  }

  // More than fits, again and again, as often as the scale of the tests says.
  void FillBeyondBudget(Namespace& space, size_t entries = 100'000) {
    Fill(space, std::max(ScaledCount(entries), kEntriesInBudget));
  }

  static uint64_t EntriesOf(const Namespace& space) { return space.stats().entries; }

  ManualClock clock_;
  std::unique_ptr<Cache> cache_;
};

INSTANTIATE_TEST_SUITE_P(Policies, QuotaTest, ::testing::Values("lru", "s3fifo"),
                         [](const auto& policy) { return policy.param; });

TEST_P(QuotaTest, IsKeptAndUsed) {
  Open();
  Namespace small = WithQuota("small");
  Fill(small, 20'000);
  EXPECT_LE(small.stats().bytes, kQuota);
  EXPECT_GT(small.stats().bytes, kQuota * 9 / 10);
  EXPECT_EQ(small.stats().memory_limit, kQuota);
  EXPECT_GT(small.stats().evicted, 0u);
}

TEST_P(QuotaTest, WhatIsBeyondItGoesFromThatNamespaceAlone) {
  Open();
  Namespace others = cache_->In("others");
  Namespace small = WithQuota("small");
  Fill(others, 1000);
  FillBeyondBudget(small, 50'000);
  EXPECT_EQ(EntriesOf(others), 1000u);
}

TEST_P(QuotaTest, OthersDoNotDriveOutWhatIsWithinIt) {
  Open();
  Namespace others = cache_->In("others");
  Namespace small = WithQuota("small");
  Fill(small, 2000);
  FillBeyondBudget(others);
  EXPECT_EQ(EntriesOf(small), 2000u);
  Namespace second = WithQuota("second");
  FillBeyondBudget(second);
  EXPECT_EQ(EntriesOf(small), 2000u);
}

TEST_P(QuotaTest, WhatIsNotUsedIsRoomForOthers) {
  Open();
  Namespace small = WithQuota("small", kBudget / 2);
  Namespace others = cache_->In("others");
  Fill(small, 1);
  FillBeyondBudget(others);
  EXPECT_GT(others.stats().bytes, kBudget * 3 / 4);
  // And it can be had back.
  Fill(small, 8000);
  EXPECT_EQ(EntriesOf(small), 8000u);
}

TEST_P(QuotaTest, MayAddUpToMoreThanTheBudget) {
  Open();
  std::vector<Namespace> spaces;
  for (int i = 0; i < 4; ++i) spaces.push_back(WithQuota(absl::StrCat("space", i), kBudget / 2));
  spaces.push_back(cache_->In("others"));
  for (Namespace& space : spaces) Fill(space, 30'000);
  EXPECT_LE(cache_->stats().memory_bytes, kBudget);
  for (const Namespace& space : spaces) {
    EXPECT_GT(space.stats().bytes, kBudget / 32) << "everybody has a share";
  }
}

TEST_P(QuotaTest, HoldsWhereOnlyEntriesAreLimited) {
  Open({.max_entries = 4000});
  Namespace small = WithQuota("small");
  Namespace others = cache_->In("others");
  Fill(small, 3000, 1000);
  EXPECT_LE(small.stats().bytes, kQuota);
  Fill(others, 10'000);
  EXPECT_LE(cache_->stats().entries, 4000u);
}

TEST_P(QuotaTest, FollowsTheBudgetWhenThatShrinks) {
  Open();
  Namespace small = WithQuota("small");
  Namespace others = cache_->In("others");
  Fill(small, 5000);
  Fill(others, 20'000);
  ASSERT_THAT(cache_->Resize({.memory_bytes = kQuota}), IsOk());
  EXPECT_LE(cache_->stats().memory_bytes, kQuota);
  EXPECT_GT(EntriesOf(small), 0u);
  EXPECT_GT(EntriesOf(others), 0u);
}

TEST_P(QuotaTest, RefusesValuesThatWouldEmptyIt) {
  Open();
  Namespace small = WithQuota("small", 64 << 10);
  const std::string large((64 << 10) / 2 / 8, 'v');  // an eighth of one of two shards, and a header
  EXPECT_THAT(small.Set("k", large),
              StatusIs(kResourceExhausted, HasSubstr("NamespaceOptions.quota_bytes")));
  EXPECT_EQ(small.stats().oversize, 1u);
  EXPECT_THAT(cache_->In("others").Set("k", large), IsOk());
}

TEST_P(QuotaTest, RandomWritesKeepAllOfThem) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  Open({.memory_bytes = 2 << 20});
  std::vector<Namespace> spaces = {cache_->In("a"), WithQuota("b", 100 << 10),
                                   WithQuota("c", 700 << 10), WithQuota("d", 3 << 20)};
  const size_t turns = ScaledCount(40'000);
  for (size_t turn = 0; turn < turns; ++turn) {
    Namespace& space = spaces[random() % spaces.size()];
    const std::string key = std::to_string(random() % 5000);
    switch (random() % 16) {
      case 0:
        ASSERT_THAT(space.Delete(key), IsOk());
        break;
      case 1:
        ASSERT_THAT(space.Touch(key, absl::Milliseconds(1 + random() % 100)), IsOk());
        break;
      case 2:
        if (random() % 100 == 0) {
          ASSERT_THAT(space.Clear(), IsOk());
        }
        break;
      case 3:
        clock_.Advance(absl::Milliseconds(1));
        cache_->Maintain(100);
        break;
      case 4:
      case 5:
      case 6:
        space.Find(key);
        break;
      default:
        ASSERT_THAT(space.Set(key, std::string(random() % 600, 'x')), IsOk());
    }
    const Stats stats = space.stats();
    if (stats.memory_limit != 0) {
      ASSERT_LE(stats.bytes, stats.memory_limit);
    }
    if (turn % 1000 == 0) testing::CheckInvariants(*cache_);
  }
  EXPECT_LE(cache_->stats().memory_bytes, cache_->stats().memory_limit);
}

TEST_P(QuotaTest, LimitsAreNamed) {
  Open();
  EXPECT_THAT(WithQuota("tiny", 1000).status(),
              StatusIs(kInvalidArgument,
                       AllOf(HasSubstr("NamespaceOptions.quota_bytes"), HasSubstr("65536"))));
  for (size_t i = 0; i < kQuotasMax; ++i) {
    ASSERT_THAT(WithQuota(absl::StrCat("space", i)).status(), IsOk());
  }
  EXPECT_THAT(WithQuota("one more").status(), StatusIs(kResourceExhausted, HasSubstr("64")));
  EXPECT_THAT(WithQuota("space0").status(), IsOk()) << "is open already";
  EXPECT_THAT(WithQuota("space0", kQuota / 2).status(), StatusIs(kFailedPrecondition));
}

}  // namespace
}  // namespace trivet
