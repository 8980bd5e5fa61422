// What is Redis's own in the tier; the rest is in the contract.
#include "trivet/redis_tier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sync/redis_names.h"
#include "sync/redis_status.h"
#include "sync/slot_codec.h"
#include "tests/contract/shared_tier_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/redis_rig.h"

namespace trivet::sync {
namespace {

using ::testing::HasSubstr;
using trivet::testing::Eventually;
using trivet::testing::IsOk;
using trivet::testing::kLong;
using trivet::testing::MessageDiary;
using trivet::testing::RedisRig;
using trivet::testing::SharedTierContract;
using trivet::testing::SharedTierRigMaker;
using trivet::testing::StatusIs;

// The words of the contract, on one real server.
class RedisTierTest : public SharedTierContract {
 protected:
  RedisRig& redis() { return static_cast<RedisRig&>(*rig_); }
  RedisNames Names() const { return RedisNames({}, part_); }

  // What the next look answers, where it fails.
  RedisError KindOfRead() {
    const SharedRequest request{.key = "a", .token = NewToken()};
    return KindOf(tier_->Read(part_, {&request, 1}, rig_->Deadline()).status());
  }
  RedisError KindOfProof() {
    return KindOf(tier_->ReadStates({&part_, 1}, rig_->Deadline()).status());
  }
  RedisError KindOfChange() {
    const SharedChange change{.key = "a"};
    return KindOf(tier_->InvalidateKeys(part_, {&change, 1}, rig_->Deadline()).status());
  }
};

SharedTierRigMaker Small() {
  return {[](uint32_t parts) {
    return std::make_unique<RedisRig>(
        RedisTierOptions{.redis = {.reply_bytes_max = 4096}, .parts = parts, .stamps_max = 16});
  }};
}
INSTANTIATE_TEST_SUITE_P(Small, RedisTierTest, ::testing::Values(Small()));

// --- Errors -------------------------------------------------------------------------------------

TEST_P(RedisTierTest, AReplicaProvesNothingAndTakesNothing) {
  redis().Do({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_EQ(KindOfProof(), RedisError::kReadOnly);
  EXPECT_EQ(KindOfRead(), RedisError::kReadOnly);
  EXPECT_EQ(KindOfChange(), RedisError::kReadOnly);
  EXPECT_EQ(KindOf(tier_->Fence(part_, 7, rig_->Deadline()).status()), RedisError::kReadOnly);
  EXPECT_THAT(tier_->InvalidatePattern(part_, "*", rig_->Deadline()),
              StatusIs(absl::StatusCode::kUnavailable));
  redis().Do({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(KindOfProof(), RedisError::kNone);
}

TEST_P(RedisTierTest, AServerThatMayNotWriteProvesNothing) {
  redis().Do({"CONFIG", "SET", "min-replicas-to-write", "1"});
  EXPECT_EQ(KindOfProof(), RedisError::kNoReplicas);
  EXPECT_EQ(KindOfChange(), RedisError::kNoReplicas);
  redis().Do({"CONFIG", "SET", "min-replicas-to-write", "0"});
  EXPECT_EQ(KindOfProof(), RedisError::kNone);
}

TEST_P(RedisTierTest, AServerThatIsDownIsUnavailableAndComesBackAsAnother) {
  redis().server().Kill();
  EXPECT_THAT(tier_->ReadStates({&part_, 1}, rig_->Deadline()),
              StatusIs(absl::StatusCode::kUnavailable));
  redis().server().Start();
  ASSERT_TRUE(Eventually([&] { return KindOfProof() == RedisError::kNone; }));
  EXPECT_EQ(State().generation, 0u);
  EXPECT_NE(State().server, part_.server);
  ShakeHands();
  EXPECT_EQ(Look("a", 1), "claimed");
}

// A part whose hash is another one's cannot be used; a key that is, can.
TEST_P(RedisTierTest, SomebodyElsesHashIsAnError) {
  redis().Do({"SET", RedisNames({}, {.space = "other"}).hash(), "x"});
  EXPECT_EQ(KindOf(tier_->Fence({.space = "other"}, 7, rig_->Deadline()).status()),
            RedisError::kWrongType);
}

TEST_P(RedisTierTest, WithoutTheRightToInfoThereIsNoHandshake) {
  redis().Do({"ACL", "SETUSER", "default", "-info"});
  EXPECT_THAT(tier_->Fence(part_, 7, rig_->Deadline()),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_P(RedisTierTest, APartThatIsRefusedCostsTheOthersNoProof) {
  const SharedPart foreign{.space = "foreign"};
  const SharedPart parts[] = {foreign, part_};
  redis().Do({"RPUSH", RedisNames({}, foreign).hash(), "x"});
  const auto states = tier_->ReadStates(parts, rig_->Deadline());
  ASSERT_THAT(states, IsOk());
  EXPECT_EQ(KindOf((*states)[0].status()), RedisError::kWrongType);
  ASSERT_THAT((*states)[1], IsOk());
  EXPECT_EQ(*(*states)[1], state_);
}

TEST_P(RedisTierTest, ErrorsTellNoKeys) {
  const std::string secret = "secret-key";
  redis().Do({"DEL", Names().hash()});
  redis().Do({"SET", Names().hash(), secret});
  const SharedRequest request{.key = secret};
  const auto read = tier_->Read(part_, {&request, 1}, rig_->Deadline());
  EXPECT_EQ(read.status().ToString().find("secret"), std::string::npos);
  const auto ended = tier_->EndWrite(part_, secret, 1, 0, std::nullopt, rig_->Deadline());
  EXPECT_THAT(ended, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ended.status().ToString().find("secret"), std::string::npos);
}

TEST_P(RedisTierTest, AServerThatForgotTheScriptsIsTaughtThem) {
  BeginWrite("a", 1);
  redis().Do({"SCRIPT", "FLUSH"});
  EXPECT_TRUE(EndWrite("a", 1, 0, Value("v")));
  redis().Do({"SCRIPT", "FLUSH"});
  ShakeHands();
  EXPECT_EQ(Look("a"), "value v of version 0");
}

// --- What is stored -----------------------------------------------------------------------------

TEST_P(RedisTierTest, ABrokenValueIsDeadAndIsClaimedOver) {
  const uint64_t token = Put("a", Value("value"));
  redis().Do({"SETRANGE", Names().Key("a"), "60", "X"});
  EXPECT_EQ(Look("a", 1), "dead");
  EXPECT_TRUE(ClaimOver("a", 2, token));
  for (const char* junk : {"x", "what is this doing here?"}) {
    redis().Do({"SET", Names().Key("b"), junk});
    EXPECT_EQ(Look("b", 3), "dead");
    EXPECT_TRUE(ClaimOver("b", 4, Find("b").token));
    redis().Do({"SET", Names().Key("b"), junk});
    BeginWrite("b", 5);
    EXPECT_TRUE(EndWrite("b", 5, 1, Value("v", 1)));
    redis().Do({"SET", Names().Key("b"), junk});
    Invalidate("b", 1);
    EXPECT_EQ(Look("b"), "dead");
  }
}

TEST_P(RedisTierTest, AKeyOfAnotherTypeIsDeadAndIsTakenAway) {
  const std::string name = Names().Key("a");
  const auto spoil = [&] {
    redis().Do({"DEL", name});
    redis().Do({"RPUSH", name, "x"});
  };
  Put("b", Value("v"));
  spoil();
  const SharedReading reading = Read({{.key = "b"}, {.key = "a", .token = 1}});
  ASSERT_EQ(reading.found.size(), 2u);
  EXPECT_EQ(Text(reading.found[0]), "value v of version 0");
  EXPECT_EQ(Text(reading.found[1]), "dead");
  EXPECT_TRUE(ClaimOver("a", 2, reading.found[1].token));
  EXPECT_TRUE(Fill("a", 2, Value("v")));
  spoil();
  Invalidate("a");
  EXPECT_EQ(Look("a"), "dead");
  spoil();
  EXPECT_FALSE(Renew("a", 3, 2, Value("v")));
  spoil();
  BeginWrite("a", 4);
  EXPECT_TRUE(EndWrite("a", 4, 1, Value("v", 1)));
  spoil();
  EXPECT_FALSE(EndWrite("a", 5, 2, Value("v", 2)));
  spoil();
  rig_->SetFull(true);
  EXPECT_EQ(Look("a", 6), "dead");
  Invalidate("a");
  rig_->SetFull(false);
  EXPECT_EQ(Look("a"), "dead");
}

TEST_P(RedisTierTest, WhatNobodyCouldReadIsNotStored) {
  const std::string large(4000, 'v');
  EXPECT_EQ(Look("a", 1), "claimed");
  EXPECT_FALSE(Fill("a", 1, Value(large)));
  BeginWrite("b", 2);
  EXPECT_FALSE(EndWrite("b", 2, 1, Value(large, 1)));
  EXPECT_EQ(Look("b"), "dead");
  const std::string fits(3500, 'v');
  Put("c", Value(fits));
  EXPECT_EQ(Look("c"), "value " + fits + " of version 0");
}

TEST_P(RedisTierTest, ValuesWithoutATtlGoAwayInTheEnd) {
  Put("a", {.value = "v"});
  EXPECT_EQ(Find("a").value.remaining, absl::InfiniteDuration());
  const int64_t left = redis().Do({"PTTL", Names().Key("a")}).integer;
  EXPECT_GT(left, 23 * 3600 * 1000);
  EXPECT_LE(left, 24 * 3600 * 1000);
}

// --- Stamps -------------------------------------------------------------------------------------

TEST_P(RedisTierTest, ManyStampsAreMergedAndNoneIsForgotten) {
  const std::vector<std::string> known = {"known"};
  const std::vector<std::string> fresh = {"fresh"};
  const uint64_t birth = Sequence();
  SharedWrite write = Value("v");
  write.birth = birth;
  write.tags = known;
  Put("known", write);
  write.tags = fresh;
  Put("fresh", write);
  EXPECT_EQ(Look("late", 1), "claimed");
  InvalidateTag("known");
  for (int i = 0; i < 300; ++i) InvalidateTag("tag" + std::to_string(i));
  EXPECT_LE(redis().Do({"HLEN", Names().hash()}).integer, 4 + 16 + 1);
  EXPECT_EQ(Look("known"), "dead");
  EXPECT_EQ(Look("fresh"), "dead") << "nobody knows any more that it was never invalidated";
  EXPECT_FALSE(Fill("late", 1, write));
  BeginWrite("own", 2);
  EXPECT_FALSE(EndWrite("own", 2, 0, write));

  write.birth = Sequence();
  Put("again", write);
  EXPECT_EQ(Look("again"), "value v of version 0");
}

TEST_P(RedisTierTest, ManyTagsAtOnceAreMergedToo) {
  std::vector<std::string> tags;
  for (int i = 0; i < 2000; ++i) tags.push_back("tag" + std::to_string(i));
  const std::vector<std::string_view> views(tags.begin(), tags.end());
  const uint64_t before = Sequence();
  const SharedAnswer answer = Current(tier_->InvalidateTags(part_, views, rig_->Deadline()));
  EXPECT_EQ(answer.sequence, before + 2000);
  InvalidateTag("one more");
  EXPECT_LE(redis().Do({"HLEN", Names().hash()}).integer, 2100);
  for (int i = 0; i < 400; ++i) InvalidateTag("one more");
  EXPECT_LE(redis().Do({"HLEN", Names().hash()}).integer, 4 + 16 + 1);
}

TEST_P(RedisTierTest, ANewGenerationHasNoStamps) {
  for (int i = 0; i < 10; ++i) InvalidateTag("tag" + std::to_string(i));
  EXPECT_EQ(redis().Do({"HLEN", Names().hash()}).integer, 4 + 10);
  Clear();
  EXPECT_EQ(redis().Do({"HLEN", Names().hash()}).integer, 4);
  EXPECT_EQ(State().server, part_.server);
  const auto again = tier_->Fence(part_, NewToken(), rig_->Deadline());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->generation, part_.generation) << "the fence of before still counts";
}

// --- Messages -----------------------------------------------------------------------------------

TEST_P(RedisTierTest, WhatCannotBeReadIsALoss) {
  MessageDiary diary;
  const auto subscription = tier_->Subscribe({&part_, 1}, diary);
  ASSERT_THAT(subscription, IsOk());
  ASSERT_TRUE(Eventually([&] { return diary.listening() == 1; }));
  redis().Do({"PUBLISH", Names().channel(), "nonsense"});
  Invalidate("a");
  ASSERT_TRUE(Eventually([&] { return diary.records().size() == 1; }));
  EXPECT_EQ(diary.unreadable(), 1);
}

TEST_P(RedisTierTest, PartsAreApart) {
  const SharedPart parts[] = {{.space = "users", .part = 0}, {.space = "users", .part = 1}};
  part_ = parts[1];
  ShakeHands();
  Put("a", Value("v"));
  part_ = parts[0];
  ShakeHands();
  EXPECT_EQ(Look("a"), "absent");
  const auto states = tier_->ReadStates(parts, rig_->Deadline());
  ASSERT_THAT(states, IsOk());
  ASSERT_EQ(states->size(), 2u);
  EXPECT_NE((*states)[0]->generation, (*states)[1]->generation);
}

// --- Options ------------------------------------------------------------------------------------

TEST(RedisTierOptionsTest, EachFieldIsChecked) {
  const auto check = [](const std::function<void(RedisTierOptions&)>& spoil) {
    RedisTierOptions options;
    spoil(options);
    return OpenRedisTier(options).status();
  };
  const auto wrong = [](const char* field) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field));
  };
  EXPECT_THAT(check([](auto&) {}), IsOk());
  EXPECT_THAT(check([](auto& o) { o.parts = 0; }), wrong("parts:"));
  EXPECT_THAT(check([](auto& o) { o.parts = 1025; }), wrong("parts:"));
  EXPECT_THAT(check([](auto& o) { o.claim_life = absl::ZeroDuration(); }), wrong("claim_life:"));
  EXPECT_THAT(check([](auto& o) { o.claim_life = absl::InfiniteDuration(); }),
              wrong("claim_life:"));
  EXPECT_THAT(check([](auto& o) { o.tomb_life = absl::Hours(2); }), wrong("tomb_life:"));
  EXPECT_THAT(check([](auto& o) { o.lasting_life = absl::ZeroDuration(); }),
              wrong("lasting_life:"));
  EXPECT_THAT(check([](auto& o) { o.stamps_max = 15; }), wrong("stamps_max:"));
  EXPECT_THAT(check([](auto& o) { o.silence_max = -absl::Seconds(1); }), wrong("silence_max:"));
  EXPECT_THAT(check([](auto& o) { o.redis.connections = 0; }), wrong("connections:"));
  EXPECT_THAT(check([](auto& o) { o.redis.url = "http://h"; }),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace trivet::sync
