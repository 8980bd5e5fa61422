#include "engine/lru_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/policy.h"
#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::MakeEntry;
using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

class LruPolicyTest : public ::testing::Test {
 protected:
  Entry* Add(const std::string& key) {
    owned_.push_back(MakeEntry(key));
    policy_.Insert(owned_.back().get(), 0);
    return owned_.back().get();
  }

  // The keys in the order in which they would go.
  std::vector<std::string> EvictAll() {
    std::vector<std::string> keys;
    while (Entry* victim = policy_.Victim()) {
      keys.emplace_back(victim->key());
      policy_.Remove(victim);
    }
    policy_.CheckInvariants(0);
    return keys;
  }

  using Keys = std::vector<std::string>;

  std::vector<EntryPtr> owned_;
  LruPolicy policy_{testing::TestArena()};
};

TEST_F(LruPolicyTest, HasNoVictimAmongNone) { EXPECT_EQ(policy_.Victim(), nullptr); }

TEST_F(LruPolicyTest, TheOldestGoesFirst) {
  Add("a");
  Add("b");
  Add("c");
  policy_.CheckInvariants(3);
  EXPECT_EQ(EvictAll(), (Keys{"a", "b", "c"}));
}

TEST_F(LruPolicyTest, TouchedEntriesOutliveOlderOnes) {
  Entry* a = Add("a");
  Entry* b = Add("b");
  Entry* c = Add("c");
  policy_.Hit(a);
  policy_.Hit(b);
  policy_.Hit(b);
  policy_.CheckInvariants(3);
  policy_.Hit(c);
  EXPECT_EQ(EvictAll(), (Keys{"a", "b", "c"}));
}

TEST_F(LruPolicyTest, TheVictimStaysUntilItIsRemoved) {
  Entry* a = Add("a");
  Add("b");
  EXPECT_EQ(policy_.Victim(), a);
  EXPECT_EQ(policy_.Victim(), a);
  policy_.CheckInvariants(2);
}

TEST_F(LruPolicyTest, ReplacingIsAUse) {
  Entry* a = Add("a");
  Add("b");
  const EntryPtr fresh = MakeEntry("new a");
  policy_.Replace(a, fresh.get());
  policy_.CheckInvariants(2);
  EXPECT_EQ(EvictAll(), (Keys{"b", "new a"}));
}

TEST_F(LruPolicyTest, EntriesMayLeaveFromAnyPlace) {
  Entry* a = Add("a");
  Entry* b = Add("b");
  Entry* c = Add("c");
  Entry* d = Add("d");
  policy_.Remove(b);
  policy_.CheckInvariants(3);
  policy_.Remove(d);
  policy_.CheckInvariants(2);
  policy_.Remove(a);
  policy_.CheckInvariants(1);
  EXPECT_EQ(policy_.Victim(), c);
}

TEST_F(LruPolicyTest, AgreesWithAListUnderRandomUse) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  std::vector<EntryPtr> entries;
  for (int i = 0; i < 20; ++i) entries.push_back(MakeEntry(std::to_string(i)));
  std::list<Entry*> model;  // the next to go first
  for (size_t step = 0; step < ScaledCount(100'000); ++step) {
    Entry* entry = entries[random() % entries.size()].get();
    const auto it = std::find(model.begin(), model.end(), entry);
    if (it == model.end()) {
      policy_.Insert(entry, 0);
      model.push_back(entry);
    } else if (random() % 3 == 0) {
      policy_.Remove(entry);
      model.erase(it);
    } else {
      policy_.Hit(entry);
      model.splice(model.end(), model, it);
    }
    ASSERT_EQ(policy_.Victim(), model.empty() ? nullptr : model.front());
    policy_.CheckInvariants(model.size());
  }
}

TEST(MakePolicy, KnowsItsNames) {
  for (const char* name : {"lru", "s3fifo"}) {
    EXPECT_TRUE(IsPolicy(name));
    EXPECT_EQ(MakePolicy(name, testing::TestArena())->Victim(), nullptr);
  }
  EXPECT_FALSE(IsPolicy("LRU"));
  EXPECT_FALSE(IsPolicy(""));
}

}  // namespace
}  // namespace trivet::engine
