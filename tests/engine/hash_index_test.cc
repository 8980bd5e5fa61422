#include "engine/hash_index.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
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

class HashIndexTest : public ::testing::Test {
 protected:
  // An entry with a hash of the test's choice.
  EntryPtr Make(uint64_t hash, std::string_view key, uint32_t space_id = 0) {
    EntryPtr entry = MakeEntry({.space_id = space_id, .key = key, .value = {}});
    hashes_[entry.get()] = hash;
    return entry;
  }
  // The entry of a number: hashes are spread, or all in a few buckets.
  Entry* Add(uint64_t hash, const std::string& key) {
    owned_.push_back(Make(hash, key));
    EXPECT_TRUE(Insert(index_, owned_.back()));
    return owned_.back().get();
  }
  Entry* Add(int number) { return Add(SpreadHash(number), std::to_string(number)); }
  Entry* Find(uint64_t hash, const std::string& key) { return index_.Find(0, hash, key); }
  bool Insert(HashIndex& index, const EntryPtr& entry) {
    return index.Insert(entry.get(), hash_of_(entry.get()));
  }
  void Remove(Entry* entry) { index_.Remove(entry, hash_of_(entry)); }

  // Different in the topmost bits.
  static uint64_t SpreadHash(int number) {
    return (static_cast<uint64_t>(number) + 1) * 0x9E3779B97F4A7C15u;
  }

  std::map<const Entry*, uint64_t> hashes_;
  const EntryHash hash_of_ = [this](const Entry* entry) { return hashes_.at(entry); };
  std::vector<EntryPtr> owned_;
  HashIndex index_{testing::TestArena(), hash_of_};
};

TEST_F(HashIndexTest, FindsWhatWasInserted) {
  Entry* entry = Add(5, "key");
  EXPECT_EQ(Find(5, "key"), entry);
  EXPECT_EQ(Find(5, "other"), nullptr);
  EXPECT_EQ(index_.size(), 1u);
}

TEST_F(HashIndexTest, TellsKeysOfOneHashApart) {
  Entry* a = Add(5, "a");
  Entry* b = Add(5, "b");
  EXPECT_EQ(Find(5, "a"), a);
  EXPECT_EQ(Find(5, "b"), b);
  Remove(a);
  EXPECT_EQ(Find(5, "a"), nullptr);
  EXPECT_EQ(Find(5, "b"), b);
}

TEST_F(HashIndexTest, ABucketStaysWhereMergingItFindsNoMemory) {
  // So many shards that there are addresses for 64 buckets and 64 that those go on in.
  HashIndex index(testing::TestArena(), hash_of_, size_t{1} << 26);
  const auto hash_in = [](uint64_t bucket, uint64_t number) {
    return bucket << HashIndex::kShardBits | number << 32;
  };
  std::vector<EntryPtr> crowd;
  while (true) {
    crowd.push_back(Make(hash_in(0, crowd.size()), std::to_string(crowd.size())));
    if (!Insert(index, crowd.back())) break;
  }
  crowd.pop_back();
  ASSERT_EQ(index.bucket_count(), 64u);
  std::vector<EntryPtr> others;
  for (const auto& [bucket, entries] : {std::pair(31, 12), std::pair(63, 5)}) {
    for (int i = 0; i < entries; ++i) {
      others.push_back(Make(hash_in(bucket, i), std::to_string(bucket * 100 + i)));
      ASSERT_TRUE(Insert(index, others.back()));
    }
  }
  for (const EntryPtr& entry : crowd) index.Remove(entry.get(), hash_of_(entry.get()));
  index.CheckInvariants();
  EXPECT_EQ(index.bucket_count(), 64u);
  for (const EntryPtr& entry : others) {
    EXPECT_EQ(index.Find(0, hash_of_(entry.get()), entry->key()), entry.get());
    index.Remove(entry.get(), hash_of_(entry.get()));
  }
  index.CheckInvariants();
  EXPECT_TRUE(Insert(index, others.front()));
  EXPECT_LT(index.bucket_count(), 64u) << "with memory again it goes on shrinking";
  index.CheckInvariants();
}

TEST_F(HashIndexTest, TellsNamespacesApart) {
  const EntryPtr theirs = Make(5, "key", 1);
  Entry* ours = Add(5, "key");
  ASSERT_TRUE(Insert(index_, theirs));
  EXPECT_EQ(index_.Find(0, 5, "key"), ours);
  EXPECT_EQ(index_.Find(1, 5, "key"), theirs.get());
}

TEST_F(HashIndexTest, ReplacesInPlace) {
  Add(5, "before");
  Entry* old = Add(5, "key");
  Add(5, "after");
  const EntryPtr fresh = Make(5, "key");
  index_.Replace(old, fresh.get(), 5);
  EXPECT_EQ(Find(5, "key"), fresh.get());
  EXPECT_EQ(index_.size(), 3u);
  index_.CheckInvariants();
  Remove(fresh.get());
  EXPECT_NE(Find(5, "before"), nullptr);
  EXPECT_NE(Find(5, "after"), nullptr);
}

TEST_F(HashIndexTest, GrowsAndShrinksWithItsSizeInSmallSteps) {
  const size_t empty_bytes = index_.bytes();
  size_t moves = 0;
  for (int i = 0; i < 2000; ++i) {
    const size_t before = index_.bytes();
    Add(i);
    if (index_.bytes() != before) ++moves;
    index_.CheckInvariants();
  }
  EXPECT_GE(moves, 150u) << "about nine insertions for a bucket";
  EXPECT_LT(index_.bytes() / 2000, 10u) << "bytes per entry";
  for (const EntryPtr& entry : owned_) {
    Remove(entry.get());
    index_.CheckInvariants();
  }
  EXPECT_EQ(index_.size(), 0u);
  EXPECT_EQ(index_.bytes(), empty_bytes);
}

TEST_F(HashIndexTest, WhatFullBucketsGoOnInGoesWithTheLastEntry) {
  std::mt19937_64 random(1);  // spread as hashes are, so that some buckets are full
  std::vector<uint64_t> hashes(70'000);
  for (uint64_t& hash : hashes) hash = random();
  const size_t before = index_.bytes();
  for (int turn = 0; turn < 2; ++turn) {
    std::vector<Entry*> entries;
    for (size_t i = 0; i < hashes.size(); ++i) {
      entries.push_back(Add(hashes[i], std::to_string(i)));
    }
    ASSERT_GT(index_.bytes(), index_.bucket_count() * 64 + (64 << 10))
        << "too few to be given back";
    for (size_t i = 0; i < hashes.size(); ++i) {
      ASSERT_EQ(Find(hashes[i], std::to_string(i)), entries[i]);
    }
    index_.CheckInvariants();
    for (Entry* entry : entries) Remove(entry);
    EXPECT_EQ(index_.bytes(), before);
    EXPECT_EQ(Find(hashes[0], "0"), nullptr);
    index_.CheckInvariants();
    owned_.clear();
  }
}

TEST_F(HashIndexTest, AVisitorMayRemoveTheEntryItIsCalledWith) {
  for (int i = 0; i < 300; ++i) Add(i);
  uint64_t position = 0;
  while (index_.VisitBucket(&position, [&](Entry* entry) { Remove(entry); })) {
  }
  EXPECT_EQ(index_.size(), 0u);
  index_.CheckInvariants();
}

TEST_F(HashIndexTest, AVisitBeginsAtThePositionWithinTheBucket) {
  // A position is the hash without the bits of the shard, reversed: these are 0, 2^11 and 3 * 2^10,
  // in the first of four buckets.
  Add(uint64_t{0b000} << 61, "low");
  Add(uint64_t{0b010} << 61, "middle");
  Add(uint64_t{0b110} << 61, "high");
  const auto seen_from = [this](uint64_t position) {
    std::set<std::string> seen;
    index_.VisitBucket(&position, [&](Entry* entry) { seen.emplace(entry->key()); });
    EXPECT_EQ(position, uint64_t{1} << 62);
    return seen;
  };
  EXPECT_EQ(seen_from(0), (std::set<std::string>{"low", "middle", "high"}));
  EXPECT_EQ(seen_from(1), (std::set<std::string>{"middle", "high"}));
  EXPECT_EQ(seen_from(2049), (std::set<std::string>{"high"}));
}

TEST_F(HashIndexTest, AVisitEndsAfterTheLastBucket) {
  Add(~uint64_t{0}, "last");
  uint64_t position = 0;
  size_t seen = 0;
  size_t buckets = 1;
  while (index_.VisitBucket(&position, [&](Entry*) { ++seen; })) ++buckets;
  EXPECT_EQ(seen, 1u);
  EXPECT_EQ(buckets, index_.bytes() / 64);
  EXPECT_EQ(position, 0u);
}

// Some entries stay all the time; others come and go between the visits, so that the table grows
// and shrinks under the scan.
TEST_F(HashIndexTest, AVisitSeesWhatStaysExactlyOnceWhileTheTableGrowsAndShrinks) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (size_t round = 0; round < ScaledCount(200); ++round) {
    HashIndex index{testing::TestArena(), hash_of_};
    std::vector<EntryPtr> staying;
    const size_t stay = random() % 200;
    for (size_t i = 0; i < stay; ++i) {
      staying.push_back(Make(random(), "stays" + std::to_string(i)));
      ASSERT_TRUE(Insert(index, staying.back()));
    }
    std::vector<EntryPtr> passing;
    std::map<std::string, int> seen;
    uint64_t position = 0;
    bool more = true;
    while (more) {
      more = index.VisitBucket(&position, [&](Entry* entry) { ++seen[std::string(entry->key())]; });
      const bool grow = random() % 2 == 0;
      for (size_t i = random() % 60; i > 0; --i) {
        if (grow || passing.empty()) {
          passing.push_back(Make(random(), "passes" + std::to_string(random())));
          ASSERT_TRUE(Insert(index, passing.back()));
        } else {
          index.Remove(passing.back().get(), hash_of_(passing.back().get()));
          passing.pop_back();
        }
      }
    }
    index.CheckInvariants();
    for (const EntryPtr& entry : staying) {
      EXPECT_EQ(seen[std::string(entry->key())], 1) << "round " << round;
    }
    for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key << ", round " << round;
  }
}

TEST_F(HashIndexTest, AgreesWithAMapUnderRandomChanges) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  // Few keys, fewer hashes: chains are long and everything collides.
  const auto hash_of = [](uint64_t number) { return (number % 37) << 58 | number % 3; };
  std::map<std::string, EntryPtr> model;
  size_t target = 100;
  for (size_t step = 0; step < ScaledCount(200'000); ++step) {
    if (step % 2000 == 0) target = random() % 600;
    const uint64_t number = random() % 1000;
    const std::string key = std::to_string(number);
    Entry* found = Find(hash_of(number), key);
    const auto expected = model.find(key);
    ASSERT_EQ(found, expected == model.end() ? nullptr : expected->second.get());
    const bool wants_more = model.size() < target;
    if (found != nullptr && random() % 4 == 0) {
      EntryPtr fresh = Make(hash_of(number), key);
      index_.Replace(found, fresh.get(), hash_of(number));
      model[key] = std::move(fresh);
    } else if (found == nullptr && wants_more) {
      EntryPtr fresh = Make(hash_of(number), key);
      ASSERT_TRUE(Insert(index_, fresh));
      model[key] = std::move(fresh);
    } else if (found != nullptr && !wants_more) {
      Remove(found);
      model.erase(expected);
    }
    ASSERT_EQ(index_.size(), model.size());
    if (step % 100 == 0) index_.CheckInvariants();
  }
  index_.CheckInvariants();
}

using HashIndexDeathTest = HashIndexTest;

TEST_F(HashIndexDeathTest, RemovingAStrangerIsOurMistake) {
  Add(5, "key");
  const EntryPtr stranger = Make(5, "stranger");
  EXPECT_DEATH(Remove(stranger.get()), "not in the index");
}

}  // namespace
}  // namespace trivet::engine
