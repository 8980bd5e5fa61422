#include "engine/maintenance_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace trivet::engine {
namespace {

TEST(MaintenanceThread, WorksAgainAndAgain) {
  std::latch rounds(3);
  std::atomic<int> count{0};
  MaintenanceThread thread;
  thread.Start(absl::Milliseconds(1), [&] {
    if (++count <= 3) rounds.count_down();
    return false;
  });
  rounds.wait();
  thread.Stop();
  EXPECT_GE(count, 3);
}

TEST(MaintenanceThread, GoesOnAtOnceWhileThereIsMore) {
  // A period that no test waits for: the first round comes after it, so the work must not need it.
  std::latch rounds(100);
  std::atomic<int> count{0};
  MaintenanceThread thread;
  thread.Start(absl::Milliseconds(1), [&] {
    const int round = ++count;
    if (round <= 100) rounds.count_down();
    return round < 100;
  });
  rounds.wait();
  thread.Stop();
}

TEST(MaintenanceThread, StopsWithoutWaitingForThePeriod) {
  MaintenanceThread thread;
  thread.Start(absl::Hours(1), [] {
    ADD_FAILURE() << "an hour has not passed";
    return false;
  });
  thread.Stop();
}

TEST(MaintenanceThread, StopWaitsForTheRunningWorkAndNothingRunsAfterwards) {
  std::latch running(1);
  std::atomic<bool> stopping{false};
  std::atomic<int> finished{0};
  MaintenanceThread thread;
  thread.Start(absl::Milliseconds(1), [&] {
    if (finished == 0) {
      running.count_down();
      while (!stopping) std::this_thread::yield();
    }
    ++finished;
    return true;
  });
  running.wait();
  stopping = true;
  thread.Stop();
  const int at_stop = finished;
  EXPECT_GE(at_stop, 1);
  std::this_thread::yield();
  EXPECT_EQ(finished, at_stop);
}

TEST(MaintenanceThread, MayBeStoppedAnyNumberOfTimesFromAnyThread) {
  MaintenanceThread thread;
  thread.Start(absl::Milliseconds(1), [] { return false; });
  std::vector<std::thread> stoppers;
  for (int i = 0; i < 3; ++i) stoppers.emplace_back([&] { thread.Stop(); });
  for (std::thread& stopper : stoppers) stopper.join();
  thread.Stop();
}

TEST(MaintenanceThread, NeedNotBeStartedToBeStopped) {
  MaintenanceThread thread;
  thread.Stop();
}

TEST(MaintenanceThread, TheDestructorStopsIt) {
  std::atomic<bool> alive{true};
  {
    MaintenanceThread thread;
    thread.Start(absl::Milliseconds(1), [&] {
      EXPECT_TRUE(alive);
      return true;
    });
  }
  alive = false;
}

}  // namespace
}  // namespace trivet::engine
