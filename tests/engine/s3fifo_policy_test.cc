#include "engine/s3fifo_policy.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
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

// As a shard counts a read.
void CountUse(Entry* entry) {
  if (entry->uses < Entry::kUsesMax) entry->uses = static_cast<uint8_t>(entry->uses + 1);
}

uint64_t HashOf(uint64_t key) { return key * 0x9E3779B97F4A7C15u; }

// A cache of whole entries around the policy, as a shard uses it.
class TinyCache {
 public:
  explicit TinyCache(size_t capacity) : capacity_(capacity) {
    policy_.SetCapacity({.weight = capacity, .in_bytes = false});
  }

  // True: it was there.
  bool Read(uint64_t key) {
    if (const auto it = entries_.find(key); it != entries_.end()) {
      CountUse(it->second.get());
      return true;
    }
    EntryPtr entry = MakeEntry(std::to_string(key));
    policy_.Insert(entry.get(), HashOf(key));
    entries_.emplace(key, std::move(entry));
    while (entries_.size() > capacity_) {
      Entry* victim = policy_.Victim();
      const uint64_t gone = std::stoull(std::string(victim->key()));
      policy_.Evict(victim, HashOf(gone));
      entries_.erase(gone);
    }
    return false;
  }

  void Delete(uint64_t key) {
    const auto it = entries_.find(key);
    if (it == entries_.end()) return;
    policy_.Remove(it->second.get());
    entries_.erase(it);
  }

  bool Holds(uint64_t key) const { return entries_.contains(key); }
  size_t size() const { return entries_.size(); }
  S3FifoPolicy& policy() { return policy_; }

 private:
  const size_t capacity_;
  S3FifoPolicy policy_{testing::TestArena()};
  std::unordered_map<uint64_t, EntryPtr> entries_;
};

TEST(S3FifoPolicy, HasNoVictimAmongNone) {
  S3FifoPolicy policy(testing::TestArena());
  policy.SetCapacity({.weight = 10});
  EXPECT_EQ(policy.Victim(), nullptr);
}

TEST(S3FifoPolicy, AScanDoesNotPushOutWhatIsReadAgainAndAgain) {
  TinyCache cache(100);
  for (int round = 0; round < 3; ++round) {
    for (uint64_t key = 0; key < 50; ++key) cache.Read(key);
  }
  for (uint64_t key = 1000; key < 2000; ++key) cache.Read(key);
  for (uint64_t key = 0; key < 50; ++key) EXPECT_TRUE(cache.Holds(key)) << key;
}

TEST(S3FifoPolicy, WhatComesBackSoonAfterItsEvictionStays) {
  TinyCache cache(100);
  cache.Read(7);
  for (uint64_t key = 1000; key < 1120; ++key) cache.Read(key);
  ASSERT_FALSE(cache.Holds(7));
  cache.Read(7);  // a ghost of small: goes to main
  for (uint64_t key = 2000; key < 2090; ++key) cache.Read(key);
  EXPECT_TRUE(cache.Holds(7));
}

TEST(S3FifoPolicy, WhatIsDeletedIsNoGhost) {
  TinyCache cache(100);
  cache.Read(7);
  cache.Delete(7);
  cache.Read(7);  // new, goes to small
  for (uint64_t key = 1000; key < 1120; ++key) cache.Read(key);
  EXPECT_FALSE(cache.Holds(7));
}

TEST(S3FifoPolicy, TheEntryThatNeedsTheRoomIsNotTheVictim) {
  TinyCache cache(3);
  for (uint64_t key = 0; key < 100; ++key) {
    cache.Read(key);
    EXPECT_TRUE(cache.Holds(key));
    cache.Read(key);
    cache.Read(key);
  }
}

TEST(S3FifoPolicy, WeighsBytesWhereBytesAreTheBudget) {
  S3FifoPolicy policy(testing::TestArena());
  policy.SetCapacity({.weight = 10'000, .in_bytes = true});
  const EntryPtr entry = MakeEntry("a");
  policy.Insert(entry.get(), 1);
  policy.CheckInvariants(1);
  const EntryPtr larger = MakeEntry(std::string(500, 'a'));
  policy.Replace(entry.get(), larger.get());
  policy.CheckInvariants(1);
  EXPECT_EQ(policy.Victim(), larger.get());
  policy.Evict(larger.get(), 1);
  policy.CheckInvariants(0);
}

// A write would else go around the whole shard.
TEST(S3FifoPolicy, WhereAllWereUsedOneGoesAfterAFewChances) {
  constexpr uint64_t kEntries = 10'000;
  constexpr int kTouchedMost = 64;
  S3FifoPolicy policy(testing::TestArena());
  policy.SetCapacity({.weight = kEntries, .in_bytes = false});
  std::vector<EntryPtr> entries;
  for (uint64_t i = 0; i < kEntries; ++i) {
    entries.push_back(MakeEntry(std::to_string(i)));
    policy.Insert(entries.back().get(), HashOf(i));
    entries.back()->uses = Entry::kUsesMax;
  }
  Entry* const victim = policy.Victim();
  int touched = 0;
  for (const EntryPtr& entry : entries) touched += entry->uses < Entry::kUsesMax ? 1 : 0;
  EXPECT_LE(touched, kTouchedMost);
  EXPECT_GT(touched, 0);
  EXPECT_EQ(victim->uses, Entry::kUsesMax) << "the next in line";
  policy.CheckInvariants(kEntries);
  for (const EntryPtr& entry : entries) policy.Remove(entry.get());
}

TEST(S3FifoPolicy, StaysInOrderUnderRandomUse) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (const size_t capacity : {1, 2, 7, 64}) {
    TinyCache cache(capacity);
    for (size_t i = 0; i < ScaledCount(100'000); ++i) {
      const uint64_t key = random() % (capacity * 3);
      if (random() % 8 == 0) {
        cache.Delete(key);
      } else {
        cache.Read(key);
      }
      if (i % 64 == 0) cache.policy().CheckInvariants(cache.size());
    }
  }
}

}  // namespace
}  // namespace trivet::engine
