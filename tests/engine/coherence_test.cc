// Several caches over one shared tier and one store: what one of them changes, the others see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/support/fleet.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet::testing {
namespace {

class CoherenceTest : public ::testing::Test {
 protected:
  // The truth, as it is in the store, without any cache.
  void WriteRow(std::string_view key, std::string_view value) {
    const StoreWrite write{.key = key, .value = value};
    ASSERT_THAT(fleet_.rows().Write("users", {&write, 1}), IsOk());
  }

  Fleet fleet_;
};

TEST_F(CoherenceTest, OneProcessLoadsForAll) {
  WriteRow("42", "Ada");
  EXPECT_EQ(fleet_.users(0).Get("42")->tier, Tier::kStore);
  EXPECT_EQ(fleet_.users(1).Get("42")->tier, Tier::kShared);
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  EXPECT_EQ(fleet_.users(1).Get("42")->tier, Tier::kMemory);
}

TEST_F(CoherenceTest, ASetReplacesTheCopiesOfAll) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  const auto set = fleet_.users(0).Set("42", "Grace");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->coherence, Coherence::kApplied);
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "Grace");
  EXPECT_EQ(InMemory(fleet_.users(1), "42"), "-");
  const auto read = fleet_.users(1).Get("42");
  EXPECT_EQ(Text(read), "Grace");
  EXPECT_EQ(read->tier, Tier::kShared) << "a guarded Set leaves the value there";
  EXPECT_EQ(read->version, set->version);
}

TEST_F(CoherenceTest, DeletedIsGoneEverywhere) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  EXPECT_THAT(fleet_.users(0).Delete("42"), IsOkAndHolds(true));
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "-");
}

TEST_F(CoherenceTest, InvalidatedKeysTagsPatternsAndNamespacesAreLoadedAgain) {
  const auto load = [&](size_t process, std::string value) {
    return Text(fleet_.users(process).GetOrLoad("42", [&](Load& of) -> Loaded {
      of.AddTag("org:7");
      return value;
    }));
  };
  const std::vector<std::pair<std::string, absl::Status (*)(Namespace, Coherence*)>> kWays = {
      {"key", [](Namespace users, Coherence* told) { return users.Invalidate("42", told); }},
      {"tag", [](Namespace users, Coherence* told) { return users.InvalidateTag("org:7", told); }},
      {"namespace", [](Namespace users, Coherence* told) { return users.Clear(told); }},
      {"pattern", [](Namespace users,
                     Coherence* told) { return users.InvalidatePattern("4*", told).status(); }},
  };
  Coherence told = Coherence::kLocal;
  int turn = 0;
  for (const auto& [name, invalidate] : kWays) {
    SCOPED_TRACE(name);
    const std::string value = "v" + std::to_string(turn++);
    EXPECT_THAT(invalidate(fleet_.users(1), &told), IsOk());
    EXPECT_EQ(load(0, value), value);
    EXPECT_EQ(load(1, "not asked"), value);
    EXPECT_EQ(InMemory(fleet_.users(0), "42"), value);
    EXPECT_THAT(invalidate(fleet_.users(0), &told), IsOk());
    EXPECT_EQ(told, Coherence::kApplied);
    EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
    EXPECT_EQ(InMemory(fleet_.users(1), "42"), "-");
    EXPECT_EQ(load(1, value + "'"), value + "'");
    EXPECT_EQ(load(0, "not asked"), value + "'");
  }
}

TEST_F(CoherenceTest, WhereNothingChangesNothingIsTold) {
  WriteRow("42", "Ada");
  const auto set = fleet_.users(0).Set("42", "Grace", {.when = SetWhen::kIfAbsent});
  ASSERT_THAT(set, IsOk());
  EXPECT_FALSE(set->applied);
  EXPECT_EQ(set->coherence, Coherence::kLocal);
  Coherence told = Coherence::kApplied;
  EXPECT_THAT(fleet_.users(0).MInvalidate({}, &told), IsOk());
  EXPECT_EQ(told, Coherence::kLocal);
  told = Coherence::kApplied;
  EXPECT_THAT(fleet_.users(0).MDelete({}, &told), IsOkAndHolds(0U));
  EXPECT_EQ(told, Coherence::kLocal);
  told = Coherence::kApplied;
  EXPECT_THAT(fleet_.users(0).InvalidateTags({}, &told), IsOk());
  EXPECT_EQ(told, Coherence::kLocal);
}

TEST_F(CoherenceTest, RowsOfTheLogGoWhenTheirWriterHasTold) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(fleet_.rows().ReadChangeLog(10)->size(), 1);
  fleet_.Beat();
  EXPECT_THAT(fleet_.rows().ReadChangeLog(10), IsOkAndHolds(::testing::IsEmpty()));
}

TEST_F(CoherenceTest, RowsOfTheLogGoAlsoWhereSomeConditionsDidNotHold) {
  WriteRow("a", "old");
  WriteRow("b", "old");
  const std::vector<Namespace::Item> items = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}};
  ASSERT_THAT(fleet_.users(0).MSet(items, {.when = SetWhen::kIfAbsent}), IsOk());
  EXPECT_EQ(fleet_.rows().ReadChangeLog(10)->size(), 2);
  fleet_.Beat();
  EXPECT_THAT(fleet_.rows().ReadChangeLog(10), IsOkAndHolds(::testing::IsEmpty()));
}

TEST_F(CoherenceTest, AReaderMayAskForLessStaleness) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.line(0).FailAll(absl::UnavailableError("the line is cut"));
  WriteRow("42", "Grace");  // by a program that tells nobody
  fleet_.clock().Advance(absl::Seconds(1));
  const auto any = fleet_.users(0).Get("42");
  EXPECT_EQ(Text(any), "Ada");
  EXPECT_EQ(any->staleness, absl::Milliseconds(1010));
  EXPECT_EQ(Text(fleet_.users(0).Get("42", {.staleness_max = absl::Milliseconds(1010)})), "Ada");
  const auto fresh = fleet_.users(0).Get("42", {.staleness_max = absl::Milliseconds(900)});
  EXPECT_EQ(Text(fresh), "Grace");
  EXPECT_EQ(fresh->tier, Tier::kStore);
  EXPECT_EQ(fresh->staleness, absl::ZeroDuration());
  EXPECT_EQ(Text(fleet_.users(0).Get("42", {.staleness_max = absl::ZeroDuration()})), "Grace");
  EXPECT_THAT(fleet_.users(0).Get("42", {.staleness_max = -absl::Seconds(1)}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// A proof of this very moment is older than a change after it.
TEST_F(CoherenceTest, AReaderMayAskForTheTruth) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.Beat();
  WriteRow("42", "Grace");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42", {.staleness_max = absl::ZeroDuration()})), "Grace");
}

TEST_F(CoherenceTest, BatchesReadAndWriteThroughAllTiers) {
  for (int i = 0; i < 10; ++i) WriteRow("k" + std::to_string(i), "v" + std::to_string(i));
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) names.push_back("k" + std::to_string(i));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  const size_t calls = fleet_.line(0).calls();
  const auto first = fleet_.users(0).MGet(keys);
  // One to look and claim, one to fill, one to give the claims back where there was nothing.
  EXPECT_EQ(fleet_.line(0).calls(), calls + 3);
  const auto second = fleet_.users(1).MGet(keys);
  for (int i = 0; i < 12; ++i) {
    const std::string expected = i < 10 ? "v" + std::to_string(i) : "-";
    EXPECT_EQ(Text(first[i]), expected);
    EXPECT_EQ(Text(second[i]), expected);
    EXPECT_EQ(second[i]->tier, i < 10 ? Tier::kShared : Tier::kNone);
  }
  const std::vector<Namespace::Item> items = {{"k0", "new"}, {"k11", "new"}};
  EXPECT_THAT(fleet_.users(0).MSet(items), IsOk());
  EXPECT_EQ(Text(fleet_.users(1).Get("k0")), "new");
  EXPECT_EQ(Text(fleet_.users(1).Get("k11")), "new");
  EXPECT_EQ(InMemory(fleet_.users(1), "k1"), "v1");
}

// What a tag or an invalidation ended lies there until somebody claims it.
TEST_F(CoherenceTest, ABatchClaimsWhatIsDeadInOneGo) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("k" + std::to_string(i));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  for (const std::string& name : names) {
    EXPECT_THAT(fleet_.users(0).Set(name, "v", {.tags = {"all"}}), IsOk());
  }
  EXPECT_THAT(fleet_.users(0).InvalidateTag("all"), IsOk());
  EXPECT_THAT(fleet_.users(0).Invalidate("k7"), IsOk());
  const size_t calls = fleet_.line(0).calls();
  for (const auto& answer : fleet_.users(0).MGet(keys)) EXPECT_EQ(answer->tier, Tier::kStore);
  EXPECT_EQ(fleet_.line(0).calls(), calls + 3) << "to look, to claim, to fill";
  for (const auto& answer : fleet_.users(1).MGet(keys)) EXPECT_EQ(answer->tier, Tier::kShared);
}

TEST_F(CoherenceTest, NumbersGrowTogether) {
  for (int64_t i = 1; i <= 10; ++i) {
    EXPECT_THAT(fleet_.users(i % 2).Increment("hits"), IsOkAndHolds(i));
    EXPECT_EQ(Text(fleet_.users(0).Get("hits")), std::to_string(i));
    EXPECT_EQ(Text(fleet_.users(1).Get("hits")), std::to_string(i));
  }
}

TEST_F(CoherenceTest, ALoadThatAnotherProcessInvalidatesIsNotKept) {
  const auto read = fleet_.users(0).GetOrLoad("42", [&](Load&) -> Loaded {
    EXPECT_THAT(fleet_.users(1).Invalidate("42"), IsOk());
    return "read before";
  });
  EXPECT_EQ(Text(read), "read before") << "it began before the invalidation";
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "-") << "nor did the shared tier take it";
}

TEST_F(CoherenceTest, ALateTagIsFencedInAllTiers) {
  const auto read = fleet_.users(0).GetOrLoad("42", [&](Load& load) -> Loaded {
    EXPECT_THAT(fleet_.users(1).InvalidateTag("org:7"), IsOk());
    load.AddTag("org:7");
    return "read before";
  });
  EXPECT_EQ(Text(read), "read before");
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "-");
}

TEST_F(CoherenceTest, TheTtlTravels) {
  EXPECT_THAT(fleet_.users(0).Set("42", "Ada", {.ttl = absl::Seconds(10)}), IsOk());
  fleet_.Pass(absl::Seconds(4));
  EXPECT_EQ(fleet_.users(1).Get("42")->tier, Tier::kShared);
  EXPECT_LE(fleet_.users(1).Get("42")->remaining_ttl, absl::Seconds(6));
  fleet_.Pass(absl::Seconds(6));
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "-");
}

// Messages take effect on the thread that hears them, which then calls the listener, which may call
// the cache, which may need a handshake, which waits for messages to take effect.
TEST(RemovalTest, AListenerMayChangeWhatIsShared) {
  Namespace* users = nullptr;
  Coherence told = Coherence::kLocal;
  Fleet fleet({.removal_listener = [&](const Removal&) {
    if (users == nullptr) return;
    EXPECT_THAT(users->Invalidate("other", &told), IsOk());
  }});
  Namespace of_last = fleet.users(1);
  EXPECT_THAT(fleet.users(0).Set("42", "Ada"), IsOk());
  EXPECT_EQ(Text(of_last.Get("42")), "Ada");
  users = &of_last;
  fleet.server().PublishRubbish({.space = "users"});
  EXPECT_THAT(fleet.users(0).Set("42", "Grace"), IsOk());
  EXPECT_EQ(told, Coherence::kDeferred);
  users = nullptr;
  fleet.Beat();
  EXPECT_EQ(of_last.stats().untold_changes, 0U);
  EXPECT_EQ(Text(of_last.Get("42")), "Grace");
}

TEST_F(CoherenceTest, ClearAllTellsOfNamespacesThatAreOpenOnce) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  Coherence told = Coherence::kLocal;
  EXPECT_THAT(fleet_.cache(0).ClearAll(&told), IsOk());
  EXPECT_EQ(told, Coherence::kApplied);
  EXPECT_EQ(fleet_.rows().ReadChangeLog(10)->size(), 1U);
  fleet_.Beat();
  EXPECT_THAT(fleet_.rows().ReadChangeLog(10), IsOkAndHolds(::testing::IsEmpty()));
}

TEST_F(CoherenceTest, ClearAllReachesNamespacesThatAreNotOpenHere) {
  WriteRow("42", "Ada");
  Namespace teams = fleet_.cache(0).In("teams");
  fleet_.Beat();
  EXPECT_THAT(teams.Set("7", "Enigma"), IsOk());
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  Coherence told = Coherence::kLocal;
  EXPECT_THAT(fleet_.cache(1).ClearAll(&told), IsOk());
  EXPECT_EQ(told, Coherence::kDeferred);
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
  EXPECT_EQ(InMemory(teams, "7"), "Enigma") << "process 1 does not know that there are teams";
  fleet_.Pass(absl::Milliseconds(500));
  EXPECT_EQ(InMemory(teams, "7"), "-");
}

TEST_F(CoherenceTest, TheSharedTierIsCounted) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");  // left there
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");  // found there
  EXPECT_THAT(fleet_.users(0).Set("43", "Grace"), IsOk());
  EXPECT_THAT(fleet_.users(0).Clear(), IsOk());
  const Stats writer = fleet_.users(0).stats();
  EXPECT_EQ(writer.shared_reads, 1U);
  EXPECT_EQ(writer.shared_hits, 0U);
  EXPECT_EQ(writer.shared_stores, 2U);
  EXPECT_EQ(writer.shared_messages, 3U);  // the mark, its end, and the Clear
  const Stats reader = fleet_.users(1).stats();
  EXPECT_EQ(reader.shared_reads, 1U);
  EXPECT_EQ(reader.shared_hits, 1U);
  EXPECT_EQ(reader.shared_stores, 0U);
  EXPECT_EQ(reader.shared_messages, 3U);
  EXPECT_EQ(reader.shared_errors, 0U);
  EXPECT_EQ(reader.unproven, 0U);
  const uint64_t resyncs = reader.shared_resyncs;

  fleet_.line(1).FailAll(absl::UnavailableError("the line is cut"));
  EXPECT_THAT(fleet_.users(1).Invalidate("42"), IsOk());
  EXPECT_EQ(fleet_.users(1).stats().shared_errors, 1U);
  EXPECT_EQ(fleet_.users(1).stats().untold_changes, 1U);
  fleet_.Pass(absl::Seconds(3));
  EXPECT_EQ(fleet_.users(1).stats().unproven, 1U);
  EXPECT_EQ(fleet_.cache(1).stats().unproven, 1U);
  fleet_.line(1).FailAll(absl::OkStatus());
  fleet_.Pass(absl::Milliseconds(500));
  EXPECT_EQ(fleet_.users(1).stats().untold_changes, 0U);
  EXPECT_EQ(fleet_.users(1).stats().unproven, 0U);
  EXPECT_EQ(fleet_.users(1).stats().shared_resyncs, resyncs);  // nothing was missed
}

TEST(PartsTest, WhatConcernsANamespaceIsToldToEachPart) {
  Fleet fleet({.parts = 3});
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.push_back("k" + std::to_string(i));
  for (const std::string& key : keys) {
    EXPECT_THAT(fleet.users(0).Set(key, "old", {.tags = {"all"}}), IsOk());
    EXPECT_EQ(Text(fleet.users(1).Get(key)), "old");
  }
  EXPECT_THAT(fleet.users(0).DeleteTag("all"), IsOk());
  for (const std::string& key : keys) EXPECT_EQ(Text(fleet.users(1).Get(key)), "-");
}

}  // namespace
}  // namespace trivet::testing
