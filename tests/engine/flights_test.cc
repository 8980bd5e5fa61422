#include "engine/flights.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/namespace_state.h"
#include "trivet/clock.h"

namespace trivet::engine {
namespace {

TEST(Landing, IsAwaitedUntilTheDeadlineOnTheClock) {
  ManualClock clock;
  Landing landing;
  EXPECT_FALSE(landing.AwaitUntil(clock, absl::ZeroDuration()));
  EXPECT_FALSE(landing.AwaitUntil(clock, -absl::Seconds(1)));
  std::thread waiter(
      [&] { EXPECT_FALSE(landing.AwaitUntil(clock, absl::Seconds(5))) << "nothing landed"; });
  clock.Advance(absl::Seconds(5));
  waiter.join();
}

TEST(Landing, WakesAllWhoWait) {
  ManualClock clock;
  Landing landing;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] { EXPECT_TRUE(landing.AwaitUntil(clock, absl::InfiniteDuration())); });
  }
  landing.Land();
  for (std::thread& waiter : waiters) waiter.join();
}

TEST(Landing, IsThereForThoseWhoComeLate) {
  ManualClock clock;
  Landing landing;
  landing.Land();
  EXPECT_TRUE(landing.AwaitUntil(clock, absl::ZeroDuration()));
}

class FlightsTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kHash = 7;

  std::shared_ptr<LoadFlight> Load(std::string_view key) {
    auto flight = std::make_shared<LoadFlight>(&users_, key, kHash, 0);
    flights_.Add(flight);
    return flight;
  }
  std::shared_ptr<WriteFlight> Write(std::string_view key) {
    auto flight = std::make_shared<WriteFlight>(&users_, key, kHash);
    flights_.Add(flight);
    return flight;
  }
  std::shared_ptr<LoadFlight> FindLoad(std::string_view key) {
    return flights_.FindLoad(&users_, key, kHash);
  }
  std::shared_ptr<WriteFlight> FindWrite(std::string_view key) {
    return flights_.FindWrite(&users_, key, kHash);
  }

  NamespaceState users_{0, "users", {}};
  NamespaceState orders_{1, "orders", {}};
  Flights flights_;
};

TEST_F(FlightsTest, AFlightRemembersWhenItBegan) {
  users_.NextEpoch();
  users_.tags().Invalidate("a");
  const LoadFlight flight(&users_, "k", kHash, 0);
  EXPECT_EQ(flight.epoch, 1u);
  EXPECT_EQ(flight.birth, 1u);
  EXPECT_EQ(flight.key, "k");
  EXPECT_FALSE(flight.fenced);
}

TEST_F(FlightsTest, AreFoundByKeyAndNamespace) {
  const auto load = Load("k");
  const auto write = Write("k");
  EXPECT_EQ(FindLoad("k"), load);
  EXPECT_EQ(FindWrite("k"), write);
  EXPECT_EQ(FindLoad("other"), nullptr);
  EXPECT_EQ(FindWrite("other"), nullptr);
  EXPECT_EQ(flights_.FindLoad(&orders_, "k", kHash), nullptr);
  EXPECT_EQ(flights_.size(), 2u);
}

TEST_F(FlightsTest, AreGoneWhenTheyEnd) {
  const auto load = Load("k");
  const auto write = Write("k");
  flights_.Remove(load.get());
  flights_.Remove(write.get());
  EXPECT_TRUE(load->ended);
  EXPECT_TRUE(write->ended);
  EXPECT_EQ(FindLoad("k"), nullptr);
  EXPECT_EQ(FindWrite("k"), nullptr);
  EXPECT_EQ(flights_.size(), 0u);
}

TEST_F(FlightsTest, NobodyJoinsAFencedLoadButItStillFlies) {
  const auto load = Load("k");
  flights_.FenceLoad(&users_, "k", kHash);
  EXPECT_TRUE(load->fenced);
  EXPECT_EQ(FindLoad("k"), nullptr);
  EXPECT_EQ(flights_.size(), 1u);
  const auto next = Load("k");
  EXPECT_EQ(FindLoad("k"), next);
  EXPECT_EQ(flights_.size(), 2u);
  flights_.Remove(load.get());
  EXPECT_EQ(FindLoad("k"), next) << "the end of the old one does not touch the new one";
  flights_.Remove(next.get());
  EXPECT_EQ(flights_.size(), 0u);
}

TEST_F(FlightsTest, AChangeOfTheKeyFencesItsLoadAlone) {
  const auto load = Load("k");
  const auto other = Load("other");
  const auto write = Write("k");
  flights_.FenceLoad(&users_, "k", kHash);
  flights_.FenceLoad(&users_, "nobody", kHash);
  EXPECT_TRUE(load->fenced);
  EXPECT_FALSE(other->fenced);
  EXPECT_FALSE(write->fenced);
}

TEST_F(FlightsTest, AnInvalidationFencesTheWriteToo) {
  const auto load = Load("k");
  const auto write = Write("k");
  const auto other = Write("other");
  flights_.FenceAll(&users_, "k", kHash);
  EXPECT_TRUE(load->fenced);
  EXPECT_TRUE(write->fenced);
  EXPECT_FALSE(other->fenced);
  EXPECT_EQ(FindWrite("k"), write) << "the next writer still waits for it";
}

TEST_F(FlightsTest, AnInvalidationWithoutFlightsDoesNothing) {
  flights_.FenceAll(&users_, "k", kHash);
  EXPECT_EQ(flights_.size(), 0u);
}

TEST_F(FlightsTest, APatternFencesWhatMatchesInItsNamespace) {
  const auto load = Load("a1");
  const auto write = Write("a2");
  const auto spared_load = Load("b1");
  const auto spared_write = Write("b2");
  const auto foreign = std::make_shared<LoadFlight>(&orders_, "a1", kHash, 0);
  const auto foreign_write = std::make_shared<WriteFlight>(&orders_, "a2", kHash);
  flights_.Add(foreign);
  flights_.Add(foreign_write);
  flights_.FenceMatching(&users_, [](std::string_view key) { return key.starts_with("a"); });
  EXPECT_TRUE(load->fenced);
  EXPECT_TRUE(write->fenced);
  EXPECT_FALSE(spared_load->fenced);
  EXPECT_FALSE(spared_write->fenced);
  EXPECT_FALSE(foreign->fenced);
  EXPECT_FALSE(foreign_write->fenced);
  EXPECT_EQ(FindLoad("a1"), nullptr);
  EXPECT_EQ(FindLoad("b1"), spared_load);
  EXPECT_EQ(flights_.size(), 6u);
}

TEST_F(FlightsTest, NobodyJoinsALoadOfAnEarlierEpoch) {
  const auto load = Load("k");
  users_.NextEpoch();
  EXPECT_EQ(FindLoad("k"), nullptr);
  const auto next = Load("k");
  EXPECT_TRUE(load->fenced);
  EXPECT_EQ(FindLoad("k"), next);
  EXPECT_EQ(flights_.size(), 2u);
  flights_.Remove(load.get());
  flights_.Remove(next.get());
  EXPECT_EQ(flights_.size(), 0u);
}

TEST_F(FlightsTest, ALoadMayBeFencedFromTheStart) {
  LoadFlight load(&users_, "k", kHash, 0);
  flights_.AddFenced(&load);
  EXPECT_TRUE(load.fenced);
  EXPECT_EQ(FindLoad("k"), nullptr);
  EXPECT_EQ(flights_.size(), 1u);
  flights_.Remove(&load);
  EXPECT_EQ(flights_.size(), 0u);
}

TEST_F(FlightsTest, ALoadHasNoOutcomeBeforeItLands) { EXPECT_FALSE(Load("k")->outcome.ok()); }

using FlightsDeathTest = FlightsTest;

TEST_F(FlightsDeathTest, TwoWritesOfOneKeyAtATimeAreOurMistake) {
  Write("k");
  EXPECT_DEATH(Write("k"), "two writes of one key");
}

}  // namespace
}  // namespace trivet::engine
