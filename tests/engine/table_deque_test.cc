#include "engine/table_deque.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "tests/engine/table_deque_model.h"
#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

TEST(TableDeque, TakesNothingWhileItIsEmpty) {
  Arena arena(false);
  {
    TableDeque<uint64_t> table(arena);
    EXPECT_EQ(table.bytes(), 0u);
    for (uint64_t i = 0; i < 1000; ++i) table.push_back(i);
    EXPECT_EQ(arena.block_bytes(), 1024 * sizeof(uint64_t));
    EXPECT_GE(table.bytes(), arena.block_bytes());
    for (int i = 0; i < 500; ++i) table.pop_front();
    for (int i = 0; i < 500; ++i) table.pop_back();
    EXPECT_EQ(table.bytes(), 0u);
    EXPECT_EQ(arena.block_bytes(), 0u);
    table.push_back(1);
  }
  EXPECT_EQ(arena.block_bytes(), 0u) << "its destructor gives all back";
}

TEST(TableDeque, AgreesWithADeque) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  testing::TableDequeModel deque(testing::TestArena());
  for (size_t i = 0; i < ScaledCount(300'000); ++i) {
    deque.Change(i, random);
    ASSERT_NO_FATAL_FAILURE(deque.ExpectSame(random));
  }
}

}  // namespace
}  // namespace trivet::engine
