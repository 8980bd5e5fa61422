#include "engine/part_tracker.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace trivet::engine {
namespace {

using Kind = SharedRecord::Kind;

constexpr absl::Duration kBound = absl::Seconds(2);
constexpr absl::Duration kNever = -absl::InfiniteDuration();

// Remembers what was done to it, in order.
class Diary final : public PartTracker::Memory {
 public:
  void Apply(const SharedRecord& record) override { lines_.push_back(record.name); }
  void Forget() override { lines_.push_back("forget"); }

  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

using Lines = std::vector<std::string>;

class PartTrackerTest : public ::testing::Test {
 protected:
  static SharedMessage Message(uint64_t generation, uint64_t sequence,
                               std::vector<std::string> keys) {
    SharedMessage message{.origin = 1, .generation = generation, .sequence = sequence};
    for (std::string& key : keys) message.records.push_back({.name = std::move(key)});
    return message;
  }

  // The part as the server has it.
  static PartState State(uint64_t generation, uint64_t sequence, uint64_t server = 1) {
    return {.generation = generation, .sequence = sequence, .server = server};
  }

  // Listens, and has shaken hands in generation 7, after message 10.
  void Begin() {
    tracker_.Listening();
    tracker_.FinishHandshake(State(7, 10), tracker_.troubles());
    memory_.Take();
  }

  Diary memory_;
  PartTracker tracker_{memory_, kBound};
};

TEST_F(PartTrackerTest, NothingIsTrustedBeforeAHandshake) {
  EXPECT_TRUE(tracker_.NeedsHandshake());
  EXPECT_FALSE(tracker_.address().trusted);
  EXPECT_FALSE(tracker_.MayAsk(absl::ZeroDuration()));
  EXPECT_EQ(tracker_.memory_proven_at(), kNever);
  tracker_.Receive(Message(7, 1, {"a"}));
  EXPECT_EQ(memory_.Take(), Lines{});
}

TEST_F(PartTrackerTest, AHandshakeTellsWhereCommandsGo) {
  Begin();
  EXPECT_FALSE(tracker_.NeedsHandshake());
  EXPECT_TRUE(tracker_.address().trusted);
  EXPECT_EQ(tracker_.address().generation, 7U);
  EXPECT_EQ(tracker_.address().server, 1U);
  // Not a proof.
  EXPECT_FALSE(tracker_.MayAsk(absl::ZeroDuration()));
}

TEST_F(PartTrackerTest, AHandshakeIsMadeAgainOnceTheSubscriptionStands) {
  tracker_.FinishHandshake(State(7, 10), tracker_.troubles());
  EXPECT_FALSE(tracker_.NeedsHandshake());
  tracker_.Listening();
  EXPECT_TRUE(tracker_.NeedsHandshake());
}

TEST_F(PartTrackerTest, AHandshakeDuringWhichSomethingHappenedIsWorthless) {
  const uint64_t before = tracker_.troubles();
  tracker_.Listening();
  tracker_.FinishHandshake(State(7, 10), before);
  EXPECT_TRUE(tracker_.NeedsHandshake());
  EXPECT_FALSE(tracker_.address().trusted);
}

TEST_F(PartTrackerTest, MessagesTakeEffectOnceAndInOrder) {
  Begin();
  tracker_.Receive(Message(7, 11, {"a", "b"}));
  tracker_.Receive(Message(7, 12, {"b", "c"}));
  tracker_.Receive(Message(7, 11, {"a"}));
  EXPECT_EQ(memory_.Take(), (Lines{"a", "b", "c"}));
}

TEST_F(PartTrackerTest, AMissingMessageKillsWhatIsOlder) {
  Begin();
  tracker_.Receive(Message(7, 12, {"b"}));
  EXPECT_EQ(memory_.Take(), (Lines{"forget", "b"}));
  // That was all: the address is still right.
  EXPECT_TRUE(tracker_.address().trusted);
  tracker_.Receive(Message(7, 13, {"c"}));
  EXPECT_EQ(memory_.Take(), Lines{"c"});
}

TEST_F(PartTrackerTest, AnotherGenerationKillsAllAndNeedsAHandshake) {
  Begin();
  tracker_.Receive(Message(8, 1, {"a"}));
  EXPECT_EQ(memory_.Take(), Lines{"forget"});
  EXPECT_TRUE(tracker_.NeedsHandshake());
  // Others that are busy there do not keep the handshake from coming to an end.
  const uint64_t before = tracker_.troubles();
  tracker_.Receive(Message(8, 2, {"b"}));
  tracker_.FinishHandshake(State(8, 2), before);
  EXPECT_EQ(memory_.Take(), Lines{"forget"});
  EXPECT_FALSE(tracker_.NeedsHandshake());
  tracker_.Receive(Message(8, 3, {"c"}));
  EXPECT_EQ(memory_.Take(), Lines{"c"});
}

TEST_F(PartTrackerTest, AClearIsFollowedWithoutAHandshake) {
  Begin();
  SharedMessage clear{.generation = 8, .sequence = 11};
  clear.records.push_back({.kind = Kind::kClear, .version = 7, .name = "clear"});
  tracker_.Receive(clear);
  EXPECT_EQ(memory_.Take(), Lines{"clear"});
  EXPECT_EQ(tracker_.address().generation, 8U);
  EXPECT_TRUE(tracker_.address().trusted);
  tracker_.Receive(Message(8, 12, {"a"}));
  EXPECT_EQ(memory_.Take(), Lines{"a"});
}

TEST_F(PartTrackerTest, AClearThatIsNotTheNextIsNotFollowed) {
  Begin();
  SharedMessage clear{.generation = 8, .sequence = 12};
  clear.records.push_back({.kind = Kind::kClear, .version = 7, .name = "clear"});
  tracker_.Receive(clear);
  EXPECT_EQ(memory_.Take(), Lines{"forget"});
  EXPECT_FALSE(tracker_.address().trusted);
}

TEST_F(PartTrackerTest, AReconnectThatMissedNothingKeepsMemory) {
  Begin();
  tracker_.Lost();
  tracker_.Listening();
  tracker_.FinishHandshake(State(7, 10), tracker_.troubles());
  EXPECT_EQ(memory_.Take(), Lines{});
  EXPECT_TRUE(tracker_.address().trusted);
}

TEST_F(PartTrackerTest, AReconnectThatMissedMessagesKillsWhatIsOlder) {
  Begin();
  tracker_.Lost();
  tracker_.Listening();
  tracker_.FinishHandshake(State(7, 11), tracker_.troubles());
  EXPECT_EQ(memory_.Take(), Lines{"forget"});
  tracker_.Receive(Message(7, 12, {"b"}));
  EXPECT_EQ(memory_.Take(), Lines{"b"});
}

TEST_F(PartTrackerTest, AHandshakeThatOvertakesMessagesLeavesThemToCome) {
  Begin();
  tracker_.Distrust();
  tracker_.FinishHandshake(State(7, 12), tracker_.troubles());
  EXPECT_EQ(memory_.Take(), Lines{});
  tracker_.Receive(Message(7, 11, {"a", "b"}));
  EXPECT_EQ(memory_.Take(), (Lines{"a", "b"}));
}

TEST_F(PartTrackerTest, AnotherServerKillsAll) {
  Begin();
  tracker_.Distrust();
  tracker_.FinishHandshake(State(7, 10, 2), tracker_.troubles());
  EXPECT_EQ(memory_.Take(), Lines{"forget"});
  EXPECT_EQ(tracker_.address().server, 2U);
}

TEST_F(PartTrackerTest, WhatCannotBeReadKillsAll) {
  Begin();
  tracker_.Missed();
  EXPECT_EQ(memory_.Take(), Lines{"forget"});
  EXPECT_TRUE(tracker_.NeedsHandshake());
}

TEST_F(PartTrackerTest, WhatCannotBeReadEndsProofs) {
  Begin();
  tracker_.FinishHeartbeat(State(7, 10), absl::Seconds(5), true);
  tracker_.Missed();
  EXPECT_EQ(tracker_.memory_proven_at(), kNever);
  EXPECT_EQ(tracker_.part_proven_at(), kNever);
}

TEST_F(PartTrackerTest, AHeartbeatProvesFromTheMomentItWasAsked) {
  Begin();
  tracker_.FinishHeartbeat(State(7, 10), absl::Seconds(5), true);
  EXPECT_EQ(tracker_.memory_proven_at(), absl::Seconds(5));
  EXPECT_EQ(tracker_.part_proven_at(), absl::Seconds(5));
  EXPECT_TRUE(tracker_.MayAsk(absl::Milliseconds(6989)));
  EXPECT_FALSE(tracker_.MayAsk(absl::Milliseconds(6990)));  // the clock may be a step behind
  // An answer that comes late proves less, not more.
  tracker_.FinishHeartbeat(State(7, 10), absl::Seconds(4), true);
  EXPECT_EQ(tracker_.memory_proven_at(), absl::Seconds(5));
}

TEST_F(PartTrackerTest, AProofOfMemoryWaitsForMessagesUnderWay) {
  Begin();
  tracker_.FinishHeartbeat(State(7, 12), absl::Seconds(5), true);
  EXPECT_EQ(tracker_.part_proven_at(), absl::Seconds(5));
  EXPECT_EQ(tracker_.memory_proven_at(), kNever);
  tracker_.Receive(Message(7, 11, {"a"}));
  EXPECT_EQ(tracker_.memory_proven_at(), kNever);
  tracker_.Receive(Message(7, 12, {"b"}));
  EXPECT_EQ(tracker_.memory_proven_at(), absl::Seconds(5));
  EXPECT_FALSE(tracker_.NeedsHandshake());
}

TEST_F(PartTrackerTest, MessagesMissingForLongAreLost) {
  Begin();
  tracker_.FinishHeartbeat(State(7, 12), absl::Seconds(5), true);
  tracker_.FinishHeartbeat(State(7, 12), absl::Milliseconds(5099), true);
  EXPECT_FALSE(tracker_.NeedsHandshake());
  tracker_.FinishHeartbeat(State(7, 12), absl::Seconds(6), true);
  EXPECT_EQ(tracker_.memory_proven_at(), kNever);
  EXPECT_TRUE(tracker_.NeedsHandshake());
  tracker_.FinishHandshake(State(7, 12), tracker_.troubles());
  EXPECT_EQ(memory_.Take(), Lines{"forget"});
  tracker_.FinishHeartbeat(State(7, 12), absl::Seconds(7), true);
  EXPECT_EQ(tracker_.memory_proven_at(), absl::Seconds(7));
}

TEST_F(PartTrackerTest, AHeartbeatOfAnotherGenerationOrServerProvesNothing) {
  Begin();
  tracker_.FinishHeartbeat(State(8, 10), absl::Seconds(5), true);
  EXPECT_EQ(tracker_.part_proven_at(), kNever);
  EXPECT_TRUE(tracker_.NeedsHandshake());
  tracker_.FinishHandshake(State(7, 10), tracker_.troubles());
  tracker_.FinishHeartbeat(State(7, 10, 2), absl::Seconds(6), true);
  EXPECT_EQ(tracker_.part_proven_at(), kNever);
  EXPECT_TRUE(tracker_.NeedsHandshake());
}

TEST_F(PartTrackerTest, AnOverdueRowOfTheLogProvesNothing) {
  Begin();
  tracker_.FinishHeartbeat(State(7, 10), absl::Seconds(5), false);
  EXPECT_EQ(tracker_.part_proven_at(), kNever);
  EXPECT_EQ(tracker_.memory_proven_at(), kNever);
  EXPECT_FALSE(tracker_.NeedsHandshake());
}

TEST_F(PartTrackerTest, WithoutTrustNothingIsAskedHoweverYoungTheProof) {
  Begin();
  tracker_.FinishHeartbeat(State(7, 10), absl::Seconds(5), true);
  tracker_.Distrust();
  EXPECT_FALSE(tracker_.MayAsk(absl::Seconds(5)));
}

}  // namespace
}  // namespace trivet::engine
