// Reads that go through memory to the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using testing::Gate;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;
using testing::Text;

class ReadThroughTest : public testing::StoreFixture {
 protected:
  void SetUp() override { Open(); }

  // A row that expires.
  void StoreFor(absl::Duration ttl, std::string_view key, std::string_view value) {
    EXPECT_THAT(
        testing::WriteRow(
            *rows_, "users",
            {.key = key, .value = value, .expires_at = clock_.WallTime() + ttl, .tags = {}}),
        IsOk());
  }

  static std::vector<std::string> MGet(Namespace space, std::vector<std::string_view> keys) {
    std::vector<std::string> texts;
    for (const auto& answer : space.MGet(keys)) texts.push_back(Text(answer));
    return texts;
  }
};

TEST_F(ReadThroughTest, WhatTheStoreHasComesIntoMemory) {
  Namespace users = cache_->In("users");
  Store("42", "row");
  const auto first = users.Get("42");
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->bytes(), "row");
  EXPECT_EQ(first->tier, Tier::kStore);
  EXPECT_EQ(first->version, (*rows_->Read("users", "42"))->version);
  clock_.Advance(absl::Seconds(2));
  const auto second = users.Get("42");
  EXPECT_EQ(second->tier, Tier::kMemory);
  EXPECT_EQ(second->version, first->version);
  EXPECT_EQ(second->age, absl::Seconds(2));
  EXPECT_EQ(Text(users.Find("42")), "row");
  EXPECT_EQ(TakeCalls(), 1u);
}

TEST_F(ReadThroughTest, MemoryAloneNeverAsksTheStore) {
  Namespace users = cache_->In("users");
  Store("42", "row");
  std::string out;
  EXPECT_FALSE(users.Find("42"));
  EXPECT_FALSE(users.FindInto("42", &out));
  EXPECT_FALSE(users.Visit("42", [](std::string_view) {}));
  EXPECT_THAT(users.Scan({}), IsOk());
  EXPECT_EQ(TakeCalls(), 0u);
}

TEST_F(ReadThroughTest, AMissOfTheStoreIsNotKept) {
  Namespace users = cache_->In("users");
  EXPECT_EQ(Text(users.Get("42")), "-");
  EXPECT_EQ(users.Get("42")->tier, Tier::kNone);
  EXPECT_EQ(TakeCalls(), 2u);
  Store("42", "now");
  EXPECT_EQ(Text(users.Get("42")), "now");
}

TEST_F(ReadThroughTest, ARowLivesOnInMemoryForWhatIsLeftOfItsTime) {
  Namespace users = cache_->In("users", {.ttl = absl::Hours(1)});
  StoreFor(absl::Seconds(10), "42", "row");
  clock_.Advance(absl::Seconds(4));
  EXPECT_EQ(users.Get("42")->remaining_ttl, absl::Seconds(6));
  clock_.JumpWallTime(-absl::Hours(1));
  clock_.Advance(absl::Seconds(6));
  EXPECT_FALSE(users.Find("42")) << "in memory the calendar has no say";
  Store("43", "row");
  EXPECT_EQ(users.Get("43")->remaining_ttl, absl::InfiniteDuration()) << "the row says so";
}

TEST_F(ReadThroughTest, ARowThatExpiredOnTheWayIsAMiss) {
  ManualClock slow_clock;  // of the store
  rows_ = std::make_shared<testing::MemoryBacking>(&slow_clock);
  store_ = std::make_shared<testing::FaultyBacking>(rows_);
  Open();
  Namespace users = cache_->In("users");
  StoreFor(absl::Seconds(10), "42", "row");
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Text(users.Get("42")), "-");
  EXPECT_THAT(MGet(users, {"42"}), ElementsAre("-"));
  EXPECT_EQ(Text(users.GetOrLoad("42", [](Load&) { return std::string("loaded"); })), "loaded");
}

TEST_F(ReadThroughTest, HasAndTtlAskTheStoreAndKeepNothing) {
  Namespace users = cache_->In("users");
  StoreFor(absl::Seconds(10), "42", "row");
  EXPECT_THAT(users.Has("42"), IsOkAndHolds(true));
  EXPECT_THAT(users.Ttl("42"), IsOkAndHolds(Eq(absl::Seconds(10))));
  EXPECT_THAT(users.Has("43"), IsOkAndHolds(false));
  EXPECT_THAT(users.Ttl("43"), IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_EQ(users.stats().entries, 0u);
  EXPECT_EQ(TakeCalls(), 4u);
  EXPECT_THAT(users.Get("42"), IsOk());
  TakeCalls();
  EXPECT_THAT(users.Has("42"), IsOkAndHolds(true));
  EXPECT_EQ(TakeCalls(), 0u);
  store_->FailAll(absl::UnavailableError("busy"));
  EXPECT_THAT(users.Has("43"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(users.Ttl("43"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ReadThroughTest, ANamespaceMayHaveNothingToDoWithTheStore) {
  Namespace local = cache_->In("users", {.use_backing = false});
  Store("42", "row");
  EXPECT_EQ(Text(local.Get("42")), "-");
  EXPECT_THAT(local.Has("42"), IsOkAndHolds(false));
  EXPECT_THAT(MGet(local, {"42"}), ElementsAre("-"));
  EXPECT_EQ(Text(local.GetOrLoad("42", [](Load&) { return std::string("loaded"); })), "loaded");
  EXPECT_GT(local.Get("42")->version, 0u) << "memory counts versions itself";
  EXPECT_EQ(TakeCalls(), 0u);
}

TEST_F(ReadThroughTest, ARowThatMemoryCannotHoldIsServedFromTheStore) {
  Open({.memory_bytes = 64 << 10});
  Namespace users = cache_->In("users");
  const std::string huge(20'000, 'x');
  Store("42", huge);
  EXPECT_EQ(Text(users.Get("42")), huge);
  EXPECT_EQ(users.Get("42")->tier, Tier::kStore);
  EXPECT_EQ(users.stats().entries, 0u);
  EXPECT_EQ(users.stats().oversize, 2u);
}

TEST_F(ReadThroughTest, AnErrorOfTheStoreIsPassedOnAndNotKept) {
  Namespace users = cache_->In("users");
  Store("42", "row");
  store_->FailBefore(1, absl::DataLossError("broken"));
  EXPECT_THAT(users.Get("42"), StatusIs(absl::StatusCode::kDataLoss, "broken"));
  EXPECT_EQ(Text(users.Get("42")), "row");
}

// --- With a loader ------------------------------------------------------------------------------

TEST_F(ReadThroughTest, AStoreThatThrowsHoldsNoReadUp) {
  static constexpr std::string_view kKeys[] = {"42"};
  const auto loader = [](Load&) -> Loaded { return "loaded"; };
  const auto said = StatusIs(absl::StatusCode::kUnknown, HasSubstr("store threw"));
  Store("42", "Ada");
  Namespace users = cache_->In("users");
  store_->OnCall([] { throw std::runtime_error("secret"); });
  EXPECT_THAT(users.Get("42"), said);
  EXPECT_THAT(users.GetOrLoad("42", loader), said);
  EXPECT_THAT(users.MGet(kKeys)[0], said);
  EXPECT_THAT(users.Ttl("42"), said);
  EXPECT_FALSE(cache_->Maintain(1000)) << "sweeps the store";
  EXPECT_EQ(cache_->stats().store_errors, 4u);
  store_->OnCall(nullptr);
  EXPECT_EQ(Text(users.MGet(kKeys)[0]), "Ada");
  EXPECT_THAT(cache_->Close(), IsOk()) << "a load is still in progress";
}

TEST_F(ReadThroughTest, TheLoaderIsAskedAfterTheStore) {
  Namespace users = cache_->In("users");
  Store("42", "row");
  EXPECT_EQ(Text(users.GetOrLoad("42",
                                 [](Load&) {
                                   ADD_FAILURE() << "the store had it";
                                   return std::string();
                                 })),
            "row");
  const auto loaded = users.GetOrLoad("43", [](Load&) { return std::string("loaded"); });
  EXPECT_EQ(Text(loaded), "loaded");
  EXPECT_EQ(loaded->tier, Tier::kLoader);
  EXPECT_EQ(loaded->version, 0u) << "nobody counts it";
  EXPECT_EQ(Stored("43"), "-") << "its truth is elsewhere";
  EXPECT_EQ(Text(users.Find("43")), "loaded");
}

TEST_F(ReadThroughTest, TheLoaderDoesNotHideAnErrorOfTheStore) {
  Namespace users = cache_->In("users");
  store_->FailBefore(1, absl::UnavailableError("busy"));
  EXPECT_THAT(users.GetOrLoad("42",
                              [](Load&) {
                                ADD_FAILURE() << "the store may have it";
                                return std::string();
                              }),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ReadThroughTest, ALoaderThatAsksForItsOwnKeyIsToldSoByEveryRead) {
  Namespace users = cache_->In("users");
  Store("43", "row");
  const auto loaded = users.GetOrLoad("42", [&](Load&) {
    const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("loader"));
    EXPECT_THAT(users.Get("42"), refused);
    EXPECT_THAT(users.GetOrLoad("42", [](Load&) { return std::string("inner"); }), refused);
    const std::string_view keys[] = {"43", "42"};
    const auto batch = users.MGet(keys);
    EXPECT_EQ(Text(batch[0]), "row");
    EXPECT_THAT(batch[1], refused);
    EXPECT_FALSE(users.Find("42"));
    EXPECT_THAT(users.Has("42"), IsOkAndHolds(false));
    return std::string("loaded");
  });
  EXPECT_EQ(Text(loaded), "loaded");
}

// --- One at a time ------------------------------------------------------------------------------

TEST_F(ReadThroughTest, ManyThreadsAskTheStoreOnce) {
  Store("42", "row");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(Text(cache_->In("users").Get("42")), "row"); });
  }
  AwaitJoins(3);
  in_store.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(TakeCalls(), 1u);
}

TEST_F(ReadThroughTest, ThreadsShareAnErrorOfTheStore) {
  store_->FailBefore(1, absl::UnavailableError("busy"));
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      EXPECT_THAT(cache_->In("users").Get("42"), StatusIs(absl::StatusCode::kUnavailable));
    });
  }
  AwaitJoins(2);
  in_store.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(TakeCalls(), 1u);
}

TEST_F(ReadThroughTest, AReadThatAnInvalidationOvertookIsNotKept) {
  Namespace users = cache_->In("users");
  Store("42", "row");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread reader([&] { EXPECT_EQ(Text(cache_->In("users").Get("42")), "row"); });
  in_store.AwaitArrival();
  ASSERT_THAT(users.Invalidate("42"), IsOk());
  in_store.Open();
  reader.join();
  EXPECT_FALSE(users.Find("42"));
  EXPECT_EQ(users.stats().loads_fenced, 1u);
}

// --- Rows that no cache wrote -------------------------------------------------------------------

// A database that holds a single row, whatever it is asked for.
class ForeignRow final : public Backing {
 public:
  explicit ForeignRow(StoredValue row) : row_(std::move(row)) {}

  absl::StatusOr<std::optional<StoredValue>> Read(std::string_view, std::string_view) override {
    return row_;
  }
  absl::StatusOr<std::vector<std::optional<StoredValue>>> ReadMany(
      std::string_view, std::span<const std::string_view> keys) override {
    return std::vector<std::optional<StoredValue>>(keys.size(), row_);
  }
  absl::StatusOr<std::vector<StoreWritten>> Write(std::string_view, std::span<const StoreWrite>,
                                                  uint64_t) override {
    return absl::PermissionDeniedError("read-only");
  }
  absl::StatusOr<std::vector<std::optional<StoredValue>>> Delete(std::string_view,
                                                                 std::span<const std::string_view>,
                                                                 uint64_t) override {
    return absl::PermissionDeniedError("read-only");
  }
  absl::StatusOr<bool> Touch(std::string_view, std::string_view, absl::Time, uint64_t) override {
    return absl::PermissionDeniedError("read-only");
  }
  absl::StatusOr<uint64_t> DeleteTag(std::string_view, std::string_view, uint64_t) override {
    return absl::PermissionDeniedError("read-only");
  }
  absl::Status Clear(std::string_view, uint64_t) override {
    return absl::PermissionDeniedError("read-only");
  }
  absl::Status ClearAll(uint64_t) override { return absl::PermissionDeniedError("read-only"); }
  absl::StatusOr<std::vector<LoggedChange>> ReadChangeLog(size_t) override {
    return std::vector<LoggedChange>();
  }
  absl::Status TrimChangeLog(std::span<const uint64_t>) override {
    return absl::PermissionDeniedError("read-only");
  }
  absl::StatusOr<bool> Sweep(size_t) override { return false; }
  absl::StatusOr<std::vector<Count>> CountRows() override { return std::vector<Count>(); }

 private:
  const StoredValue row_;
};

TEST_F(ReadThroughTest, ARowWithMoreTagsThanAnEntryCanHaveIsServedAndNotKept) {
  StoredValue row{.value = "json", .version = 1, .tags = {}};
  for (int i = 0; i < 300; ++i) row.tags.push_back("tag" + std::to_string(i));
  CacheFixture::Open({.backing = std::make_shared<ForeignRow>(row)});
  Namespace users = cache_->In("users");
  EXPECT_EQ(Text(users.Get("42")), "json");
  EXPECT_THAT(MGet(users, {"42", "43"}), ElementsAre("json", "json"));
  EXPECT_EQ(users.stats().entries, 0u);
}

// Memory alone is the truth there.
TEST(MemoryAlone, AnyStalenessIsAsGood) {
  auto cache = Cache::Open({.memory_bytes = 1 << 20});
  ASSERT_TRUE(cache.ok());
  Namespace users = (*cache)->In("users");
  ASSERT_TRUE(users.Set("42", "Ada").ok());
  const auto found = users.Get("42", {.staleness_max = absl::ZeroDuration()});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->bytes(), "Ada");
}

}  // namespace
}  // namespace trivet
