#include "engine/mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/time/time.h"

namespace trivet::engine {
namespace {

template <typename AnyMutex>
class AnyMutexTest : public ::testing::Test {};

struct Names {
  template <typename AnyMutex>
  static std::string GetName(int) {
    return std::is_same_v<AnyMutex, Mutex> ? "Mutex" : "SpinMutex";
  }
};

using MutexTypes = ::testing::Types<Mutex, SpinMutex>;
TYPED_TEST_SUITE(AnyMutexTest, MutexTypes, Names);

TYPED_TEST(AnyMutexTest, LetsOneThreadInAtATime) {
  TypeParam mutex;
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

TYPED_TEST(AnyMutexTest, TryLockFailsWhileAnotherThreadHoldsIt) {
  TypeParam mutex;
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

// The holder needs the others' core: they must not spin for ever.
TYPED_TEST(AnyMutexTest, WhoWaitsLetsTheHolderRun) {
  TypeParam mutex;
  std::atomic<int> waiting{0};
  int entered = 0;
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        ++waiting;
        MutexLock mine(mutex);
        ++entered;
      });
    }
    while (waiting < 8) std::this_thread::yield();
    EXPECT_EQ(entered, 0);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(entered, 8);
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
