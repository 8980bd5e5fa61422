// A TableDeque next to the std::deque that it should be.
#ifndef TRIVET_TESTS_ENGINE_TABLE_DEQUE_MODEL_H_
#define TRIVET_TESTS_ENGINE_TABLE_DEQUE_MODEL_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>

#include "engine/table_deque.h"

namespace trivet::testing {

class TableDequeModel {
 public:
  explicit TableDequeModel(engine::Arena& arena) : table(arena) {}

  // Step number `i` of a random test: both grow and shrink by turns, at both ends.
  void Change(size_t i, std::mt19937_64& random) {
    const bool grows = i / 3000 % 2 == 0;
    if (model_.empty() || random() % 8 < (grows ? 5 : 2)) {
      table.push_back(i);
      model_.push_back(i);
    } else if (random() % 2 == 0) {
      table.pop_front();
      model_.pop_front();
    } else {
      table.pop_back();
      model_.pop_back();
    }
  }

  void ExpectSame(std::mt19937_64& random) const {
    ASSERT_EQ(table.size(), model_.size());
    if (model_.empty()) return;
    const size_t at = random() % model_.size();
    ASSERT_EQ(table[at], model_[at]);
    ASSERT_EQ(table[0], model_.front());
    ASSERT_EQ(table[model_.size() - 1], model_.back());
  }

  engine::TableDeque<uint64_t> table;

 private:
  std::deque<uint64_t> model_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_ENGINE_TABLE_DEQUE_MODEL_H_
