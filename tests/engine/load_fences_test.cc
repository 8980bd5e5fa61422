// What happens to a load when its truth changes while it runs: its result goes to those who asked
// before, memory does not keep it, and those who ask afterwards load anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using testing::Gate;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Text;

// What comes between a load of users/42, tagged "early" and "late", and its end.
struct Fence {
  const char* name;
  std::function<absl::Status(Cache&, Namespace&)> raise;
  const char* then = "-";  // what memory has for 42 afterwards
};
void PrintTo(const Fence& fence, std::ostream* out) { *out << fence.name; }

// Known to the flight at once: later readers do not even wait for it.
std::vector<Fence> FencesOfTheKey() {
  static constexpr std::string_view kKeys[] = {"41", "42"};
  static constexpr Namespace::Item kItems[] = {{"41", "v"}, {"42", "set"}};
  return {
      {"Invalidate", [](Cache&, Namespace& n) { return n.Invalidate("42"); }},
      {"MInvalidate", [](Cache&, Namespace& n) { return n.MInvalidate(kKeys); }},
      {"InvalidatePattern",
       [](Cache&, Namespace& n) { return n.InvalidatePattern("4?").status(); }},
      {"Clear", [](Cache&, Namespace& n) { return n.Clear(); }},
      {"ClearAll", [](Cache& c, Namespace&) { return c.ClearAll(); }},
      {"Delete", [](Cache&, Namespace& n) { return n.Delete("42").status(); }},
      {"MDelete", [](Cache&, Namespace& n) { return n.MDelete(kKeys).status(); }},
      {"Take", [](Cache&, Namespace& n) { return n.Take("42").status(); }},
      {"Set", [](Cache&, Namespace& n) { return n.Set("42", "set").status(); }, "set"},
      {"MSet", [](Cache&, Namespace& n) { return n.MSet(kItems).status(); }, "set"},
      {"Increment", [](Cache&, Namespace& n) { return n.Increment("42", 7).status(); }, "7"},
  };
}

// Known when the load ends: later readers wait, and then load.
std::vector<Fence> FencesOfATag() {
  static constexpr std::string_view kTags[] = {"other", "late"};
  return {
      {"EarlyTag", [](Cache&, Namespace& n) { return n.InvalidateTag("early"); }},
      {"LateTag", [](Cache&, Namespace& n) { return n.InvalidateTag("late"); }},
      {"ManyTags", [](Cache&, Namespace& n) { return n.InvalidateTags(kTags); }},
      {"DeleteTag", [](Cache&, Namespace& n) { return n.DeleteTag("late"); }},
      {"TagOfAllNamespaces", [](Cache& c, Namespace&) { return c.InvalidateTag("late"); }},
  };
}

class LoadFencesTest : public testing::StoreFixture {
 protected:
  // The namespace in front of the store, or in memory alone.
  Namespace users() { return cache_->In("users", {.use_backing = with_store_}); }

  absl::StatusOr<Result> Load(const std::string& value, Gate* gate = nullptr) {
    return users().GetOrLoad("42", [&](trivet::Load& load) {
      load.AddTag("early");
      if (gate != nullptr) gate->Pass();
      load.AddTag("late");
      return value;
    });
  }

  // Raises the fence in the middle of a load that one thread leads and another one has joined. Both
  // get the old value. `meanwhile` runs between the fence and the end of the load.
  void RaiseDuringALoad(
      const Fence& fence, const std::function<void()>& meanwhile = [] {}) {
    Gate loading;
    std::thread leader([&] { EXPECT_EQ(Text(Load("old", &loading)), "old"); });
    loading.AwaitArrival();
    std::thread joiner([&] { EXPECT_EQ(Text(Load("never loaded")), "old"); });
    AwaitJoins(1);
    Namespace view = users();
    EXPECT_THAT(fence.raise(*cache_, view), IsOk());
    meanwhile();
    loading.Open();
    leader.join();
    joiner.join();
    EXPECT_EQ(view.stats().loads_fenced, 1u);
  }

  bool with_store_ = false;
};

class FenceCases : public LoadFencesTest,
                   public ::testing::WithParamInterface<std::tuple<Fence, bool>> {
 protected:
  void SetUp() override {
    with_store_ = std::get<1>(GetParam());
    Open();
  }
  const Fence& fence() const { return std::get<0>(GetParam()); }
};

std::string NameOf(const ::testing::TestParamInfo<std::tuple<Fence, bool>>& info) {
  return std::string(std::get<0>(info.param).name) + (std::get<1>(info.param) ? "WithStore" : "");
}

using KeyFences = FenceCases;
INSTANTIATE_TEST_SUITE_P(All, KeyFences,
                         ::testing::Combine(::testing::ValuesIn(FencesOfTheKey()),
                                            ::testing::Bool()),
                         NameOf);

TEST_P(KeyFences, TheResultGoesToThoseWhoWaitAndIsKeptNowhere) {
  RaiseDuringALoad(fence());
  EXPECT_EQ(Text(users().Find("42")), fence().then);
  MaintainAll();
  EXPECT_EQ(Text(users().Find("42")), fence().then);
}

TEST_P(KeyFences, LaterReadersDoNotWaitForTheOldLoad) {
  const std::string_view then = fence().then;
  const std::string expected(then == "-" ? "new" : then);
  RaiseDuringALoad(fence(), [&] {
    EXPECT_EQ(Text(Load("new")), expected);
    EXPECT_EQ(Text(users().Find("42")), expected);
  });
  EXPECT_EQ(Text(users().Find("42")), expected) << "the old load did not undo it";
}

using TagFences = FenceCases;
INSTANTIATE_TEST_SUITE_P(All, TagFences,
                         ::testing::Combine(::testing::ValuesIn(FencesOfATag()), ::testing::Bool()),
                         NameOf);

TEST_P(TagFences, TheResultGoesToThoseWhoWaitAndIsKeptNowhere) {
  RaiseDuringALoad(fence());
  EXPECT_FALSE(users().Find("42"));
}

TEST_P(TagFences, TheResultIsKeptNowhereAlsoIfOthersHoldTheTag) {
  ASSERT_THAT(users().Set("other", "v", {.tags = {"early", "late"}}), IsOk());
  RaiseDuringALoad(fence());
  EXPECT_FALSE(users().Find("42"));
  EXPECT_FALSE(users().Find("other"));
}

TEST_P(TagFences, LaterReadersLoadAnew) {
  std::thread late;
  RaiseDuringALoad(fence(), [&] {
    late = std::thread([&] { EXPECT_EQ(Text(Load("new")), "new"); });
    AwaitJoins(2);
  });
  late.join();
  EXPECT_EQ(Text(users().Find("42")), "new");
}

TEST_P(TagFences, TheNextLoadIsKept) {
  RaiseDuringALoad(fence());
  EXPECT_EQ(Text(Load("new")), "new");
  EXPECT_EQ(Text(users().Find("42")), "new");
}

// --- What is no fence ---------------------------------------------------------------------------

TEST_F(LoadFencesTest, WhatConcernsOthersLeavesTheLoadAlone) {
  Open();
  ASSERT_THAT(users().Set("holder", "v", {.tags = {"early", "late"}}), IsOk());
  Gate loading;
  std::thread leader([&] { EXPECT_EQ(Text(Load("v", &loading)), "v"); });
  loading.AwaitArrival();
  Namespace view = users();
  Namespace orders = cache_->In("orders", {.use_backing = false});
  EXPECT_THAT(view.Invalidate("43"), IsOk());
  EXPECT_THAT(view.Set("43", "v"), IsOk());
  EXPECT_THAT(view.InvalidatePattern("5*"), IsOk());
  EXPECT_THAT(view.InvalidateTag("another"), IsOk());
  EXPECT_THAT(orders.Invalidate("42"), IsOk());
  EXPECT_THAT(orders.InvalidateTag("late"), IsOk());
  EXPECT_THAT(orders.InvalidatePattern("*"), IsOk());
  EXPECT_THAT(orders.Clear(), IsOk());
  loading.Open();
  leader.join();
  EXPECT_EQ(Text(view.Find("42")), "v");
  EXPECT_EQ(view.stats().loads_fenced, 0u);
}

TEST_F(LoadFencesTest, ATagThatWasInvalidatedBeforeTheLoadIsGood) {
  Open();
  for (const char* tag : {"early", "late"}) ASSERT_THAT(users().InvalidateTag(tag), IsOk());
  EXPECT_EQ(Text(Load("v")), "v");
  EXPECT_EQ(Text(users().Find("42")), "v");
}

TEST_F(LoadFencesTest, TheFirstLoadWithAFreshTagIsKept) {
  Open();
  EXPECT_EQ(Text(Load("v")), "v");
  EXPECT_EQ(Text(users().Find("42")), "v");
}

// --- From within the loader ---------------------------------------------------------------------

class FenceFromWithin : public LoadFencesTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    with_store_ = GetParam();
    Open();
  }

  // The result of a load that does something of its own.
  std::string LoadAnd(const std::function<absl::Status(Namespace&)>& act) {
    return Text(users().GetOrLoad("42", [&](trivet::Load& load) {
      Namespace view = users();
      EXPECT_THAT(act(view), IsOk());
      load.AddTag("late");
      return std::string("loaded");
    }));
  }
};

INSTANTIATE_TEST_SUITE_P(All, FenceFromWithin, ::testing::Bool(), [](const auto& with_store) {
  return with_store.param ? "WithStore" : "MemoryOnly";
});

TEST_P(FenceFromWithin, ASetOfTheKeyWins) {
  EXPECT_EQ(LoadAnd([](Namespace& view) {
              const absl::Status status = view.Set("42", "set").status();
              EXPECT_EQ(Text(view.Get("42")), "set") << "the loader may read what it has set";
              return status;
            }),
            "loaded");
  EXPECT_EQ(Text(users().Get("42")), "set");
}

TEST_P(FenceFromWithin, AnInvalidationCounts) {
  const std::function<absl::Status(Namespace&)> kActs[] = {
      [](Namespace& view) { return view.Invalidate("42"); },
      [](Namespace& view) { return view.InvalidateTag("late"); },
      [](Namespace& view) { return view.InvalidatePattern("*2").status(); },
      [](Namespace& view) { return view.Clear(); },
      [](Namespace& view) { return view.Delete("42").status(); },
  };
  for (const auto& act : kActs) {
    EXPECT_EQ(LoadAnd(act), "loaded");
    EXPECT_FALSE(users().Find("42"));
  }
}

TEST_P(FenceFromWithin, AnInnerLoadOfTheKeyAfterAnInvalidationIsStillItsOwn) {
  EXPECT_EQ(LoadAnd([](Namespace& view) {
              EXPECT_THAT(view.Invalidate("42"), IsOk());
              EXPECT_THAT(view.GetOrLoad("42", [](trivet::Load&) { return std::string("inner"); }),
                          testing::StatusIs(absl::StatusCode::kFailedPrecondition));
              return absl::OkStatus();
            }),
            "loaded");
}

// --- Outcomes without a value -------------------------------------------------------------------

TEST_F(LoadFencesTest, AFencedErrorGoesToThoseWhoWaited) {
  Open();
  Gate loading;
  std::thread leader([&] {
    EXPECT_THAT(users().GetOrLoad("42",
                                  [&](trivet::Load&) -> Loaded {
                                    loading.Pass();
                                    return absl::DataLossError("broken");
                                  }),
                testing::StatusIs(absl::StatusCode::kDataLoss));
  });
  loading.AwaitArrival();
  ASSERT_THAT(users().Invalidate("42"), IsOk());
  EXPECT_EQ(Text(Load("new")), "new");
  loading.Open();
  leader.join();
  EXPECT_EQ(Text(users().Find("42")), "new");
}

TEST_F(LoadFencesTest, AFencedMissDoesNotHideWhatCameMeanwhile) {
  Open();
  Gate loading;
  std::thread leader([&] {
    EXPECT_EQ(Text(users().GetOrLoad("42",
                                     [&](trivet::Load&) -> Loaded {
                                       loading.Pass();
                                       return std::nullopt;
                                     })),
              "-");
  });
  loading.AwaitArrival();
  ASSERT_THAT(users().Set("42", "set"), IsOk());
  loading.Open();
  leader.join();
  EXPECT_EQ(Text(users().Get("42")), "set");
}

// A tag that nobody holds costs nothing while loads come and go.
TEST_F(LoadFencesTest, ManyLoadsWithTagsOfTheirOwnLeaveNothingBehind) {
  Open();
  Namespace view = users();
  for (int i = 0; i < 200; ++i) {
    const std::string tag = "tag" + std::to_string(i);
    EXPECT_THAT(view.GetOrLoad("42",
                               [&](trivet::Load& load) {
                                 load.AddTag(tag);
                                 EXPECT_THAT(view.InvalidateTag(tag), IsOk());
                                 return std::string("v");
                               }),
                IsOk());
    EXPECT_FALSE(view.Find("42")) << tag;
  }
  EXPECT_EQ(view.stats().loads_fenced, 200u);
}

}  // namespace
}  // namespace trivet
