// What one look into the shards can tell; what callers see is in the tests of the facade.
#include "engine/memory_tier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/hash_index.h"
#include "engine/memory_invalidation.h"
#include "engine/namespace_state.h"
#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"
#include "tests/support/status_matchers.h"

namespace trivet::engine {
namespace {

using testing::IsOk;
using testing::MakeEntry;
using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

class MemoryTierTest : public ::testing::Test {
 protected:
  void Open(CacheOptions options) { memory_ = std::make_unique<MemoryTier>(options, clock_); }

  KeyRef Ref(std::string_view key) { return memory_->Ref(&users_, key); }

  absl::StatusOr<SetResult> Set(std::string_view key, std::string_view value,
                                const std::vector<std::string>& tags = {}) {
    return memory_->Set(Ref(key), {.value = value, .tags = tags}, {});
  }

  ManualClock clock_;
  NamespaceState users_{0, "users", {}};
  std::unique_ptr<MemoryTier> memory_;
};

// Entries of one shard fill all buckets of its index, and keys of one bucket come from all shards:
// if both were chosen by the same bits, one of the two would be a single place.
TEST_F(MemoryTierTest, ShardAndBucketTakeDifferentBitsOfTheHash) {
  Open({.max_entries = 1 << 16, .shards = 64});
  std::vector<EntryPtr> entries;
  const EntryHash hash_of = [this](const Entry* entry) { return Ref(entry->key()).hash; };
  HashIndex index(testing::TestArena(), hash_of);
  for (int i = 0; index.size() < 256; ++i) {
    const KeyRef key = Ref(std::to_string(i));
    if (&memory_->ShardOf(key.hash) != &memory_->shard(0)) continue;
    entries.push_back(MakeEntry(std::to_string(i)));
    ASSERT_TRUE(index.Insert(entries.back().get(), key.hash));
  }
  size_t used_buckets = 0;
  size_t longest = 0;
  uint64_t position = 0;
  bool more = true;
  while (more) {
    size_t here = 0;
    more = index.VisitBucket(&position, [&](Entry*) { ++here; });
    used_buckets += here > 0 ? 1 : 0;
    longest = std::max(longest, here);
  }
  EXPECT_GT(used_buckets, 20u);
  EXPECT_LT(longest, 60u);

  std::set<Shard*> shards;
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t hash = Ref(std::to_string(i)).hash;
    if (hash >> 60 == 0) shards.insert(&memory_->ShardOf(hash));
  }
  EXPECT_EQ(shards.size(), 64u);
}

TEST_F(MemoryTierTest, OneKeyInTwoNamespacesHasTwoHashes) {
  Open({.max_entries = 100});
  const NamespaceState orders(1, "orders", {});
  EXPECT_NE(memory_->Ref(&users_, "k").hash,
            memory_->Ref(const_cast<NamespaceState*>(&orders), "k").hash);
}

TEST_F(MemoryTierTest, HashesDifferFromCacheToCache) {
  Open({.max_entries = 100});
  const uint64_t hash = Ref("k").hash;
  Open({.max_entries = 100});
  EXPECT_NE(Ref("k").hash, hash);
}

TEST_F(MemoryTierTest, APeekIsNoRead) {
  Open({.max_entries = 2, .shards = 1});
  ASSERT_THAT(Set("a", "1", {"t"}), IsOk());
  ASSERT_THAT(Set("b", "2"), IsOk());
  const auto peeked = memory_->Peek(Ref("a"));
  ASSERT_TRUE(peeked.has_value());
  EXPECT_EQ(peeked->value.bytes(), "1");
  EXPECT_EQ(peeked->tags, std::vector<std::string>{"t"});
  ASSERT_THAT(Set("c", "3"), IsOk());
  EXPECT_FALSE(memory_->Peek(Ref("a")).has_value()) << "it was the oldest all the same";
}

TEST_F(MemoryTierTest, CountsWhatIsPinnedLinkedOrNot) {
  Open({.max_entries = 100});
  ASSERT_THAT(Set("a", "1"), IsOk());
  ASSERT_THAT(Set("b", "2"), IsOk());
  EXPECT_EQ(memory_->pinned_entries(), 0u);
  const Value linked = memory_->Find(Ref("a"));
  const Value again = memory_->Find(Ref("a"));
  const Value removed = *memory_->Remove(Ref("b"), RemovalCause::kExplicit);
  const Value detached = memory_->Detached(Ref("c"), {.value = "3"});
  EXPECT_EQ(detached.bytes(), "3");
  EXPECT_EQ(memory_->pinned_entries(), 3u);
}

TEST_F(MemoryTierTest, MaintenanceComesAroundToEveryShardHoweverSmallItsBudget) {
  Open({.max_entries = 100'000, .shards = 16});
  for (int i = 0; i < 1000; ++i) ASSERT_THAT(Set(std::to_string(i), "v", {"t"}), IsOk());
  InvalidateTag(*memory_, &users_, "t");
  size_t calls = 1;
  while (memory_->Maintain(1)) ++calls;
  EXPECT_GE(calls, 1000u);
  Stats stats;
  memory_->AddStats(users_.id(), &stats);
  EXPECT_EQ(stats.entries, 0u);
  EXPECT_EQ(users_.tags().size(), 0u);
  EXPECT_TRUE(memory_->Maintain(0)) << "without a budget nobody knows";
}

// All that happens to memory, in any order; after each step the structures must agree.
TEST_F(MemoryTierTest, StructuresAgreeUnderRandomUse) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  Open({.memory_bytes = 128 << 10, .max_entries = 400, .shards = 2});
  std::vector<Value> pins;
  for (size_t step = 0; step < ScaledCount(30'000); ++step) {
    const std::string key = "key" + std::to_string(random() % 600);
    std::vector<std::string> tags;
    for (size_t i = random() % 3; i > 0; --i) tags.push_back("tag" + std::to_string(random() % 20));
    switch (random() % 12) {
      case 0:
        memory_->Remove(Ref(key), RemovalCause::kExplicit);
        break;
      case 1:
        memory_->SetExpiry(Ref(key), memory_->now() + random() % 1000);
        break;
      case 2:
        InvalidateTag(*memory_, &users_, "tag" + std::to_string(random() % 20));
        break;
      case 3:
        clock_.Advance(absl::Milliseconds(random() % 50));
        break;
      case 4:
        memory_->Maintain(random() % 20);
        break;
      case 5:
        if (random() % 200 == 0) Clear(*memory_, &users_);
        break;
      case 6:
        if (pins.size() > 10) pins.erase(pins.begin());
        pins.push_back(memory_->Find(Ref(key)));
        break;
      default:
        memory_
            ->Set(Ref(key),
                  {.value = std::string(random() % 1000, 'x'),
                   .tags = tags,
                   .expires = random() % 2 == 0 ? kNever : memory_->now() + random() % 1000,
                   .idle = random() % 4 == 0 ? random() % 500 + 1 : kNever},
                  {})
            .IgnoreError();
    }
    if (step % 16 == 0) memory_->CheckInvariants();
  }
  pins.clear();
  memory_->CheckInvariants();
  EXPECT_EQ(memory_->pinned_entries(), 0u);
  Clear(*memory_, &users_);
  while (memory_->Maintain(1000)) continue;
  EXPECT_EQ(users_.tags().size(), 0u);
  Stats stats;
  memory_->AddStats(users_.id(), &stats);
  EXPECT_EQ(stats.entries, 0u);
  EXPECT_EQ(stats.bytes, 0u);
}

}  // namespace
}  // namespace trivet::engine
