// The table "A key in Redis" of docs/protocol.md, row by row, from where a key changes or goes;
// part of shared_tier_contract.h.
#ifndef TRIVET_TESTS_CONTRACT_SHARED_TIER_WRITES_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_SHARED_TIER_WRITES_CONTRACT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/contract/shared_tier_fixture.h"

namespace trivet::testing {

// --- Writes --------------------------------------------------------------------------------------

TEST_P(SharedTierContract, TheOwnMarkBecomesTheValue) {
  const uint64_t birth = BeginWrite("a", 1);
  EXPECT_EQ(birth, Sequence());
  EXPECT_EQ(Look("a", 2), "writing");
  SharedWrite write = Value("v", 3);
  write.birth = birth;
  EXPECT_TRUE(EndWrite("a", 1, 3, write));
  EXPECT_EQ(Look("a"), "value v of version 3");
  EXPECT_EQ(Find("a").token, 1u);
}

TEST_P(SharedTierContract, AnythingBecomesAMark) {
  EXPECT_EQ(Look("claim", 1), "claimed");
  Put("value", Value("v"));
  Invalidate("tomb");
  BeginWrite("writing", 2);
  for (const char* key : {"absent", "claim", "value", "tomb", "writing"}) {
    BeginWrite(key, NewToken());
    EXPECT_EQ(Look(key), "writing") << key;
  }
  EXPECT_FALSE(Fill("claim", 1, Value("old"))) << "its token is gone";
  EXPECT_FALSE(EndWrite("writing", 2, 0, Value("old"))) << "its mark is gone";
  EXPECT_EQ(Look("writing"), "writing");
}

TEST_P(SharedTierContract, AMarkKeepsTheNewestVersionKnown) {
  Put("a", Value("v", 7));
  BeginWrite("a", 1);
  EXPECT_FALSE(EndWrite("a", 1, 7, Value("again", 7)));
  EXPECT_EQ(Look("a"), "dead");
  BeginWrite("a", 2);
  EXPECT_TRUE(EndWrite("a", 2, 8, Value("new", 8)));
}

TEST_P(SharedTierContract, AnotherWritersMarkStaysAndKnowsTheVersion) {
  BeginWrite("a", 1);
  EXPECT_FALSE(EndWrite("a", 2, 7, Value("other", 7)));
  EXPECT_EQ(Look("a"), "writing");
  EXPECT_FALSE(EndWrite("a", 1, 6, Value("older", 6)));
  EXPECT_EQ(Look("a"), "dead");

  BeginWrite("b", 3);
  Invalidate("b", 7);
  EXPECT_EQ(Look("b"), "writing");
  EXPECT_TRUE(EndWrite("b", 3, 8, Value("newer", 8)));
}

TEST_P(SharedTierContract, OlderVersionsThatComeLateDoNotLowerWhatIsKnown) {
  BeginWrite("mark", 1);
  Invalidate("mark", 7);
  Invalidate("mark", 5);
  EXPECT_FALSE(EndWrite("mark", 1, 6, Value("old", 6)));
  for (const char* key : {"tomb", "mark"}) {
    Invalidate(key, 7);
    Invalidate(key, 5);
    Invalidate(key);
    BeginWrite(key, 2);
    EXPECT_FALSE(EndWrite(key, 2, 6, Value("old", 6))) << key;
  }
}

TEST_P(SharedTierContract, AnotherWritersMarkIsDirtiedByWhatHasNoVersion) {
  BeginWrite("a", 1);
  Invalidate("a");
  EXPECT_EQ(Look("a"), "writing");
  EXPECT_FALSE(EndWrite("a", 1, 9, Value("v", 9)));
  EXPECT_EQ(Look("a"), "dead");

  BeginWrite("b", 2);
  EXPECT_FALSE(EndWrite("b", 3, 0, std::nullopt));
  EXPECT_FALSE(EndWrite("b", 2, 0, Value("v")));
  EXPECT_EQ(Look("b"), "dead");
}

TEST_P(SharedTierContract, WritesWithoutVersionsAreStoredToo) {
  BeginWrite("a", 1);
  EXPECT_TRUE(EndWrite("a", 1, 0, Value("1")));
  BeginWrite("a", 2);
  EXPECT_TRUE(EndWrite("a", 2, 0, Value("2")));
  EXPECT_EQ(Look("a"), "value 2 of version 0");
}

TEST_P(SharedTierContract, AValueThatIsNotOlderStays) {
  Put("a", Value("v", 7));
  Invalidate("a", 6);
  Invalidate("a", 7);
  EXPECT_FALSE(EndWrite("a", 1, 7, std::nullopt));
  EXPECT_EQ(Look("a"), "value v of version 7");
  Invalidate("a", 8);
  EXPECT_EQ(Look("a"), "dead");
  Put("b", Value("v", 7));
  Invalidate("b");
  EXPECT_EQ(Look("b"), "dead");
  Put("c", Value("v"));
  Invalidate("c", 1);
  EXPECT_EQ(Look("c"), "dead") << "nobody knows its version";
}

TEST_P(SharedTierContract, AnythingElseBecomesATomb) {
  EXPECT_EQ(Look("claim", 1), "claimed");
  BeginWrite("own", 2);
  for (const char* key : {"absent", "claim"}) {
    Invalidate(key, 3);
    EXPECT_EQ(Look(key), "dead") << key;
    Invalidate(key, 2);
    EXPECT_EQ(Look(key), "dead") << key;
  }
  EXPECT_FALSE(Fill("claim", 1, Value("old")));
  EXPECT_FALSE(EndWrite("own", 2, 3, std::nullopt));
  EXPECT_EQ(Look("own"), "dead");
}

TEST_P(SharedTierContract, VersionsAreComparedToTheLastBit) {
  for (const uint64_t version :
       {uint64_t{1}, uint64_t{0xFFFFFFFF}, uint64_t{1} << 53, ~uint64_t{0} - 1}) {
    Put("a", Value("v", version));
    Invalidate("a", version);
    EXPECT_EQ(Look("a"), "value v of version " + std::to_string(version));
    Invalidate("a", version + 1);
    EXPECT_EQ(Look("a"), "dead") << version;
    BeginWrite("a", 1);
    EXPECT_FALSE(EndWrite("a", 1, version + 1, Value("v", version + 1)));
    rig_->Evict(part_, "a");
  }
}

TEST_P(SharedTierContract, ManyKeysAreInvalidatedInOneGo) {
  std::vector<std::string> keys;
  std::vector<SharedChange> changes;
  for (int i = 0; i < 3000; ++i) keys.push_back("key" + std::to_string(i));
  for (const std::string& key : keys) changes.push_back({.key = key, .version = 1});
  Put("key0", Value("v"));
  Put("key2999", Value("v"));
  Put("other", Value("v"));
  const uint64_t before = Sequence();
  const SharedAnswer answer = Current(tier_->InvalidateKeys(part_, changes, rig_->Deadline()));
  EXPECT_EQ(answer.sequence, before + 3000);
  EXPECT_EQ(Look("key0"), "dead");
  EXPECT_EQ(Look("key2999"), "dead");
  EXPECT_EQ(Look("other"), "value v of version 0");
  EXPECT_TRUE(Current(tier_->InvalidateKeys(part_, {}, rig_->Deadline())).current);
  EXPECT_EQ(Sequence(), before + 3000);
}

// --- Whatever becomes absent ---------------------------------------------------------------------

TEST_P(SharedTierContract, APatternTakesAwayWhatMatchesClaimsIncluded) {
  EXPECT_EQ(Look("user:1", 1), "claimed");
  Put("user:2", Value("v"));
  Invalidate("user:3");
  BeginWrite("user:4", 2);
  Put("org:1", Value("v"));
  InvalidatePattern("user:[0-9]");
  for (const char* key : {"user:1", "user:2", "user:3", "user:4"}) {
    EXPECT_EQ(Look(key), "absent") << key;
  }
  EXPECT_EQ(Look("org:1"), "value v of version 0");
  EXPECT_FALSE(Fill("user:1", 1, Value("old")));
  EXPECT_FALSE(EndWrite("user:4", 2, 0, Value("old")));
}

TEST_P(SharedTierContract, PatternsAreReadTheSameEverywhere) {
  Put("caf\xc3\xa9", Value("v"));
  Put("cafe", Value("v"));
  Put("[x]", Value("v"));
  Put("bar", Value("v"));
  InvalidatePattern("caf[\x80-\xff]*");
  EXPECT_EQ(Look("caf\xc3\xa9"), "absent");
  EXPECT_EQ(Look("cafe"), "value v of version 0");
  InvalidatePattern("\\[x]");
  EXPECT_EQ(Look("[x]"), "absent");
  InvalidatePattern(std::string(2000, '*') + "r");
  EXPECT_EQ(Look("bar"), "absent");
  EXPECT_EQ(Look("cafe"), "value v of version 0");
  InvalidatePattern("");
  EXPECT_EQ(Look("cafe"), "value v of version 0");
}

TEST_P(SharedTierContract, APatternConcernsItsOwnNamespaceOnly) {
  Put("a", Value("v"));
  const SharedPart users = part_;
  part_ = {.space = "user?"};
  ShakeHands();
  Put("a", Value("w"));
  InvalidatePattern("*");
  EXPECT_EQ(Look("a"), "absent");
  part_ = users;
  EXPECT_EQ(Look("a"), "value v of version 0");
}

TEST_P(SharedTierContract, APatternFindsItsKeysAmongMany) {
  for (int i = 0; i < 2500; ++i) {
    const std::string key = (i % 5 == 0 ? "doomed" : "other") + std::to_string(i);
    ASSERT_EQ(Look(key, 1), "claimed");
  }
  InvalidatePattern("doomed*");
  for (int i = 0; i < 2500; ++i) {
    const std::string key = (i % 5 == 0 ? "doomed" : "other") + std::to_string(i);
    ASSERT_EQ(Look(key), i % 5 == 0 ? "absent" : "claim") << key;
  }
}

TEST_P(SharedTierContract, ClearMakesEverythingUnreachable) {
  Put("a", Value("v"));
  EXPECT_EQ(Look("b", 1), "claimed");
  const Tags tags = {"t"};
  InvalidateTag("t");
  Clear();
  EXPECT_EQ(Look("a"), "absent");
  EXPECT_FALSE(Fill("b", 1, Value("old")));
  SharedWrite write = Value("v");
  write.tags = tags;
  write.birth = Sequence();
  Put("a", write);
  EXPECT_EQ(Look("a"), "value v of version 0") << "stamps of before do not end it";
  EXPECT_EQ(State().generation, part_.generation);
}

TEST_P(SharedTierContract, EverythingExpires) {
  Put("value", Value("v"));
  Put("lasting", {.value = "v"});
  EXPECT_EQ(Look("claim", 1), "claimed");
  BeginWrite("writing", 2);
  Invalidate("tomb");
  rig_->Age(absl::Seconds(4));
  EXPECT_EQ(Look("tomb"), "absent");
  EXPECT_EQ(Look("claim"), "claim");
  EXPECT_EQ(Look("writing"), "writing");
  rig_->Age(absl::Seconds(7));
  EXPECT_EQ(Look("claim"), "absent");
  EXPECT_EQ(Look("writing"), "absent");
  EXPECT_FALSE(Fill("claim", 1, Value("late")));
  EXPECT_EQ(Look("value"), "value v of version 0");
  const absl::Duration remaining = Find("value").value.remaining;
  EXPECT_LE(remaining, absl::Hours(1) - absl::Seconds(11));
  EXPECT_GT(remaining, absl::Minutes(50));
  rig_->Age(absl::Hours(1));
  EXPECT_EQ(Look("value"), "absent");
  EXPECT_EQ(Look("lasting"), "value v of version 0");
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_SHARED_TIER_WRITES_CONTRACT_H_
