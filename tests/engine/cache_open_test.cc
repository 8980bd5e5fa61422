// Opening and closing a cache, and the views of its namespaces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using testing::Gate;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::Text;

// All operations of a view that can fail.
struct Operation {
  const char* name;
  std::function<absl::Status(Namespace&)> run;
};
std::vector<Operation> AllOperations() {
  static constexpr std::string_view kKeys[] = {"k"};
  static constexpr Namespace::Item kItems[] = {{"k", "v"}};
  return {
      {"Get", [](Namespace& n) { return n.Get("k").status(); }},
      {"GetOrLoad",
       [](Namespace& n) {
         return n.GetOrLoad("k", [](Load&) -> Loaded { return std::nullopt; }).status();
       }},
      {"MGet", [](Namespace& n) { return n.MGet(kKeys).front().status(); }},
      {"Has", [](Namespace& n) { return n.Has("k").status(); }},
      {"Ttl", [](Namespace& n) { return n.Ttl("k").status(); }},
      {"Set", [](Namespace& n) { return n.Set("k", "v").status(); }},
      {"MSet", [](Namespace& n) { return n.MSet(kItems).status(); }},
      {"MSet of none", [](Namespace& n) { return n.MSet({}).status(); }},
      {"Delete", [](Namespace& n) { return n.Delete("k").status(); }},
      {"MDelete", [](Namespace& n) { return n.MDelete(kKeys).status(); }},
      {"MDelete of none", [](Namespace& n) { return n.MDelete({}).status(); }},
      {"Take", [](Namespace& n) { return n.Take("k").status(); }},
      {"Increment", [](Namespace& n) { return n.Increment("k").status(); }},
      {"Touch", [](Namespace& n) { return n.Touch("k", absl::Seconds(1)).status(); }},
      {"Invalidate", [](Namespace& n) { return n.Invalidate("k"); }},
      {"MInvalidate", [](Namespace& n) { return n.MInvalidate(kKeys); }},
      {"MInvalidate of none", [](Namespace& n) { return n.MInvalidate({}); }},
      {"InvalidateTag", [](Namespace& n) { return n.InvalidateTag("t"); }},
      {"InvalidateTags", [](Namespace& n) { return n.InvalidateTags(kKeys); }},
      {"InvalidatePattern", [](Namespace& n) { return n.InvalidatePattern("*").status(); }},
      {"DeleteTag", [](Namespace& n) { return n.DeleteTag("t"); }},
      {"Clear", [](Namespace& n) { return n.Clear(); }},
      {"Scan", [](Namespace& n) { return n.Scan({}).status(); }},
      {"ForEach",
       [](Namespace& n) {
         return n.ForEach([](std::string_view, std::string_view) { return true; });
       }},
  };
}

// A view that answers nothing gives the same status everywhere, and misses where there is none.
void ExpectDeaf(Namespace view, absl::StatusCode code) {
  for (const Operation& operation : AllOperations()) {
    EXPECT_THAT(operation.run(view), StatusIs(code)) << operation.name;
  }
  EXPECT_TRUE(view.MGet({}).empty());
  std::string out = "unchanged";
  EXPECT_FALSE(view.Find("k"));
  EXPECT_FALSE(view.FindInto("k", &out));
  EXPECT_FALSE(view.Visit("k", [](std::string_view) { ADD_FAILURE(); }));
  EXPECT_EQ(out, "unchanged");
}

class CacheOpenTest : public testing::StoreFixture {};

TEST_F(CacheOpenTest, OneLimitIsEnough) {
  for (const CacheOptions& options :
       {CacheOptions{.memory_bytes = 64 << 10}, CacheOptions{.max_entries = 1},
        CacheOptions{.memory_bytes = 1 << 20, .max_entries = 10}}) {
    const auto cache = Cache::Open(options);
    ASSERT_THAT(cache, IsOk());
    Namespace users = (*cache)->In("users");
    EXPECT_THAT(users.Set("k", "v", {.ttl = absl::Hours(1)}), IsOk());
    EXPECT_EQ(Text(users.Find("k")), "v");
    EXPECT_THAT((*cache)->Close(), IsOk());
  }
}

TEST_F(CacheOpenTest, ABadOptionIsNamed) {
  EXPECT_THAT(Cache::Open({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                        StartsWith("CacheOptions.memory_bytes")));
  EXPECT_THAT(Cache::Open({.memory_bytes = 1 << 20, .shards = 3}),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("CacheOptions.shards")));
}

TEST_F(CacheOpenTest, AClosedCacheRefusesEverything) {
  Open();
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("k", "v"), IsOk());
  EXPECT_THAT(cache_->Close(), IsOk());
  ExpectDeaf(users, absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(cache_->InvalidateTag("t"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(cache_->ClearAll(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(cache_->Resize({.max_entries = 10}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_FALSE(cache_->Maintain(100));
  EXPECT_THAT(cache_->Close(), IsOk());
}

TEST_F(CacheOpenTest, CloseCountsTheValuesThatAreOut) {
  Open();
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("linked", "v"), IsOk());
  ASSERT_THAT(users.Set("deleted", "v"), IsOk());
  Value linked = users.Find("linked");
  Value deleted = users.Find("deleted");
  ASSERT_THAT(users.Delete("deleted"), IsOk());
  EXPECT_THAT(cache_->Close(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("2 values are pinned")));
  linked.Reset();
  EXPECT_THAT(cache_->Close(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 values are pinned")));
  EXPECT_EQ(deleted.bytes(), "v") << "still there";
  deleted.Reset();
  EXPECT_THAT(cache_->Close(), IsOk());
}

TEST_F(CacheOpenTest, CloseCountsTheLoadsInProgress) {
  Open();
  Namespace users = cache_->In("users");
  const auto loaded = users.GetOrLoad("k", [&](Load&) {
    EXPECT_THAT(cache_->Close(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("1 loads and writes are in progress")));
    EXPECT_THAT(users.Get("other"), StatusIs(absl::StatusCode::kFailedPrecondition));
    return std::string("v");
  });
  EXPECT_EQ(Text(loaded), "v") << "the load that was running ends as it began";
}

TEST_F(CacheOpenTest, CloseCountsTheWritesInProgress) {
  Open();
  Namespace users = cache_->In("users");
  Gate in_store;
  store_->OnCall([&] { in_store.Pass(); });
  std::thread writer([&] { EXPECT_THAT(users.Set("k", "v"), IsOk()); });
  in_store.AwaitArrival();
  EXPECT_THAT(cache_->Close(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("1 loads and writes are in progress")));
  in_store.Open();
  writer.join();
  EXPECT_EQ(Stored("k"), "v");
  EXPECT_THAT(cache_->Close(), IsOk());
}

TEST_F(CacheOpenTest, TheBackgroundThreadFreesWhatExpiredAndEndsWithTheCache) {
  auto cache = *Cache::Open({.max_entries = 100, .clock = &clock_});
  Namespace users = cache->In("users", {.ttl = absl::Seconds(1)});
  ASSERT_THAT(users.Set("k", "v"), IsOk());
  clock_.Advance(absl::Seconds(1));
  while (cache->stats().entries > 0) std::this_thread::yield();
  EXPECT_EQ(cache->stats().expired, 1u);
  EXPECT_THAT(cache->Close(), IsOk());
  cache.reset();
}

TEST_F(CacheOpenTest, TheBackgroundThreadSweepsTheStoreOnceASecond) {
  const auto cache = *Cache::Open({.max_entries = 100, .backing = store_, .clock = &clock_});
  for (size_t sweeps = 1; sweeps <= 3; ++sweeps) {
    while (store_->calls() < sweeps) std::this_thread::yield();
    EXPECT_EQ(store_->calls(), sweeps);
    clock_.Advance(absl::Seconds(1));
  }
}

TEST_F(CacheOpenTest, MaintenanceSweepsTheStore) {
  Open();
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("k", "v", {.ttl = absl::Seconds(1)}), IsOk());
  clock_.Advance(absl::Seconds(2));
  MaintainAll();
  TakeCalls();
  EXPECT_FALSE(cache_->Maintain(1));
  EXPECT_EQ(TakeCalls(), 1u);
  EXPECT_THAT(rows_->Sweep(1), IsOkAndHolds(false)) << "nothing is left to sweep";
}

TEST_F(CacheOpenTest, AStoreThatCannotSweepDoesNotDisturbMemory) {
  Open();
  Namespace users = cache_->In("users", {.use_backing = false});
  ASSERT_THAT(users.Set("k", "v", {.ttl = absl::Seconds(1)}), IsOk());
  clock_.Advance(absl::Seconds(1));
  store_->FailAll(absl::UnavailableError("busy"));
  EXPECT_FALSE(cache_->Maintain(10));
  EXPECT_EQ(cache_->stats().entries, 0u);
}

// --- Views --------------------------------------------------------------------------------------

TEST_F(CacheOpenTest, AViewKnowsItsName) {
  Open();
  const std::string name("us\0ers", 6);
  const Namespace view = cache_->In(name);
  const Namespace copy = view;
  EXPECT_THAT(view.status(), IsOk());
  EXPECT_EQ(copy.name(), name);
}

TEST_F(CacheOpenTest, ABadNameGivesAViewThatSaysSo) {
  Open();
  for (const std::string& name : {std::string(), std::string(kNameBytesMax + 1, 'N')}) {
    const auto blamed = StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("namespace: "));
    EXPECT_THAT(cache_->In(name).status(), blamed);
    EXPECT_THAT(cache_->In(name, {}).status(), blamed);
    EXPECT_EQ(cache_->In(name).name(), "");
    EXPECT_EQ(cache_->In(name).stats().misses, 0u);
    ExpectDeaf(cache_->In(name), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(cache_->In(std::string(kNameBytesMax, 'N')).status(), IsOk());
}

TEST_F(CacheOpenTest, BadOptionsGiveAViewThatNamesThem) {
  Open();
  const Namespace view = cache_->In("users", {.ttl = -absl::Seconds(1)});
  EXPECT_THAT(view.status(),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("NamespaceOptions.ttl")));
  EXPECT_THAT(cache_->In("users", {.ttl = absl::Seconds(1)}).status(), IsOk())
      << "the name was not taken";
}

TEST_F(CacheOpenTest, OptionsAreChosenByWhoNamesTheNamespaceFirst) {
  Open({.namespace_defaults = {.ttl = absl::Seconds(7)}});
  const NamespaceOptions options{.ttl = absl::Seconds(3)};
  Namespace users = cache_->In("users", options);
  EXPECT_THAT(cache_->In("users", options).status(), IsOk());
  EXPECT_THAT(cache_->In("users", {}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("NamespaceOptions")));
  ExpectDeaf(cache_->In("users", {}), absl::StatusCode::kFailedPrecondition);
  Namespace again = cache_->In("users");
  ASSERT_THAT(again.Set("k", "v"), IsOk());
  EXPECT_THAT(again.Ttl("k"), IsOkAndHolds(absl::Seconds(3)));
}

TEST_F(CacheOpenTest, ANamespaceWithoutOptionsHasTheDefaultsOfTheCache) {
  Open({.namespace_defaults = {.ttl = absl::Seconds(7)}});
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("k", "v"), IsOk());
  EXPECT_THAT(users.Ttl("k"), IsOkAndHolds(absl::Seconds(7)));
  EXPECT_THAT(cache_->In("users", {.ttl = absl::Seconds(7)}).status(), IsOk());
}

TEST_F(CacheOpenTest, TooManyNamespacesAreRefused) {
  Open();
  for (size_t i = 0; i < kNamespacesMax; ++i) cache_->In(std::to_string(i));
  for (const Namespace& view : {cache_->In("one more"), cache_->In("one more", {})}) {
    EXPECT_THAT(view.status(), StatusIs(absl::StatusCode::kResourceExhausted));
  }
  EXPECT_THAT(cache_->In("7").status(), IsOk());
}

// --- The end ------------------------------------------------------------------------------------

using CacheOpenDeathTest = CacheOpenTest;

TEST_F(CacheOpenDeathTest, TheDestructorDiesLoudlyWhileAValueIsOut) {
  EXPECT_DEATH(
      {
        Open();
        Namespace users = cache_->In("users");
        users.Set("k", "v").IgnoreError();
        const Value out = users.Find("k");
        cache_.reset();
      },
      "1 values are pinned");
}

TEST_F(CacheOpenDeathTest, TheDestructorDiesLoudlyWhileALoadRuns) {
  EXPECT_DEATH(
      {
        Open();
        cache_->In("users")
            .GetOrLoad("k",
                       [&](Load&) {
                         cache_.reset();
                         return std::string("v");
                       })
            .IgnoreError();
      },
      "1 loads and writes are in progress");
}

}  // namespace
}  // namespace trivet
