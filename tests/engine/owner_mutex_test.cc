#include "engine/owner_mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "tests/support/random_test.h"
#include "tests/support/read_modes.h"

namespace trivet::engine {
namespace {

class OwnerMutexTest : public ::testing::TestWithParam<bool> {
 protected:
  const testing::ScopedReaderFence fence_{GetParam()};
};

TEST_P(OwnerMutexTest, OwnerAndVisitorsTakeTurns) {
  OwnerMutex mutex;
  size_t count = 0;  // a race, or a lost step, if two are inside
  std::atomic<bool> done{false};
  size_t visits = 0;
  size_t turns = 0;
  std::vector<std::thread> visitors;
  for (int i = 0; i < 2; ++i) {
    visitors.emplace_back([&] {
      while (!done) {
        // Now and then, so that the owner is met where it expects nobody.
        for (std::atomic<int> pause{0}; pause < 300; ++pause) {
        }
        MutexLock lock(mutex);
        ++count;
        ++visits;
      }
    });
  }
  for (; turns < testing::ScaledCount(3'000'000); ++turns) {
    OwnerLock lock(mutex);
    ++count;
  }
  done = true;
  for (std::thread& visitor : visitors) visitor.join();
  OwnerLock lock(mutex);
  EXPECT_EQ(count, turns + visits);
}

TEST_P(OwnerMutexTest, TheOwnerMayVisitAndAnotherBecomeTheOwner) {
  OwnerMutex mutex;
  size_t count = 0;
  {
    MutexLock lock(mutex);
    ++count;
  }
  std::thread([&] {
    OwnerLock lock(mutex);
    ++count;
  }).join();
  OwnerLock lock(mutex);
  EXPECT_EQ(count, 2u);
}

INSTANTIATE_TEST_SUITE_P(Fences, OwnerMutexTest, ::testing::Bool(), testing::FenceName);

}  // namespace
}  // namespace trivet::engine
