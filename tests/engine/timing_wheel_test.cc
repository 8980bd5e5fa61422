#include "engine/timing_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
constexpr uint64_t kForever = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kSpan = uint64_t{1} << 36;  // what the slots reach: 64^6

// A wheel, some nodes known by number, and what has fired so far.
class WheelStory {
 public:
  explicit WheelStory(uint64_t now) : wheel_(now, 8) {}

  void Schedule(uint32_t node, uint64_t due) { wheel_.Schedule(node, due); }
  void Cancel(uint32_t node) { wheel_.Cancel(node); }
  bool IsScheduled(uint32_t node) const { return wheel_.IsScheduled(node); }

  // Advances, checks the structure, and returns whether work is left.
  bool Advance(uint64_t now, size_t budget = kNoLimit) {
    fired_.clear();
    const bool more = wheel_.Advance(now, &budget, [this](uint32_t node) {
      EXPECT_FALSE(wheel_.IsScheduled(node));
      fired_.push_back(node);
    });
    wheel_.CheckInvariants();
    return more;
  }

  // What the last Advance fired, sorted.
  std::vector<uint32_t> fired() {
    std::sort(fired_.begin(), fired_.end());
    return fired_;
  }

  TimingWheel& wheel() { return wheel_; }

 private:
  TimingWheel wheel_;
  std::vector<uint32_t> fired_;
};

using Nodes = std::vector<uint32_t>;

TEST(TimingWheel, FiresWhatIsDueAndNothingElse) {
  WheelStory story(1000);
  story.Schedule(0, 1001);
  story.Schedule(1, 1005);
  story.Schedule(2, 1006);
  EXPECT_EQ(story.wheel().size(), 3u);
  EXPECT_FALSE(story.Advance(1000));
  EXPECT_EQ(story.fired(), Nodes{});
  EXPECT_FALSE(story.Advance(1005));
  EXPECT_EQ(story.fired(), (Nodes{0, 1}));
  EXPECT_FALSE(story.IsScheduled(0));
  EXPECT_TRUE(story.IsScheduled(2));
  EXPECT_EQ(story.wheel().size(), 1u);
}

TEST(TimingWheel, FiresInTheNextCallWhatIsDueAlready) {
  WheelStory story(1000);
  story.Schedule(0, 0);
  story.Schedule(1, 999);
  story.Schedule(2, 1000);
  EXPECT_FALSE(story.Advance(1000));
  EXPECT_EQ(story.fired(), (Nodes{0, 1, 2}));
}

TEST(TimingWheel, NeverFiresWhatWasCancelled) {
  WheelStory story(0);
  story.Schedule(0, 5);
  story.Schedule(1, 5);
  story.Schedule(2, 500);
  story.Schedule(3, 10 * kSpan);
  for (const uint32_t node : {0, 2, 3}) {
    story.Cancel(node);
    EXPECT_FALSE(story.IsScheduled(node));
    story.wheel().CheckInvariants();
  }
  EXPECT_FALSE(story.Advance(kForever));
  EXPECT_EQ(story.fired(), Nodes{1});
}

TEST(TimingWheel, ScheduleMovesANodeThatIsScheduled) {
  WheelStory story(0);
  story.Schedule(0, 5);
  story.Schedule(0, 5000);
  EXPECT_EQ(story.wheel().size(), 1u);
  story.Advance(4999);
  EXPECT_EQ(story.fired(), Nodes{});
  story.Advance(5000);
  EXPECT_EQ(story.fired(), Nodes{0});
}

// Due times beside every power of 64, seen from times beside every power of 64.
TEST(TimingWheel, FiresToTheMillisecondAtTheEdgesOfLevels) {
  std::vector<uint64_t> edges = {0, kForever};
  for (int bits = 0; bits < 64; bits += 6) {
    for (const uint64_t around : {-1, 0, 1}) edges.push_back((uint64_t{1} << bits) + around);
  }
  for (const uint64_t now : edges) {
    for (const uint64_t due : edges) {
      if (due <= now) continue;
      SCOPED_TRACE(std::to_string(now) + " to " + std::to_string(due));
      WheelStory story(now);
      story.Schedule(0, due);
      ASSERT_FALSE(story.Advance(due - 1));
      ASSERT_EQ(story.fired(), Nodes{});
      ASSERT_FALSE(story.Advance(due));
      ASSERT_EQ(story.fired(), Nodes{0});
    }
  }
}

TEST(TimingWheel, LongIdleTimeCostsNothing) {
  WheelStory story(0);
  story.Schedule(0, kForever - 1);
  story.Schedule(1, 12345 * kSpan + 6789);
  EXPECT_FALSE(story.Advance(10'000 * kSpan + 1, 2));  // both are looked at once
  EXPECT_EQ(story.fired(), Nodes{});
  EXPECT_FALSE(story.Advance(kForever, 2 * 7));  // at most all levels for each
  EXPECT_EQ(story.fired(), (Nodes{0, 1}));
}

TEST(TimingWheel, ANodeMovesDownAtMostOncePerLevel) {
  for (int bits = 0; bits < 36; ++bits) {
    SCOPED_TRACE(bits);
    WheelStory story(0);
    story.Schedule(0, (uint64_t{2} << bits) - 1);
    size_t units = 1;
    while (story.Advance(kSpan, 1)) ++units;
    EXPECT_LE(units, 6u);
    EXPECT_EQ(story.fired(), Nodes{0});
  }
}

TEST(TimingWheel, AnExhaustedBudgetLeavesTheRestForTheNextCall) {
  WheelStory story(0);
  for (uint32_t node = 0; node < 5; ++node) story.Schedule(node, 7);
  EXPECT_TRUE(story.Advance(7, 0));
  EXPECT_EQ(story.fired().size(), 0u);
  EXPECT_TRUE(story.Advance(7, 2));
  EXPECT_EQ(story.fired().size(), 2u);
  EXPECT_TRUE(story.Advance(8, 2));
  EXPECT_EQ(story.fired().size(), 2u);
  EXPECT_FALSE(story.Advance(9, 1));  // exactly enough: nothing is left
  EXPECT_EQ(story.fired().size(), 1u);
}

TEST(TimingWheel, NodesOfAHalfSunkenSlotCanBeCancelledAndMoved) {
  WheelStory story(0);
  for (uint32_t node = 0; node < 8; ++node)
    story.Schedule(node, 640 + node);  // one slot of level 1
  ASSERT_TRUE(story.Advance(640, 3));  // three have sunk, five wait
  ASSERT_EQ(story.wheel().size(), 8u);
  for (const uint32_t node : {1, 3, 5, 7}) {
    story.Cancel(node);
    story.wheel().CheckInvariants();
  }
  story.Schedule(6, 10'000);
  story.Schedule(7, 641);
  story.wheel().CheckInvariants();
  EXPECT_FALSE(story.Advance(9'999));
  EXPECT_EQ(story.fired(), (Nodes{0, 2, 4, 7}));
  EXPECT_FALSE(story.Advance(10'000));
  EXPECT_EQ(story.fired(), Nodes{6});
}

TEST(TimingWheel, InterruptedWorkGoesOnAtALaterTime) {
  WheelStory story(0);
  for (uint32_t node = 0; node < 8; ++node) story.Schedule(node, 4096 + 64 * node);
  ASSERT_TRUE(story.Advance(4096, 2));
  EXPECT_FALSE(story.Advance(4096 + 64 * 6));
  EXPECT_EQ(story.fired(), (Nodes{0, 1, 2, 3, 4, 5, 6}));
}

TEST(TimingWheel, AnEarlierTimeThanBeforeDoesNoHarm) {
  WheelStory story(1000);
  story.Schedule(0, 1500);
  EXPECT_FALSE(story.Advance(1480));
  EXPECT_FALSE(story.Advance(3));
  EXPECT_FALSE(story.Advance(1499));
  EXPECT_EQ(story.fired(), Nodes{});
  EXPECT_FALSE(story.Advance(1500));
  EXPECT_EQ(story.fired(), Nodes{0});
}

TEST(TimingWheel, ACallbackMayScheduleAndCancel) {
  TimingWheel wheel(0, 3);
  constexpr uint32_t kAgain = 0;
  constexpr uint32_t kVictim = 1;
  constexpr uint32_t kFresh = 2;
  wheel.Schedule(kAgain, 10);
  wheel.Schedule(kVictim, 11);
  Nodes fired;
  const auto on_due = [&](uint32_t node) {
    fired.push_back(node);
    if (node == kAgain && fired.size() == 1) {
      wheel.Schedule(kAgain, 20);
      wheel.Cancel(kVictim);
      wheel.Schedule(kFresh, 5);  // has passed: fires in this call
    }
    wheel.CheckInvariants();
  };
  size_t budget = kNoLimit;
  EXPECT_FALSE(wheel.Advance(15, &budget, on_due));
  EXPECT_EQ(fired, (Nodes{kAgain, kFresh}));
  EXPECT_FALSE(wheel.Advance(20, &budget, on_due));
  EXPECT_EQ(fired, (Nodes{kAgain, kFresh, kAgain}));
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimingWheel, ACallbackMayTakeMoreOffTheBudget) {
  TimingWheel wheel(0, 8);
  for (uint32_t node = 0; node < 8; ++node) wheel.Schedule(node, 7);
  size_t budget = 6;
  size_t fired = 0;
  EXPECT_TRUE(wheel.Advance(7, &budget, [&](uint32_t) {
    ++fired;
    budget -= 2;
  }));
  EXPECT_EQ(fired, 2u);
  EXPECT_EQ(budget, 0u);
}

TEST(TimingWheel, TruncatedNodesCanBeScheduledAgain) {
  constexpr uint32_t kMany = 20'000;
  TimingWheel wheel(0, kMany);
  for (uint32_t node = 0; node < kMany; ++node) wheel.Schedule(node, node + 1);
  for (uint32_t node = 10; node < kMany; ++node) wheel.Cancel(node);
  wheel.Truncate(10);
  wheel.CheckInvariants();
  EXPECT_EQ(wheel.bytes(), 160u);
  EXPECT_FALSE(wheel.IsScheduled(kMany - 1));
  wheel.Schedule(kMany - 1, 5);
  EXPECT_FALSE(wheel.IsScheduled(kMany - 2));
  Nodes fired;
  size_t budget = kNoLimit;
  EXPECT_FALSE(wheel.Advance(5, &budget, [&](uint32_t node) { fired.push_back(node); }));
  std::sort(fired.begin(), fired.end());
  EXPECT_EQ(fired, (Nodes{0, 1, 2, 3, 4, kMany - 1}));
}

// --- Random operations, beside a std::multimap --------------------------------------------------

class RandomWheelTest {
 public:
  RandomWheelTest(uint64_t seed, uint64_t now) : random_(seed), now_(now), wheel_(now, kNodes) {}

  void Run(size_t operations) {
    for (size_t i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      switch (Below(8)) {
        case 0:
        case 1:
        case 2:
          ScheduleSome();
          break;
        case 3:
          CancelSome();
          break;
        default:
          AdvanceSome();
      }
      if (i % 16 == 0) wheel_.CheckInvariants();
    }
    FireEverything();
  }

 private:
  static constexpr size_t kNodes = 64;
  using Model = std::multimap<uint64_t, uint32_t>;

  uint64_t Below(uint64_t bound) { return random_() % bound; }

  // A stretch of time of any magnitude, often just beside a power of 64.
  uint64_t SomeTime() {
    const uint64_t power = uint64_t{1} << 6 * Below(Below(4) == 0 ? 11 : 4);
    switch (Below(4)) {
      case 0:
        return Below(4);
      case 1:
        return power + Below(3) - 1;
      case 2:
        return power * Below(64) + Below(64);
      default:
        return Below(power) + Below(64);
    }
  }

  uint64_t Later(uint64_t time) { return now_ > kForever - time ? kForever : now_ + time; }

  void ScheduleSome() {
    const auto node = static_cast<uint32_t>(Below(kNodes));
    Forget(node);
    const uint64_t due = Below(8) == 0 ? now_ - std::min(now_, SomeTime()) : Later(SomeTime());
    wheel_.Schedule(node, due);
    model_places_[node] = model_.emplace(due, node);
    ASSERT_EQ(wheel_.size(), model_.size());
  }

  void CancelSome() {
    const auto node = static_cast<uint32_t>(Below(kNodes));
    ASSERT_EQ(wheel_.IsScheduled(node), model_places_[node] != model_.end());
    if (!wheel_.IsScheduled(node)) return;
    wheel_.Cancel(node);
    Forget(node);
    ASSERT_EQ(wheel_.size(), model_.size());
  }

  void Forget(uint32_t node) {
    Model::iterator& place = model_places_[node];
    if (place != model_.end()) model_.erase(place);
    place = model_.end();
  }

  void AdvanceSome() {
    // Time goes on in small steps mostly, or the wheel would always be empty.
    if (Below(4) == 0) now_ = Later(Below(16) == 0 ? SomeTime() : Below(200));
    const size_t budget = Below(3) == 0 ? kNoLimit : Below(12);
    size_t left = budget;
    const bool chatty = Below(4) == 0;
    size_t fired = 0;
    // Some callers come late, with a time read before others advanced.
    const uint64_t read = Below(8) == 0 ? now_ - std::min(now_, SomeTime()) : now_;
    const bool more = wheel_.Advance(read, &left, [&](uint32_t node) {
      ++fired;
      ASSERT_NE(model_places_[node], model_.end()) << "fired, but was not scheduled";
      ASSERT_LE(model_places_[node]->first, now_) << "fired too early";
      Forget(node);
      if (chatty && Below(2) == 0) ScheduleSome();
      if (chatty && Below(2) == 0) CancelSome();
    });
    ASSERT_LE(fired, budget);
    if (!more && read == now_) {
      ASSERT_TRUE(model_.empty() || model_.begin()->first > now_) << "did not fire what is due";
    }
  }

  // With whatever is left the wheel comes to its end, in a number of calls that the levels bound.
  void FireEverything() {
    now_ = kForever;
    size_t units_max = 8 * wheel_.size() + 1;
    size_t one = 1;
    while (wheel_.Advance(now_, &one, [&](uint32_t node) { Forget(node); })) {
      ASSERT_GT(units_max--, 0u);
      one = 1;
    }
    ASSERT_EQ(wheel_.size(), 0u);
    ASSERT_TRUE(model_.empty());
    wheel_.CheckInvariants();
  }

  std::mt19937_64 random_;
  uint64_t now_;
  TimingWheel wheel_;
  Model model_;
  std::vector<Model::iterator> model_places_ = std::vector<Model::iterator>(kNodes, model_.end());
};

TEST(TimingWheel, AgreesWithAMultimapUnderRandomOperations) {
  constexpr size_t kOperationsPerRound = 2000;
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  const uint64_t kStarts[] = {0, 1'000'000, kSpan - 100, 5 * kSpan - 1, kForever - kSpan};
  for (size_t round = 0; round < ScaledCount(1200); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    RandomWheelTest(random(), kStarts[round % std::size(kStarts)]).Run(kOperationsPerRound);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace trivet::engine
