// Loading: what the loader says, and who shares it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
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

using ::testing::AllOf;
using testing::Gate;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::Text;

class GetOrLoadTest : public testing::CacheFixture {
 protected:
  void SetUp() override { Open(); }

  // A loader that must not run.
  static Loaded Never(Load&) {
    ADD_FAILURE() << "loaded although it was there";
    return std::nullopt;
  }
};

TEST_F(GetOrLoadTest, LoadsWhatIsNotThereAndKeepsIt) {
  Namespace users = cache_->In("users");
  const auto loaded = users.GetOrLoad("42", [](Load& load) {
    EXPECT_EQ(load.namespace_name(), "users");
    EXPECT_EQ(load.key(), "42");
    return std::string("json");
  });
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->bytes(), "json");
  EXPECT_EQ(loaded->tier, Tier::kLoader);
  EXPECT_EQ(loaded->age, absl::ZeroDuration());
  const auto again = users.GetOrLoad("42", Never);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->bytes(), "json");
  EXPECT_EQ(again->tier, Tier::kMemory);
  EXPECT_EQ(again->version, loaded->version);
  EXPECT_GT(again->version, 0u);
}

TEST_F(GetOrLoadTest, TakesWhatIsThere) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "set"), IsOk());
  EXPECT_EQ(Text(users.GetOrLoad("42", Never)), "set");
}

TEST_F(GetOrLoadTest, LoadsAgainWhatExpired) {
  Namespace users = cache_->In("users", {.ttl = absl::Seconds(1)});
  EXPECT_EQ(Text(users.GetOrLoad("42", [](Load&) { return std::string("1"); })), "1");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Text(users.GetOrLoad("42", [](Load&) { return std::string("2"); })), "2");
}

TEST_F(GetOrLoadTest, ALoaderMayReturnAnyOfThreeTypes) {
  Namespace users = cache_->In("users");
  EXPECT_EQ(Text(users.GetOrLoad("1", [](Load&) { return std::string("a"); })), "a");
  EXPECT_EQ(Text(users.GetOrLoad("2", [](Load&) { return std::optional<std::string>("b"); })), "b");
  EXPECT_EQ(Text(users.GetOrLoad("3", [](Load&) { return absl::StatusOr<std::string>("c"); })),
            "c");
}

TEST_F(GetOrLoadTest, AMissOfTheLoaderIsNotKept) {
  Namespace users = cache_->In("users");
  const auto loaded = users.GetOrLoad("42", [](Load&) -> Loaded { return std::nullopt; });
  ASSERT_THAT(loaded, IsOk());
  EXPECT_FALSE(*loaded);
  EXPECT_EQ(users.stats().entries, 0u);
  EXPECT_EQ(Text(users.GetOrLoad("42", [](Load&) { return std::string("now"); })), "now");
}

TEST_F(GetOrLoadTest, AnErrorOfTheLoaderIsPassedOnAndNotKept) {
  Namespace users = cache_->In("users");
  EXPECT_THAT(users.GetOrLoad("42", [](Load&) -> Loaded { return absl::DataLossError("broken"); }),
              StatusIs(absl::StatusCode::kDataLoss, "broken"));
  EXPECT_EQ(Text(users.GetOrLoad("42", [](Load&) { return std::string("healed"); })), "healed");
}

TEST_F(GetOrLoadTest, WhatALoaderThrowsBecomesAnErrorWithoutItsText) {
  Namespace users = cache_->In("users");
  EXPECT_THAT(
      users.GetOrLoad("42",
                      [](Load&) -> Loaded { throw std::runtime_error("the password is secret"); }),
      StatusIs(absl::StatusCode::kInternal, Not(HasSubstr("secret"))));
  EXPECT_THAT(users.GetOrLoad("42", [](Load&) -> Loaded { throw 42; }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(Text(users.GetOrLoad("42", [](Load&) { return std::string("healed"); })), "healed");
  EXPECT_EQ(users.stats().load_failures, 2u);
}

// --- What the loader says -----------------------------------------------------------------------

TEST_F(GetOrLoadTest, TheLoaderMaySayTheTtl) {
  Namespace users = cache_->In("users", {.ttl = absl::Hours(1)});
  const auto loaded = users.GetOrLoad("42", [](Load& load) {
    load.SetTtl(absl::Seconds(5));
    return std::string("json");
  });
  EXPECT_EQ(loaded->remaining_ttl, absl::Seconds(5));
  clock_.Advance(absl::Seconds(5));
  EXPECT_FALSE(users.Find("42"));
  EXPECT_EQ(users.GetOrLoad("42", [](Load&) { return std::string("json"); })->remaining_ttl,
            absl::Hours(1));
}

TEST_F(GetOrLoadTest, TheTtlCountsFromTheEndOfTheLoad) {
  Namespace users = cache_->In("users", {.ttl = absl::Seconds(5)});
  const auto loaded = users.GetOrLoad("42", [&](Load&) {
    clock_.Advance(absl::Seconds(60));
    return std::string("json");
  });
  EXPECT_EQ(loaded->remaining_ttl, absl::Seconds(5));
  EXPECT_TRUE(users.Find("42"));
}

TEST_F(GetOrLoadTest, ALoadedValueGoesIdleAsOthersDo) {
  Namespace users = cache_->In("users", {.idle_ttl = absl::Seconds(16)});
  EXPECT_THAT(users.GetOrLoad("42", [](Load&) { return std::string("json"); }), IsOk());
  clock_.Advance(absl::Seconds(17));
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(GetOrLoadTest, ABadTtlMakesTheLoadFail) {
  Namespace users = cache_->In("users");
  for (const absl::Duration ttl : {absl::ZeroDuration(), kTtlMax + absl::Seconds(1)}) {
    const auto loaded = users.GetOrLoad("42", [&](Load& load) {
      load.SetTtl(ttl);
      return std::string("json");
    });
    EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("Load.SetTtl")));
  }
  EXPECT_EQ(users.stats().entries, 0u);
  EXPECT_EQ(users.stats().load_failures, 2u);
}

TEST_F(GetOrLoadTest, TheLoaderMayTagTheValue) {
  Namespace users = cache_->In("users");
  const auto loaded = users.GetOrLoad("42", [](Load& load) {
    load.AddTag("org:7");
    load.AddTag("org:7");
    load.AddTag("plan:pro");
    return std::string("json");
  });
  EXPECT_EQ(Text(loaded), "json");
  EXPECT_TRUE(users.Find("42"));
  ASSERT_THAT(users.InvalidateTag("plan:pro"), IsOk());
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(GetOrLoadTest, BadTagsMakeTheLoadFail) {
  Namespace users = cache_->In("users");
  const auto blamed = StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(StartsWith("Load.AddTag"), Not(HasSubstr("TT"))));
  EXPECT_THAT(users.GetOrLoad("42",
                              [](Load& load) {
                                load.AddTag(std::string(kNameBytesMax + 1, 'T'));
                                return std::string("json");
                              }),
              blamed);
  EXPECT_THAT(users.GetOrLoad("42",
                              [](Load& load) {
                                for (int i = 0; i < 65; ++i) load.AddTag(std::to_string(i));
                                return std::string("json");
                              }),
              blamed);
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(GetOrLoadTest, TheLoaderMayForbidToKeepTheValue) {
  Namespace users = cache_->In("users");
  const auto loaded = users.GetOrLoad("42", [](Load& load) {
    load.DoNotCache();
    return std::string("json");
  });
  EXPECT_EQ(Text(loaded), "json");
  EXPECT_EQ(loaded->tier, Tier::kLoader);
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(GetOrLoadTest, AValueThatIsTooLargeIsGivenAndNotKept) {
  Open({.memory_bytes = 64 << 10, .value_bytes_max = 30'000});
  Namespace users = cache_->In("users");
  for (const size_t size : {20'000, 40'000}) {
    const std::string huge(size, 'x');
    EXPECT_EQ(Text(users.GetOrLoad("42", [&](Load&) { return huge; })), huge);
    EXPECT_FALSE(users.Find("42"));
  }
}

// --- One load at a time -------------------------------------------------------------------------

TEST_F(GetOrLoadTest, OneLoadServesAllWhoAskMeanwhile) {
  Namespace users = cache_->In("users");
  Gate loading;
  std::atomic<int> loads{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Namespace view = cache_->In("users");
      EXPECT_EQ(Text(view.GetOrLoad("42",
                                    [&](Load&) {
                                      ++loads;
                                      loading.Pass();
                                      return std::string("json");
                                    })),
                "json");
    });
  }
  AwaitJoins(3);
  loading.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(users.stats().loads, 1u);
  EXPECT_EQ(users.stats().load_joins, 3u);
}

TEST_F(GetOrLoadTest, LoadsOfDifferentKeysDoNotWaitForEachOther) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  Gate loading;
  std::thread slow([&] {
    EXPECT_EQ(Text(cache_->In("users").GetOrLoad("42",
                                                 [&](Load&) {
                                                   loading.Pass();
                                                   return std::string("slow");
                                                 })),
              "slow");
  });
  loading.AwaitArrival();
  EXPECT_EQ(Text(users.GetOrLoad("43", [](Load&) { return std::string("quick"); })), "quick");
  EXPECT_EQ(Text(orders.GetOrLoad("42", [](Load&) { return std::string("quick"); })), "quick");
  EXPECT_FALSE(users.Find("42")) << "memory alone waits for nobody";
  EXPECT_EQ(Text(users.Get("42")), "-") << "nor does a Get without a store";
  loading.Open();
  slow.join();
}

// The outcome of one load, as the one who led it and one who joined it get it.
struct Shared {
  absl::Status led;
  absl::Status joined;
};
TEST_F(GetOrLoadTest, ErrorsAndExceptionsAreSharedToo) {
  const auto fail_together = [&](auto fail) {
    Gate loading;
    Shared shared;
    const uint64_t joins = cache_->stats().load_joins;
    std::thread leader([&] {
      shared.led = cache_->In("users")
                       .GetOrLoad("42",
                                  [&](Load&) -> Loaded {
                                    loading.Pass();
                                    return fail();
                                  })
                       .status();
    });
    loading.AwaitArrival();
    std::thread joiner(
        [&] { shared.joined = cache_->In("users").GetOrLoad("42", Never).status(); });
    AwaitJoins(joins + 1);
    loading.Open();
    leader.join();
    joiner.join();
    return shared;
  };
  const Shared error = fail_together([]() -> Loaded { return absl::DataLossError("broken"); });
  EXPECT_THAT(error.led, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(error.led, error.joined);
  const Shared thrown = fail_together([]() -> Loaded { throw std::runtime_error("oops"); });
  EXPECT_THAT(thrown.led, StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(thrown.led, thrown.joined);
  EXPECT_EQ(Text(cache_->In("users").GetOrLoad("42", [](Load&) { return std::string("v"); })), "v");
}

TEST_F(GetOrLoadTest, WhoWaitsTooLongGivesUp) {
  Open({.join_timeout = absl::Seconds(10)});
  Gate loading;
  std::thread leader([&] {
    EXPECT_EQ(Text(cache_->In("users").GetOrLoad("42",
                                                 [&](Load&) {
                                                   loading.Pass();
                                                   return std::string("late");
                                                 })),
              "late");
  });
  loading.AwaitArrival();
  std::thread joiner([&] {
    EXPECT_THAT(cache_->In("users").GetOrLoad("42", Never),
                StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("load")));
  });
  AwaitJoins(1);
  AdvanceUntilJoined(joiner);
  loading.Open();
  leader.join();
  EXPECT_EQ(Text(cache_->In("users").Find("42")), "late") << "the load itself went on";
}

// --- Loaders that use the cache -----------------------------------------------------------------

TEST_F(GetOrLoadTest, ALoaderMayUseTheCache) {
  Namespace users = cache_->In("users");
  Namespace orgs = cache_->In("orgs");
  const auto loaded = users.GetOrLoad("42", [&](Load&) -> Loaded {
    const auto org = orgs.GetOrLoad("7", [](Load&) { return std::string("org"); });
    if (!org.ok()) return org.status();
    EXPECT_THAT(users.Set("43", "beside"), IsOk());
    EXPECT_EQ(Text(users.Get("42")), "-") << "without a store there is nobody to wait for";
    return "of " + std::string(org->bytes());
  });
  EXPECT_EQ(Text(loaded), "of org");
  EXPECT_EQ(Text(orgs.Find("7")), "org");
  EXPECT_EQ(Text(users.Find("43")), "beside");
}

TEST_F(GetOrLoadTest, ALoaderThatAsksForItsOwnKeyIsToldSo) {
  Namespace users = cache_->In("users");
  const auto loaded = users.GetOrLoad("42", [&](Load&) {
    EXPECT_THAT(users.GetOrLoad("42", Never), StatusIs(absl::StatusCode::kFailedPrecondition));
    // Also from further inside.
    EXPECT_THAT(users.GetOrLoad(
                    "43", [&](Load&) -> Loaded { return users.GetOrLoad("42", Never).status(); }),
                StatusIs(absl::StatusCode::kFailedPrecondition));
    return std::string("json");
  });
  EXPECT_EQ(Text(loaded), "json");
  EXPECT_EQ(Text(users.Find("42")), "json");
}

TEST_F(GetOrLoadTest, TheOwnKeyOfAnotherNamespaceIsAnotherKey) {
  Namespace users = cache_->In("users");
  Namespace orders = cache_->In("orders");
  const auto loaded = users.GetOrLoad("42", [&](Load&) {
    return Text(orders.GetOrLoad("42", [](Load&) { return std::string("an order"); }));
  });
  EXPECT_EQ(Text(loaded), "an order");
}

TEST_F(GetOrLoadTest, CrossedLoadersEndByTheDeadline) {
  Gate first_loads;
  Gate second_loads;
  std::atomic<int> gave_up{0};
  const auto load = [&](const char* key, Gate& gate, const char* other) {
    const auto loaded = cache_->In("users").GetOrLoad(key, [&](Load&) -> Loaded {
      gate.Pass();
      const auto inner = cache_->In("users").GetOrLoad(other, Never);
      if (absl::IsDeadlineExceeded(inner.status())) ++gave_up;
      return inner.ok() ? std::string(inner->bytes()) : "alone";
    });
    EXPECT_EQ(Text(loaded), "alone");
  };
  std::thread first([&] { load("a", first_loads, "b"); });
  std::thread second([&] { load("b", second_loads, "a"); });
  first_loads.AwaitArrival();
  second_loads.AwaitArrival();
  first_loads.Open();
  second_loads.Open();
  AwaitJoins(2);
  AdvanceUntilJoined(first);
  AdvanceUntilJoined(second);
  EXPECT_GE(gave_up, 1);
}

}  // namespace
}  // namespace trivet
