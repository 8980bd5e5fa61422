// Values that handles hold while the cache goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::ScaledCount;
using testing::StatusIs;
using testing::Text;

class PinsTest : public testing::StoreFixture {
 protected:
  // Memory alone.
  Namespace OpenUsers(CacheOptions options = {}) {
    CacheFixture::Open(std::move(options));
    return cache_->In("users");
  }
};

TEST_F(PinsTest, BytesStayAsTheyAreWhateverBecomesOfTheEntry) {
  Namespace users = OpenUsers({.max_entries = 4});
  const std::function<void()> kEnds[] = {
      [&] { ASSERT_THAT(users.Set("42", "new"), IsOk()); },
      [&] { ASSERT_THAT(users.Delete("42"), IsOkAndHolds(true)); },
      [&] { ASSERT_THAT(users.Take("42"), IsOk()); },
      [&] { ASSERT_THAT(users.Invalidate("42"), IsOk()); },
      [&] { ASSERT_THAT(users.InvalidateTag("t"), IsOk()); },
      [&] { ASSERT_THAT(users.InvalidatePattern("*"), IsOk()); },
      [&] { ASSERT_THAT(users.Clear(), IsOk()); },
      [&] { clock_.Advance(absl::Hours(1)); },
      [&] {
        for (int i = 0; i < 10; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
      },
  };
  for (const auto& end : kEnds) {
    ASSERT_THAT(users.Set("42", "json", {.ttl = absl::Minutes(1), .tags = {"t"}}), IsOk());
    const Value value = users.Find("42");
    const char* place = value.bytes().data();
    end();
    MaintainAll();
    EXPECT_EQ(value.bytes(), "json");
    EXPECT_EQ(value.bytes().data(), place);
    EXPECT_NE(Text(users.Find("42")), "json");
    EXPECT_GT(cache_->stats().pinned_bytes, 0u);
  }
  MaintainAll();
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u);
}

TEST_F(PinsTest, EveryAnswerIsAHandle) {
  Namespace users = OpenUsers();
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  const auto got = users.Get("42");
  const auto loaded = users.GetOrLoad("42", [](Load&) { return std::string("never"); });
  const std::string_view keys[] = {"42"};
  const auto batch = users.MGet(keys);
  const auto page = users.Scan({});
  ASSERT_THAT(users.Set("42", "new"), IsOk());
  EXPECT_EQ(Text(got), "json");
  EXPECT_EQ(Text(loaded), "json");
  EXPECT_EQ(Text(batch.front()), "json");
  EXPECT_EQ(page->items.front().value.bytes(), "json");
}

TEST_F(PinsTest, HandlesOnOneEntryAreCountedOnce) {
  Namespace users = OpenUsers();
  ASSERT_THAT(users.Set("42", std::string(1000, 'x')), IsOk());
  Value one = users.Find("42");
  Value two = users.Find("42");
  const Value copy = one;
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u) << "the entry is still in the cache";
  ASSERT_THAT(users.Delete("42"), IsOk());
  const uint64_t pinned = cache_->stats().pinned_bytes;
  EXPECT_GE(pinned, 1000u);
  EXPECT_LT(pinned, 2000u);
  one.Reset();
  two.Reset();
  EXPECT_EQ(cache_->stats().pinned_bytes, pinned);
}

TEST_F(PinsTest, BytesOfAnotherTierAreHandlesToo) {
  StoreFixture::Open();
  Namespace users = cache_->In("users");
  Store("42", "row");
  {
    const auto taken = users.Take("42");
    EXPECT_EQ(Text(taken), "row");
    EXPECT_GT(cache_->stats().pinned_bytes, 0u);
    EXPECT_THAT(cache_->Close(), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u);
}

// --- A tenth of the budget ----------------------------------------------------------------------

TEST_F(PinsTest, WritesAreRefusedAtOnceWhilePinnedValuesFillATenth) {
  Namespace users = OpenUsers({.memory_bytes = 1 << 20});
  std::vector<Value> pins;
  absl::Status refused;
  while (refused.ok()) {
    ASSERT_LT(pins.size(), 200u);
    refused = users.Set("secret key", std::string(1000, 'v')).status();
    if (!refused.ok()) break;
    pins.push_back(users.Find("secret key"));
    ASSERT_THAT(users.Delete("secret key"), IsOkAndHolds(true));
  }
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                AllOf(HasSubstr("memory_bytes"), Not(HasSubstr("secret")),
                                      Not(HasSubstr("vvv")))));
  const Stats full = cache_->stats();
  EXPECT_GT(full.pinned_bytes, full.memory_limit / 10);
  EXPECT_LE(full.pinned_bytes, full.memory_limit / 10 + 2000);
  const Namespace::Item items[] = {{"1", "v"}};
  EXPECT_THAT(users.MSet(items), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(users.Increment("n"), StatusIs(absl::StatusCode::kResourceExhausted));
  const auto loaded = users.GetOrLoad("42", [](Load&) { return std::string("json"); });
  EXPECT_EQ(Text(loaded), "json") << "given, and not kept";
  EXPECT_FALSE(users.Find("42"));
  EXPECT_THAT(users.Delete("nothing"), IsOkAndHolds(false)) << "what frees memory works";
  pins.resize(pins.size() - 2);  // one for the refused write, one for what was loaded
  EXPECT_THAT(users.Set("1", "v"), IsOk());
}

TEST_F(PinsTest, ARefusedWriteLeavesWhatWasThere) {
  Namespace users = OpenUsers({.memory_bytes = 64 << 10});
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  ASSERT_THAT(users.Set("large", std::string(7000, 'x')), IsOk());
  const Value pin = users.Find("large");
  ASSERT_THAT(users.Delete("large"), IsOk());
  EXPECT_THAT(users.Set("42", "new"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Text(users.Find("42")), "json");
}

TEST_F(PinsTest, WithAStoreTheWriteGoesThereAndMemoryLetsGo) {
  StoreFixture::Open({.memory_bytes = 64 << 10});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "old"), IsOk());
  ASSERT_THAT(users.Set("large", std::string(7000, 'x')), IsOk());
  Value pin = users.Find("large");
  ASSERT_THAT(users.Invalidate("large"), IsOk());
  EXPECT_THAT(users.Set("42", "new"), IsOk());
  EXPECT_EQ(Stored("42"), "new");
  EXPECT_FALSE(users.Find("42")) << "the old one must not be served";
  EXPECT_EQ(Text(users.Get("42")), "new");
  EXPECT_FALSE(users.Find("42")) << "nor is there room for what is read";
  pin.Reset();
  EXPECT_EQ(Text(users.Get("42")), "new");
  EXPECT_TRUE(users.Find("42"));
}

TEST_F(PinsTest, WithoutALimitInBytesWritesAreRefusedBeyond256MiB) {
  Namespace users = OpenUsers({.max_entries = 1});
  const std::string value(4 << 20, 'x');
  std::vector<Value> pins;
  absl::Status status;
  for (int i = 0; status.ok() && i < 100; ++i) {
    status = users.Set(std::to_string(i), value).status();
    pins.push_back(users.Find(std::to_string(i)));
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GE(pins.size(), 63u);
  EXPECT_LE(pins.size(), 67u);
  pins.clear();
  EXPECT_THAT(users.Set("a", value), IsOk());
}

// --- Threads ------------------------------------------------------------------------------------

TEST_F(PinsTest, HandlesOfManyThreadsHoldWhatTheyFound) {
  Namespace users = OpenUsers({.max_entries = 20, .shards = 2});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Namespace view = cache_->In("users");
      std::vector<std::pair<std::string, Value>> held;
      for (size_t turn = 0; turn < ScaledCount(5000); ++turn) {
        const std::string key = std::to_string((turn * 31 + static_cast<size_t>(i)) % 40);
        if (turn % 3 == 0) {
          EXPECT_THAT(view.Set(key, "value of " + key), IsOk());
        } else if (Value value = view.Find(key)) {
          held.emplace_back(key, std::move(value));
        }
        if (held.size() == 10) {
          for (const auto& [of, value] : held) EXPECT_EQ(value.bytes(), "value of " + of);
          held.clear();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u);
}

}  // namespace
}  // namespace trivet
