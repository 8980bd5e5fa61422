// The table "A key in Redis" of docs/protocol.md, row by row, as far as loads ask, claim and fill;
// part of shared_tier_contract.h.
#ifndef TRIVET_TESTS_CONTRACT_SHARED_TIER_LOADS_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_SHARED_TIER_LOADS_CONTRACT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contract/shared_tier_fixture.h"
#include "trivet/options.h"

namespace trivet::testing {

using ::testing::ElementsAre;

// --- Loads ---------------------------------------------------------------------------------------

TEST_P(SharedTierContract, WhereNothingIsTheFirstWhoAsksHasTheClaim) {
  EXPECT_EQ(Look("a"), "absent");
  EXPECT_EQ(Look("a", 1), "claimed");
  EXPECT_EQ(Look("a", 2), "claim");
  EXPECT_EQ(Find("a").token, 1u);
}

TEST_P(SharedTierContract, AClaimBecomesTheValueOfTheLoadWithItsToken) {
  EXPECT_EQ(Look("a", 1), "claimed");
  EXPECT_FALSE(Fill("a", kOther, Value("old", 1)));
  EXPECT_EQ(Look("a"), "claim");
  EXPECT_TRUE(Fill("a", 1, Value("new", 2)));
  EXPECT_EQ(Look("a", 3), "value new of version 2");
  EXPECT_EQ(Find("a").token, 1u);
  EXPECT_FALSE(Fill("a", 1, Value("again", 3))) << "the claim is used up";
}

TEST_P(SharedTierContract, NothingBecomesAValueByItself) {
  EXPECT_FALSE(Fill("a", 1, Value("old")));
  EXPECT_FALSE(Renew("a", 1, 0, Value("old")));
  EXPECT_FALSE(EndWrite("a", 1, 2, Value("old", 2)));
  EXPECT_EQ(Look("a"), "dead");
}

TEST_P(SharedTierContract, AValueComesBackWithAllThatBelongsToIt) {
  const Tags tags = {"b", "a", "b"};
  const std::string bytes("\0\xff\r\n", 4);
  Put("a", {.value = bytes,
            .version = ~uint64_t{0},
            .tags = tags,
            .birth = state_.sequence,
            .ttl = absl::Hours(2)});
  const SharedValue value = Find("a").value;
  EXPECT_EQ(value.value, bytes);
  EXPECT_FALSE(value.negative);
  EXPECT_EQ(value.version, ~uint64_t{0});
  EXPECT_THAT(value.tags, ElementsAre("a", "b"));
  EXPECT_EQ(value.birth, state_.sequence);
  EXPECT_EQ(value.ttl, absl::Hours(2));
  EXPECT_LE(value.remaining, absl::Hours(2));
  EXPECT_GT(value.remaining, absl::Hours(1));
}

TEST_P(SharedTierContract, ValuesMayBeNegativeEmptyOrLastForEver) {
  Put("no", {.negative = true});
  Put("empty", {.value = ""});
  EXPECT_TRUE(Find("no").value.negative);
  EXPECT_FALSE(Find("empty").value.negative);
  EXPECT_EQ(Look("empty"), "value  of version 0");
  EXPECT_EQ(Find("empty").value.remaining, absl::InfiniteDuration());
}

TEST_P(SharedTierContract, KeysAndNamespacesAreArbitraryBytes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const std::string spaces[] = {"}", "{x}", all.substr(0, 255), "users:0", std::string(1, '\0')};
  for (const std::string& space : spaces) {
    part_ = {.space = space};
    ShakeHands();
    Put(all, Value(space));
    EXPECT_EQ(Look(all), "value " + space + " of version 0");
    EXPECT_EQ(Look(std::string(kKeyBytesMax, 'k'), 1), "claimed");
    InvalidatePattern("*");
    EXPECT_EQ(Look(all), "absent");
  }
}

TEST_P(SharedTierContract, ManyKeysAreAskedForInOneGo) {
  Put("a", Value("1"));
  EXPECT_EQ(Look("b", kOther), "claimed");
  const SharedReading reading = Read({{.key = "a", .token = 1},
                                      {.key = "b", .token = 2},
                                      {.key = "c", .token = 3},
                                      {.key = "d"},
                                      {.key = "c", .token = 4}});
  std::vector<std::string> texts;
  for (const SharedFound& found : reading.found) texts.push_back(Text(found));
  EXPECT_THAT(texts, ElementsAre("value 1 of version 0", "claim", "claimed", "absent", "claim"));
  EXPECT_EQ(reading.sequence, Sequence());
  EXPECT_TRUE(Read({}).found.empty());
}

TEST_P(SharedTierContract, ManyKeysAreFilledInOneGoEachForItself) {
  const std::string_view tags[] = {"gone"};
  const uint64_t a = NewToken();
  const uint64_t b = NewToken();
  const uint64_t c = NewToken();
  const uint64_t birth = Sequence();
  Read({{.key = "a", .token = a}, {.key = "b", .token = b}, {.key = "c", .token = c}});
  ASSERT_TRUE(tier_->InvalidateTags(part_, tags, rig_->Deadline()).ok());
  const std::vector<std::string> of_b = {"gone"};
  const SharedFill fills[] = {
      {.key = "c", .token = c, .write = {.value = "of c", .version = 3, .birth = birth}},
      {.key = "b", .token = b, .write = {.value = "of b", .tags = of_b, .birth = birth}},
      {.key = "a", .token = kOther, .write = {.value = "not of a", .birth = birth}},
  };
  const auto answers = tier_->FillMany(part_, fills, rig_->Deadline());
  ASSERT_TRUE(answers.ok()) << answers.status();
  ASSERT_EQ(answers->size(), 3u);
  EXPECT_TRUE((*answers)[0].won);
  EXPECT_FALSE((*answers)[1].won);
  EXPECT_FALSE((*answers)[2].won);
  EXPECT_EQ(Look("c"), "value of c of version 3");
  EXPECT_EQ(Look("b"), "absent");
  EXPECT_EQ(Look("a"), "claim");
  const auto none = tier_->FillMany(part_, {}, rig_->Deadline());
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  ++part_.generation;
  const auto stale = tier_->FillMany(part_, {fills, 1}, rig_->Deadline());
  ASSERT_TRUE(stale.ok());
  EXPECT_FALSE(stale->front().current);
}

TEST_P(SharedTierContract, ARefreshReplacesExactlyTheValueItNames) {
  const uint64_t old = Put("a", Value("old"));
  EXPECT_FALSE(Renew("a", 11, kOther, Value("other")));
  EXPECT_TRUE(Renew("a", 12, old, Value("new")));
  EXPECT_FALSE(Renew("a", 13, old, Value("late")));
  EXPECT_EQ(Look("a"), "value new of version 0");
  EXPECT_EQ(Find("a").token, 12u);
  EXPECT_EQ(Look("b", 14), "claimed");
  EXPECT_FALSE(Renew("b", 15, 14, Value("v"))) << "a claim is no value";
}

TEST_P(SharedTierContract, ATombIsClaimedOverByWhoNamesIt) {
  BeginWrite("a", 1);
  EXPECT_FALSE(EndWrite("a", 1, 7, std::nullopt));
  EXPECT_EQ(Look("a", 2), "dead");
  EXPECT_EQ(Find("a").token, 1u);
  EXPECT_FALSE(ClaimOver("a", 3, kOther));
  EXPECT_TRUE(ClaimOver("a", 3, 1));
  EXPECT_EQ(Look("a", 4), "claim");
  EXPECT_TRUE(Fill("a", 3, Value("new", 8)));
}

TEST_P(SharedTierContract, NothingIsClaimedOverAsWell) {
  const SharedAnswer answer = Current(tier_->ClaimOver(part_, "a", 1, kOther, rig_->Deadline()));
  EXPECT_TRUE(answer.won);
  EXPECT_EQ(answer.sequence, Sequence());
  EXPECT_EQ(Look("a"), "claim");
}

TEST_P(SharedTierContract, ManyKeysAreClaimedOverInOneGoEachForItself) {
  Invalidate("a", 7);
  Invalidate("b");
  Put("c", Value("v"));
  const SharedClaim claims[] = {
      {.key = "c", .token = 1, .instead_of = kOther},
      {.key = "a", .token = 2, .instead_of = Find("a").token},
      {.key = "none", .token = 3},
      {.key = "b", .token = 4, .instead_of = Find("b").token},
  };
  const auto answers = tier_->ClaimOverMany(part_, claims, rig_->Deadline());
  ASSERT_TRUE(answers.ok()) << answers.status();
  std::vector<bool> won;
  for (const SharedAnswer& answer : *answers) {
    EXPECT_TRUE(answer.current);
    EXPECT_EQ(answer.sequence, answer.won ? Sequence() : 0u);
    won.push_back(answer.won);
  }
  EXPECT_THAT(won, ElementsAre(false, true, true, true));
  EXPECT_EQ(Look("c"), "value v of version 0");
  EXPECT_TRUE(Fill("a", 2, Value("of a", 8)));
  EXPECT_TRUE(Fill("none", 3, Value("of none")));
  EXPECT_TRUE(Fill("b", 4, Value("of b")));
  const auto none = tier_->ClaimOverMany(part_, {}, rig_->Deadline());
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  ++part_.generation;
  const auto stale = tier_->ClaimOverMany(part_, claims, rig_->Deadline());
  ASSERT_TRUE(stale.ok());
  ASSERT_EQ(stale->size(), 4u);
  for (const SharedAnswer& answer : *stale) EXPECT_FALSE(answer.current);
}

TEST_P(SharedTierContract, AClaimOverKeepsTheNewestVersionKnown) {
  Invalidate("a", 7);
  EXPECT_TRUE(ClaimOver("a", 1, Find("a").token));
  BeginWrite("a", 2);
  EXPECT_FALSE(EndWrite("a", 2, 7, Value("old", 7))) << "not newer than what is known";
  EXPECT_EQ(Look("a"), "dead");
}

// --- Tags ----------------------------------------------------------------------------------------

TEST_P(SharedTierContract, AValueDiesWithATagAndIsClaimedOver) {
  const Tags tags = {"s", "t"};
  SharedWrite write = Value("v");
  write.tags = tags;
  write.birth = Sequence();
  const uint64_t token = Put("a", write);
  InvalidateTag("u");
  EXPECT_EQ(Look("a"), "value v of version 0");
  InvalidateTag("t");
  EXPECT_EQ(Look("a", 1), "dead");
  EXPECT_EQ(Find("a").token, token);
  EXPECT_TRUE(ClaimOver("a", 2, token));
  write.birth = Sequence();
  EXPECT_TRUE(Fill("a", 2, write)) << "born after the tag's end";
  EXPECT_EQ(Look("a"), "value v of version 0");
}

TEST_P(SharedTierContract, WhatWasBornBeforeATagsEndIsNotStored) {
  const Tags tags = {"t"};
  SharedWrite write = Value("v");
  write.tags = tags;
  write.birth = Sequence();
  EXPECT_EQ(Look("a", 1), "claimed");
  const uint64_t old = Put("b", Value("old"));
  const uint64_t birth = BeginWrite("c", 2);
  InvalidateTag("t");
  EXPECT_FALSE(Fill("a", 1, write));
  EXPECT_EQ(Look("a"), "absent") << "nobody need wait for this claim";
  EXPECT_FALSE(Renew("b", 3, old, write));
  EXPECT_EQ(Look("b"), "absent");
  write.birth = birth;
  EXPECT_FALSE(EndWrite("c", 2, 0, write));
  EXPECT_EQ(Look("c"), "dead");
}

TEST_P(SharedTierContract, ManyTagsOfManyValues) {
  Tags tags;
  for (size_t i = 0; i < kTagsPerEntryMax; ++i) tags.push_back("tag" + std::to_string(i));
  SharedWrite write = Value("v");
  write.tags = tags;
  write.birth = Sequence();
  Put("all", write);
  write.tags = {&tags[0], 1};
  Put("one", write);
  InvalidateTag(tags.back());
  const SharedReading reading = Read({{.key = "all"}, {.key = "one"}});
  EXPECT_EQ(Text(reading.found[0]), "dead");
  EXPECT_EQ(Text(reading.found[1]), "value v of version 0");
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_SHARED_TIER_LOADS_CONTRACT_H_
