// Generations, servers that forget or are others, and no memory; part of shared_tier_contract.h.
#ifndef TRIVET_TESTS_CONTRACT_SHARED_TIER_FAULTS_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_SHARED_TIER_FAULTS_CONTRACT_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/contract/shared_tier_fixture.h"

namespace trivet::testing {

// Every command that asks for the generation, by name; each answers whether it found it current.
using Commands =
    std::vector<std::pair<std::string, std::function<absl::StatusOr<bool>(const SharedPart&)>>>;

inline Commands CommandsOf(SharedTier& tier, absl::Duration deadline) {
  const auto current = [](const absl::StatusOr<SharedAnswer>& answer) -> absl::StatusOr<bool> {
    if (!answer.ok()) return answer.status();
    EXPECT_TRUE(answer->current || (!answer->won && answer->sequence == 0));
    return answer->current;
  };
  const SharedWrite write{.value = "v"};
  Commands commands;
  commands.emplace_back("Read", [=, &tier](const SharedPart& part) -> absl::StatusOr<bool> {
    const SharedRequest request{.key = "a", .token = 901};
    const auto reading = tier.Read(part, {&request, 1}, deadline);
    if (!reading.ok()) return reading.status();
    EXPECT_EQ(reading->found.size(), reading->current ? 1u : 0u);
    return reading->current;
  });
  commands.emplace_back("ClaimOver", [=, &tier](const SharedPart& part) {
    return current(tier.ClaimOver(part, "b", 902, 0, deadline));
  });
  commands.emplace_back("Fill", [=, &tier](const SharedPart& part) {
    return current(tier.Fill(part, "c", 903, write, deadline));
  });
  commands.emplace_back("Renew", [=, &tier](const SharedPart& part) {
    return current(tier.Renew(part, "d", 904, 905, write, deadline));
  });
  commands.emplace_back("BeginWrite", [=, &tier](const SharedPart& part) {
    return current(tier.BeginWrite(part, "e", 906, deadline));
  });
  commands.emplace_back("EndWrite", [=, &tier](const SharedPart& part) {
    return current(tier.EndWrite(part, "f", 907, 0, write, deadline));
  });
  commands.emplace_back("InvalidateKeys", [=, &tier](const SharedPart& part) {
    const SharedChange change{.key = "g"};
    return current(tier.InvalidateKeys(part, {&change, 1}, deadline));
  });
  commands.emplace_back("InvalidateTags", [=, &tier](const SharedPart& part) {
    const std::string_view tag = "t";
    return current(tier.InvalidateTags(part, {&tag, 1}, deadline));
  });
  commands.emplace_back("InvalidatePattern", [=, &tier](const SharedPart& part) {
    return current(tier.InvalidatePattern(part, "h*", deadline));
  });
  // Last: it changes the generation.
  commands.emplace_back("Clear", [=, &tier](const SharedPart& part) {
    return current(tier.Clear(part, 999'999, deadline));
  });
  return commands;
}

// --- Generations --------------------------------------------------------------------------------

TEST_P(SharedTierContract, APartThatNobodyFencedHasNoGeneration) {
  part_ = {.space = "unknown"};
  EXPECT_EQ(State().generation, 0u);
  EXPECT_EQ(State().sequence, 0u);
  EXPECT_FALSE(Read({{.key = "a"}}).current);
  ShakeHands();
  EXPECT_EQ(state_.sequence, 1u);
  EXPECT_EQ(State(), state_);
}

TEST_P(SharedTierContract, OfSeveralFencesTheFirstDecides) {
  const PartState first = state_;
  const auto other = rig_->Connect();
  for (SharedTier* tier : {tier_.get(), other.get()}) {
    const auto state = tier->Fence(part_, NewToken(), rig_->Deadline());
    ASSERT_TRUE(state.ok());
    EXPECT_EQ(*state, first);
  }
}

TEST_P(SharedTierContract, AStaleGenerationIsSaidByEveryCommandAndDoesNothing) {
  Put("a", Value("v"));
  SharedPart stale = part_;
  stale.generation = kOther;
  const PartState before = State();
  for (const auto& [name, command] : CommandsOf(*tier_, rig_->Deadline())) {
    const auto current = command(stale);
    ASSERT_TRUE(current.ok()) << name << ": " << current.status();
    EXPECT_FALSE(*current) << name;
  }
  EXPECT_EQ(State(), before);
  EXPECT_EQ(Look("a"), "value v of version 0");
  for (const char* key : {"b", "c", "d", "e", "f", "g"}) EXPECT_EQ(Look(key), "absent") << key;
}

TEST_P(SharedTierContract, AFlushIsNoticedByEveryCommandAndFenced) {
  Put("a", Value("v"));
  rig_->Flush();
  EXPECT_EQ(State().generation, 0u);
  for (const auto& [name, command] : CommandsOf(*tier_, rig_->Deadline())) {
    const auto current = command(part_);
    ASSERT_TRUE(current.ok()) << name << ": " << current.status();
    EXPECT_FALSE(*current) << name;
  }
  const uint64_t before = part_.generation;
  ShakeHands();
  EXPECT_NE(part_.generation, before);
  EXPECT_EQ(state_.sequence, 1u);
  EXPECT_EQ(Look("a"), "absent");
  for (const auto& [name, command] : CommandsOf(*tier_, rig_->Deadline())) {
    const auto current = command(part_);
    ASSERT_TRUE(current.ok()) << name << ": " << current.status();
    EXPECT_TRUE(*current) << name;
  }
}

TEST_P(SharedTierContract, AClaimFromBeforeAFlushFillsNothing) {
  EXPECT_EQ(Look("a", 1), "claimed");
  rig_->Flush();
  ShakeHands();
  EXPECT_FALSE(Fill("a", 1, Value("old")));
  EXPECT_EQ(Look("a"), "absent");
}

// --- Other servers ------------------------------------------------------------------------------

TEST_P(SharedTierContract, AnotherServerIsNoticedByEveryCommandThoughItHasTheGeneration) {
  Put("a", Value("old"));
  rig_->TakeSnapshot();
  Invalidate("a");
  rig_->FailOver();
  EXPECT_EQ(State().generation, part_.generation);
  EXPECT_NE(State().server, part_.server);
  for (const auto& [name, command] : CommandsOf(*tier_, rig_->Deadline())) {
    const auto current = command(part_);
    ASSERT_TRUE(current.ok()) << name << ": " << current.status();
    EXPECT_FALSE(*current) << name;
    if (name == "InvalidatePattern") break;  // a Clear there would be as good as a fence
  }
}

TEST_P(SharedTierContract, AnotherServerIsFencedOnceAndWhatItHeldIsUnreachable) {
  Put("a", Value("old"));
  EXPECT_EQ(Look("b", 1), "claimed");
  rig_->TakeSnapshot();
  const PartState before = State();
  rig_->FailOver();
  ShakeHands();
  EXPECT_NE(state_.generation, before.generation);
  EXPECT_NE(state_.server, before.server);
  EXPECT_GT(state_.sequence, before.sequence);
  EXPECT_EQ(Look("a"), "absent");
  EXPECT_FALSE(Fill("b", 1, Value("old")));
  const PartState fenced = State();
  const auto again = tier_->Fence(part_, NewToken(), rig_->Deadline());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, fenced);
}

// --- No memory ----------------------------------------------------------------------------------

TEST_P(SharedTierContract, WithoutMemoryKeysAreLookedAtAndNotClaimed) {
  Put("a", Value("v"));
  EXPECT_EQ(Look("b", kOther), "claimed");
  rig_->SetFull(true);
  const SharedReading reading =
      Read({{.key = "a", .token = 1}, {.key = "b", .token = 2}, {.key = "c", .token = 3}});
  ASSERT_EQ(reading.found.size(), 3u);
  EXPECT_EQ(Text(reading.found[0]), "value v of version 0");
  EXPECT_EQ(Text(reading.found[1]), "claim");
  EXPECT_EQ(Text(reading.found[2]), "absent");
  rig_->SetFull(false);
  EXPECT_EQ(Look("c", 4), "claimed");
}

TEST_P(SharedTierContract, WithoutMemoryNothingIsStoredAndEverythingIsInvalidated) {
  EXPECT_EQ(Look("claim", 1), "claimed");
  const uint64_t value = Put("value", Value("v"));
  Put("doomed", Value("v"));
  BeginWrite("own", 2);
  rig_->SetFull(true);
  const absl::Duration deadline = rig_->Deadline();
  const auto exhausted = [](const absl::StatusOr<SharedAnswer>& answer) {
    return absl::IsResourceExhausted(answer.status());
  };
  EXPECT_TRUE(exhausted(tier_->Fill(part_, "claim", 1, Value("v"), deadline)));
  EXPECT_TRUE(exhausted(tier_->Renew(part_, "value", 3, value, Value("v"), deadline)));
  EXPECT_TRUE(exhausted(tier_->ClaimOver(part_, "claim", 4, 1, deadline)));
  EXPECT_TRUE(exhausted(tier_->BeginWrite(part_, "other", 5, deadline)));

  Invalidate("value");
  InvalidateTag("t");
  InvalidatePattern("doom*");
  EXPECT_FALSE(EndWrite("own", 2, 0, std::nullopt));
  EXPECT_EQ(Look("value"), "dead");
  EXPECT_EQ(Look("doomed"), "absent");
  EXPECT_EQ(Look("own"), "dead");
  Clear();
  EXPECT_EQ(Look("claim"), "absent");
  rig_->Flush();
  ShakeHands();
  EXPECT_EQ(State(), state_);
}

// --- Deadlines ----------------------------------------------------------------------------------

TEST_P(SharedTierContract, ADeadlineThatPassedIsNotWaitedFor) {
  for (const auto& [name, command] : CommandsOf(*tier_, -absl::Seconds(1))) {
    EXPECT_TRUE(absl::IsDeadlineExceeded(command(part_).status())) << name;
  }
  EXPECT_TRUE(absl::IsDeadlineExceeded(tier_->Fence(part_, 1, -absl::Seconds(1)).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(tier_->ReadStates({&part_, 1}, -absl::Seconds(1)).status()));
  EXPECT_EQ(State(), state_);
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_SHARED_TIER_FAULTS_CONTRACT_H_
