// What processes are told; part of shared_tier_contract.h.
#ifndef TRIVET_TESTS_CONTRACT_SHARED_TIER_MESSAGES_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_SHARED_TIER_MESSAGES_CONTRACT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/contract/shared_tier_fixture.h"
#include "tests/support/message_diary.h"

namespace trivet::testing {

class SharedTierMessages : public SharedTierContract {
 protected:
  using Strings = std::vector<std::string>;

  void SetUp() override {
    SharedTierContract::SetUp();
    other_ = rig_->Connect();
    auto subscription = other_->Subscribe({&part_, 1}, diary_);
    ASSERT_TRUE(subscription.ok()) << subscription.status();
    subscription_ = *std::move(subscription);
    ASSERT_TRUE(Eventually([&] { return diary_.listening() == 1; }));
  }

  // All records so far. The last one is of a change made here, so that nothing is under way; it is
  // another one in each call, or the one before would look like it.
  Strings Records() {
    const std::string end = absl::StrCat("end", ++ends_);
    Invalidate(end);
    EXPECT_TRUE(Eventually([&] {
      const Strings records = diary_.records();
      return !records.empty() && records.back() == absl::StrCat("key ", end);
    }));
    Strings records = diary_.records();
    if (!records.empty()) records.pop_back();
    return records;
  }

  int ends_ = 0;
  MessageDiary diary_;
  std::unique_ptr<SharedTier> other_;
  std::unique_ptr<SharedSubscription> subscription_;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(SharedTierMessages, EveryChangeIsTold) {
  BeginWrite("a", 500);
  EndWrite("a", 500, 7, Value("v", 7));
  Invalidate("a", 8);
  Invalidate("b");
  InvalidateTag("t");
  InvalidatePattern("x*");
  const uint64_t ended = part_.generation;
  Clear();
  EXPECT_THAT(Records(), ElementsAre("writing a t500", "key a v7 t500", "key a v8", "key b",
                                     "tag t", "pattern x*", absl::StrCat("clear v", ended)));
}

TEST_P(SharedTierMessages, AFenceIsToldIfItChangesSomething) {
  ShakeHands();
  EXPECT_THAT(Records(), IsEmpty());
  rig_->Flush();
  ShakeHands();
  EXPECT_THAT(Records(), ElementsAre("key end1", "fence"));
}

TEST_P(SharedTierMessages, WhatIsNoChangeIsNotTold) {
  const uint64_t token = Put("a", Value("v"));
  Renew("a", NewToken(), token, Value("w"));
  Find("a");
  EXPECT_EQ(Look("b", 1), "claimed");
  ClaimOver("b", 2, 1);
  SharedPart stale = part_;
  stale.generation = kOther;
  Checked(tier_->Clear(stale, 3, rig_->Deadline()));
  Checked(tier_->InvalidatePattern(stale, "*", rig_->Deadline()));
  Checked(tier_->BeginWrite(stale, "a", 4, rig_->Deadline()));
  EXPECT_THAT(Records(), IsEmpty());
}

TEST_P(SharedTierMessages, SequencesHaveNoGapAndAreThoseOfTheAnswers) {
  const auto third = rig_->Connect();
  std::vector<SharedChange> changes(2500, {.key = "many"});
  std::vector<uint64_t> answers;
  const auto note = [&](const absl::StatusOr<SharedAnswer>& answer) {
    answers.push_back(Current(answer).sequence);
  };
  const std::string_view tags[] = {"s", "t"};
  note(tier_->BeginWrite(part_, "a", 1, rig_->Deadline()));
  note(third->EndWrite(part_, "a", 1, 0, std::nullopt, rig_->Deadline()));
  note(third->InvalidateKeys(part_, changes, rig_->Deadline()));
  note(tier_->InvalidateTags(part_, tags, rig_->Deadline()));
  note(tier_->InvalidatePattern(part_, "x", rig_->Deadline()));
  Records();
  EXPECT_THAT(answers, ElementsAre(state_.sequence + 1, state_.sequence + 2, state_.sequence + 2502,
                                   state_.sequence + 2504, state_.sequence + 2505));
  uint64_t next = state_.sequence + 1;
  for (const auto& [part, message] : diary_.messages()) {
    EXPECT_EQ(part, 0u);
    EXPECT_EQ(message.sequence, next);
    EXPECT_EQ(message.generation, part_.generation);
    next += message.records.size();
  }
  EXPECT_EQ(next, Sequence() + 1);
}

TEST_P(SharedTierMessages, AMessageTellsWhoSentIt) {
  Invalidate("a");
  const SharedChange change{.key = "b"};
  Current(other_->InvalidateKeys(part_, {&change, 1}, rig_->Deadline()));
  Records();
  const auto messages = diary_.messages();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].second.origin, tier_->origin());
  EXPECT_EQ(messages[1].second.origin, other_->origin());
  EXPECT_NE(tier_->origin(), other_->origin());
}

TEST_P(SharedTierMessages, AClearIsToldInTheGenerationItBegins) {
  const uint64_t before = part_.generation;
  Clear();
  Records();
  const SharedMessage message = diary_.messages().front().second;
  EXPECT_EQ(message.generation, part_.generation);
  EXPECT_EQ(message.records.front().version, before);
  EXPECT_EQ(message.sequence, state_.sequence + 1);
}

TEST_P(SharedTierMessages, EachPartAndNamespaceIsHeardAlone) {
  const SharedPart parts[] = {{.space = "x"}, {.space = "y"}};
  MessageDiary diary;
  auto subscription = tier_->Subscribe(parts, diary);
  ASSERT_TRUE(subscription.ok());
  ASSERT_TRUE(Eventually([&] { return diary.listening() == 1; }));
  const SharedPart users = part_;
  for (const SharedPart& part : {parts[1], parts[0], users}) {
    part_ = part;
    ShakeHands();
    Invalidate("k");
  }
  ASSERT_TRUE(Eventually([&] { return diary.records().size() == 4; }));
  std::vector<size_t> heard;
  for (const auto& [part, message] : diary.messages()) heard.push_back(part);
  EXPECT_THAT(heard, ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(Records(), ElementsAre("key k"));
}

TEST_P(SharedTierMessages, SubscriptionsNeedPartsAndEachOnce) {
  const SharedPart twice[] = {{.space = "x"}, {.space = "x"}};
  EXPECT_TRUE(absl::IsInvalidArgument(tier_->Subscribe({}, diary_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(tier_->Subscribe(twice, diary_).status()));
}

TEST_P(SharedTierMessages, NobodyIsToldAfterTheSubscriptionEnded) {
  Invalidate("a");
  Records();
  const size_t before = diary_.records().size();
  subscription_.reset();
  Invalidate("b");
  EXPECT_EQ(diary_.records().size(), before);
}

TEST_P(SharedTierMessages, AnotherServerIsALossAndIsListenedTo) {
  rig_->TakeSnapshot();
  rig_->FailOver();
  ASSERT_TRUE(Eventually([&] { return diary_.listening() == 2; }));
  EXPECT_GE(diary_.lost(), 1);
  ShakeHands();
  EXPECT_THAT(Records(), ElementsAre("fence"));
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_SHARED_TIER_MESSAGES_CONTRACT_H_
