#include "engine/table_deque.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <random>

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
  TableDeque<uint64_t> table(testing::TestArena());
  std::deque<uint64_t> model;
  for (size_t i = 0; i < ScaledCount(300'000); ++i) {
    const bool grows = i / 3000 % 2 == 0;
    if (model.empty() || random() % 8 < (grows ? 5 : 2)) {
      table.push_back(i);
      model.push_back(i);
    } else if (random() % 2 == 0) {
      table.pop_front();
      model.pop_front();
    } else {
      table.pop_back();
      model.pop_back();
    }
    ASSERT_EQ(table.size(), model.size());
    if (model.empty()) continue;
    const size_t at = random() % model.size();
    ASSERT_EQ(table[at], model[at]);
    ASSERT_EQ(table[0], model.front());
    ASSERT_EQ(table[model.size() - 1], model.back());
  }
}

}  // namespace
}  // namespace trivet::engine
