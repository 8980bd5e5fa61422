#include "engine/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace trivet::engine {
namespace {

TEST(Mutex, LetsOneThreadInAtATime) {
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        MutexLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 40'000);
}

TEST(Mutex, TryLockFailsWhileAnotherThreadHoldsIt) {
  Mutex mutex;
  const auto can_lock_elsewhere = [&mutex] {
    bool locked = false;
    std::thread([&] {
      if (!mutex.TryLock()) return;
      locked = true;
      mutex.Unlock();
    }).join();
    return locked;
  };
  {
    MutexLock lock(mutex);
    EXPECT_FALSE(can_lock_elsewhere());
  }
  EXPECT_TRUE(can_lock_elsewhere());
}

// Two threads take turns. Each wait gives the mutex back, or they would stand still, and holds it
// again afterwards, or the counting would race.
template <typename Wait>
void PlayPingPong(Wait wait) {
  constexpr int kTurns = 1000;
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  const auto play = [&](int parity) {
    MutexLock lock(mutex);
    while (turn < kTurns) {
      if (turn % 2 == parity) {
        ++turn;
        changed.SignalAll();
      } else {
        wait(changed, mutex);
      }
    }
  };
  std::thread ping(play, 0);
  std::thread pong(play, 1);
  ping.join();
  pong.join();
  EXPECT_EQ(turn, kTurns);
}

TEST(CondVar, WaitGivesTheMutexBackMeanwhile) {
  PlayPingPong([](CondVar& changed, Mutex& mutex) {
    mutex.AssertHeld();
    changed.Wait(mutex);
  });
}

TEST(CondVar, WaitForIsWokenBeforeItsTime) {
  PlayPingPong([](CondVar& changed, Mutex& mutex) {
    mutex.AssertHeld();
    changed.WaitFor(mutex, absl::InfiniteDuration());
  });
}

TEST(CondVar, WaitForComesToAnEndByItself) {
  Mutex mutex;
  CondVar never_signalled;
  MutexLock lock(mutex);
  never_signalled.WaitFor(mutex, absl::Milliseconds(1));
  never_signalled.WaitFor(mutex, absl::ZeroDuration());
  never_signalled.WaitFor(mutex, -absl::InfiniteDuration());
}

}  // namespace
}  // namespace trivet::engine
