// The budget is kept after every write, whatever is written; entries are counted to the one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/cache_internals.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::RandomTestSeed;
using testing::RemovalLog;
using testing::ScaledCount;
using testing::SeedTrace;
using testing::StatusIs;
using testing::Text;

class MemoryBudgetTest : public testing::StoreFixture {
 protected:
  void SetUp() override { SCOPED_TRACE(SeedTrace(seed_)); }

  void ExpectWithinBudget() {
    const Stats stats = cache_->stats();
    ASSERT_LE(stats.memory_bytes, stats.memory_limit);
    ASSERT_EQ(stats.memory_bytes, stats.bytes + stats.index_bytes + stats.pinned_bytes);
  }

  // Does `write` many times, on several kinds of cache, and looks after each time.
  void WriteAndLook(const std::function<void(Namespace&, uint64_t turn)>& write) {
    for (const size_t shards : {1, 4}) {
      CacheFixture::Open({.memory_bytes = 1 << 20, .shards = shards});
      Namespace users = cache_->In("users");
      for (uint64_t turn = 0; turn < 5000; ++turn) {
        write(users, turn);
        ExpectWithinBudget();
        if (HasFatalFailure()) return;
      }
      EXPECT_GT(cache_->stats().memory_bytes, cache_->stats().memory_limit / 2)
          << "and yet it is used";
    }
  }

  static std::string Longest() { return std::string(200, 't'); }
  std::string Bytes(size_t most) { return std::string(random_() % most, 'x'); }

  const uint64_t seed_ = RandomTestSeed();
  std::mt19937_64 random_{seed_};
};

TEST_F(MemoryBudgetTest, IsKeptWithValuesOfAllSizes) {
  WriteAndLook([&](Namespace& users, uint64_t) {
    const size_t most = random_() % 8 == 0 ? 30'000 : 300;
    ASSERT_THAT(users.Set(std::to_string(random_() % 5000), Bytes(most)), IsOk());
  });
}

TEST_F(MemoryBudgetTest, IsKeptWithTags) {
  WriteAndLook([&](Namespace& users, uint64_t turn) {
    std::vector<std::string> tags;
    for (size_t i = random_() % 10; i > 0; --i) tags.push_back(std::to_string(random_() % 3000));
    ASSERT_THAT(users.Set(std::to_string(turn), Bytes(100), {.tags = tags}), IsOk());
    if (turn % 100 == 0) {
      ASSERT_THAT(users.InvalidateTag(std::to_string(random_() % 3000)), IsOk());
    }
  });
}

TEST_F(MemoryBudgetTest, IsKeptWithTtls) {
  WriteAndLook([&](Namespace& users, uint64_t turn) {
    const SetOptions options{.ttl = absl::Milliseconds(1 + random_() % 10'000)};
    ASSERT_THAT(users.Set(std::to_string(turn), Bytes(500), options), IsOk());
    clock_.Advance(absl::Milliseconds(1));
  });
}

TEST_F(MemoryBudgetTest, IsKeptWithManyNamespaces) {
  WriteAndLook([&](Namespace&, uint64_t turn) {
    Namespace one_of_many = cache_->In(std::to_string(turn % 100));
    ASSERT_THAT(one_of_many.Set(std::to_string(turn), Bytes(1000)), IsOk());
  });
}

TEST_F(MemoryBudgetTest, IsKeptWithLoads) {
  WriteAndLook([&](Namespace& users, uint64_t) {
    const auto loaded = users.GetOrLoad(std::to_string(random_() % 5000), [&](Load& load) {
      load.AddTag(std::to_string(random_() % 100));
      return Bytes(500);
    });
    ASSERT_THAT(loaded, IsOk());
  });
}

// An insert that evicts a pinned value gets no room by it; what is over goes with the next inserts,
// and pinned values may be a tenth of the budget at most.
TEST_F(MemoryBudgetTest, PinnedValuesAddATenthAtMost) {
  for (const size_t shards : {1, 4}) {
    CacheFixture::Open({.memory_bytes = 1 << 20, .shards = shards});
    Namespace users = cache_->In("users");
    std::deque<Value> pins;
    for (size_t turn = 0; turn < ScaledCount(10'000); ++turn) {
      const std::string key = std::to_string(turn);
      const absl::Status set = users.Set(key, Bytes(1000)).status();
      if (set.ok()) {
        pins.push_back(users.Find(key));
      } else {
        ASSERT_THAT(set, StatusIs(absl::StatusCode::kResourceExhausted));
        pins.erase(pins.begin(), pins.begin() + 1 + static_cast<ptrdiff_t>(pins.size() / 2));
      }
      const Stats stats = cache_->stats();
      ASSERT_LE(stats.memory_bytes, stats.memory_limit + stats.memory_limit / 10);
    }
  }
}

TEST_F(MemoryBudgetTest, IsKeptThroughTheStore) {
  Open({.memory_bytes = 256 << 10});
  Namespace users = cache_->In("users");
  for (size_t turn = 0; turn < ScaledCount(3000); ++turn) {
    const std::string key = std::to_string(random_() % 1000);
    if (turn % 2 == 0) {
      ASSERT_THAT(users.Set(key, Bytes(40'000)), IsOk());
    } else {
      ASSERT_THAT(users.Get(key), IsOk());
    }
    ExpectWithinBudget();
    if (HasFatalFailure()) return;
  }
}

TEST_F(MemoryBudgetTest, TheSmallestBudgetHoldsSomething) {
  CacheFixture::Open({.memory_bytes = 64 << 10});
  Namespace users = cache_->In("users");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_THAT(users.Set(std::to_string(i), "value"), IsOk());
    ExpectWithinBudget();
  }
  EXPECT_GT(users.stats().entries, 300u);
}

// What the figures say is what heap and arena gave. Not where a sanitizer has taken the heap over.
TEST_F(MemoryBudgetTest, FiguresAgreeWithTheHeap) {
  const std::function<std::vector<std::string>(size_t turn)> kTagsOf[] = {
      [](size_t) { return std::vector<std::string>(); },
      [](size_t turn) { return std::vector<std::string>{"tag" + std::to_string(turn % 100)}; },
      [](size_t turn) { return std::vector<std::string>{"tag" + std::to_string(turn)}; },
      [](size_t turn) { return std::vector<std::string>{std::to_string(turn) + Longest()}; },
  };
  for (const auto& tags_of : kTagsOf) {
    const size_t before = mallinfo2().uordblks;
    if (before == 0) GTEST_SKIP() << "this heap tells nothing";
    CacheFixture::Open({.memory_bytes = 2 << 20});
    Namespace users = cache_->In("users");
    for (size_t turn = 0; turn < 10'000; ++turn) {
      const SetOptions options{.ttl = absl::Hours(1), .tags = tags_of(turn)};
      ASSERT_THAT(users.Set("key" + std::to_string(turn), Bytes(400), options), IsOk());
    }
    const auto counted = static_cast<double>(cache_->stats().memory_bytes);
    const auto taken =
        static_cast<double>(mallinfo2().uordblks - before + testing::MappedBytes(*cache_));
    EXPECT_GT(taken, counted * 0.85);
    EXPECT_LT(taken, counted * 1.15);
    cache_.reset();
  }
}

// The size classes must not keep what values of other sizes need.
TEST_F(MemoryBudgetTest, PagesFollowTheBudgetWhenTheMixOfSizesShifts) {
  constexpr size_t kBudget = 64 << 20;
  CacheFixture::Open({.memory_bytes = kBudget, .value_bytes_max = 200'000});
  Namespace users = cache_->In("users");
  size_t most = 0;
  for (const size_t size : {100u, 700u, 60u, 9000u, 300u, 100'000u, 2000u, 10u}) {
    for (size_t bytes = 0; bytes < testing::ScaledCount(2 * kBudget); bytes += size + 128) {
      const std::string key = std::to_string(random_() % 2'000'000);
      ASSERT_THAT(users.Set(key, std::string(size - random_() % (size / 2), 'v')), IsOk());
      if (bytes % (1 << 20) < size + 128) {
        while (cache_->Maintain(1000)) {
        }
        most = std::max(most, testing::PageBytes(*cache_));
      }
    }
  }
  EXPECT_LT(most, kBudget + kBudget / 50 + (16 << 20));
  EXPECT_GT(cache_->stats().bytes, kBudget / 2) << "and entries use it";
}

// --- Entries ------------------------------------------------------------------------------------

TEST_F(MemoryBudgetTest, EntriesAreLimitedToTheOne) {
  CacheFixture::Open({.max_entries = 100});
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_THAT((i % 3 == 0 ? orders : users).Set(std::to_string(i), "v"), IsOk());
    ASSERT_EQ(cache_->stats().entries, static_cast<uint64_t>(std::min(i + 1, 100)));
  }
  EXPECT_EQ(cache_->stats().memory_limit, 0u);
}

TEST_F(MemoryBudgetTest, ShardsShareTheEntriesWithoutRemainder) {
  CacheFixture::Open({.max_entries = 1003, .shards = 8});
  Namespace users = cache_->In("users");
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
    ASSERT_LE(cache_->stats().entries, 1003u);
  }
  EXPECT_EQ(cache_->stats().entries, 1003u);
}

TEST_F(MemoryBudgetTest, OfTwoLimitsTheFirstThatIsReachedCounts) {
  CacheFixture::Open({.memory_bytes = 1 << 20, .max_entries = 100});
  Namespace users = cache_->In("users");
  for (int i = 0; i < 200; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  EXPECT_EQ(users.stats().entries, 100u);
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(users.Set(std::to_string(i), std::string(50'000, 'x')), IsOk());
    ExpectWithinBudget();
  }
  EXPECT_LT(users.stats().entries, 22u);
}

// --- Too large ----------------------------------------------------------------------------------

TEST_F(MemoryBudgetTest, AValueMayTakeAnEighthOfItsShard) {
  RemovalLog removals;
  CacheFixture::Open(
      {.memory_bytes = 256 << 10, .shards = 2, .removal_listener = removals.Listener()});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("secret key", "small"), IsOk());
  EXPECT_THAT(users.Set("secret key", std::string(16 << 10, 'v')),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("CacheOptions.memory_bytes"), HasSubstr("16384"),
                             Not(HasSubstr("secret")), Not(HasSubstr("vvv")))));
  EXPECT_EQ(users.stats().oversize, 1u);
  EXPECT_EQ(Text(users.Find("secret key")), "small") << "nothing was changed";
  EXPECT_TRUE(removals.Take().empty());
  EXPECT_THAT(users.Set("secret key", std::string(15 << 10, 'v')), IsOk());
}

TEST_F(MemoryBudgetTest, AKeyTakesItsPartToo) {
  CacheFixture::Open({.memory_bytes = 256 << 10});
  Namespace users = cache_->In("users");
  EXPECT_THAT(users.Set(std::string(kKeyBytesMax, 'k'), "small"),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(MemoryBudgetTest, WithoutALimitInBytesAnyAllowedValueFits) {
  CacheFixture::Open({.max_entries = 2});
  Namespace users = cache_->In("users");
  EXPECT_THAT(users.Set("42", std::string(8 << 20, 'x')), IsOk());
  EXPECT_EQ(users.Find("42").bytes().size(), size_t{8} << 20);
}

}  // namespace
}  // namespace trivet
