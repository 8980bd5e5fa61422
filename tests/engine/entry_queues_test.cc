#include "engine/entry_queues.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::MakeEntry;
using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

class EntryQueuesTest : public ::testing::Test {
 protected:
  Entry* Make() {
    owned_.push_back(MakeEntry(std::to_string(owned_.size())));
    return owned_.back().get();
  }

  std::vector<Entry*> InOrder(size_t queue) const {
    std::vector<Entry*> order;
    queues_.ForEach(queue, [&](Entry* entry) { order.push_back(entry); });
    return order;
  }

  std::vector<EntryPtr> owned_;
  EntryQueues queues_{testing::TestArena()};
};

using Order = std::vector<Entry*>;

TEST_F(EntryQueuesTest, TheOldestIsTheOnePushedFirst) {
  EXPECT_EQ(queues_.Oldest(0), nullptr);
  Entry* a = Make();
  Entry* b = Make();
  queues_.Push(0, a);
  queues_.Push(0, b);
  EXPECT_EQ(queues_.Oldest(0), a);
  EXPECT_EQ(queues_.Oldest(1), nullptr);
  queues_.Remove(a);
  EXPECT_EQ(queues_.Oldest(0), b);
  queues_.Remove(b);
  EXPECT_EQ(queues_.Oldest(0), nullptr);
  queues_.CheckInvariants();
}

TEST_F(EntryQueuesTest, QueuesAreApart) {
  Entry* a = Make();
  Entry* b = Make();
  queues_.Push(0, a);
  queues_.Push(1, b);
  EXPECT_EQ(queues_.QueueOf(a), 0u);
  EXPECT_EQ(queues_.QueueOf(b), 1u);
  EXPECT_EQ(queues_.size(0), 1u);
  EXPECT_EQ(queues_.size(1), 1u);
}

TEST_F(EntryQueuesTest, AnotherEntryTakesThePlaceOfOne) {
  Entry* a = Make();
  Entry* b = Make();
  Entry* fresh = Make();
  queues_.Push(0, a);
  queues_.Push(0, b);
  queues_.Replace(a, fresh);
  queues_.CheckInvariants();
  EXPECT_EQ(InOrder(0), (Order{fresh, b}));
}

// Of entries that leave at random as many chunks stay as hold the rest at a third of their slots.
TEST_F(EntryQueuesTest, HolesAreClosed) {
  constexpr size_t kMany = 6000;
  for (size_t i = 0; i < kMany; ++i) queues_.Push(0, Make());
  const size_t full = queues_.bytes();
  EXPECT_LT(full, kMany * 5);
  std::mt19937_64 random(1);
  Order left;
  for (const EntryPtr& entry : owned_) {
    if (random() % 10 == 0) {
      left.push_back(entry.get());
    } else {
      queues_.Remove(entry.get());
    }
  }
  queues_.CheckInvariants();
  EXPECT_EQ(InOrder(0), left);
  EXPECT_LT(queues_.bytes(), full / 3);
}

TEST_F(EntryQueuesTest, AgreesWithListsUnderRandomChanges) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  std::list<Entry*> model[2];
  std::vector<Entry*> spare;
  for (int i = 0; i < 1500; ++i) spare.push_back(Make());
  // Phases of growth and of decline, so that chunks fill up and thin out.
  size_t target = 200;
  for (size_t step = 0; step < ScaledCount(100'000); ++step) {
    if (step % 1500 == 0) target = random() % 1500;
    const size_t queue = random() % 2;
    std::list<Entry*>& order = model[queue];
    const size_t held = model[0].size() + model[1].size();
    if (held < target && !spare.empty()) {
      queues_.Push(queue, spare.back());
      order.push_back(spare.back());
      spare.pop_back();
    } else if (!order.empty()) {
      auto it = order.begin();
      if (random() % 4 != 0) std::advance(it, static_cast<ptrdiff_t>(random() % order.size()));
      ASSERT_EQ(queues_.QueueOf(*it), queue);
      if (random() % 4 == 0 && !spare.empty()) {
        queues_.Replace(*it, spare.back());
        std::swap(*it, spare.back());
      } else {
        queues_.Remove(*it);
        spare.push_back(*it);
        order.erase(it);
      }
    }
    ASSERT_EQ(queues_.size(queue), order.size());
    ASSERT_EQ(queues_.Oldest(queue), order.empty() ? nullptr : order.front());
    if (step % 32 == 0) {
      queues_.CheckInvariants();
      for (const size_t either : {0, 1}) {
        ASSERT_EQ(InOrder(either), Order(model[either].begin(), model[either].end()));
      }
    }
  }
}

}  // namespace
}  // namespace trivet::engine
