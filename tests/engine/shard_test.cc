#include "engine/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <limits>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/lru_policy.h"
#include "engine/namespace_state.h"
#include "tests/engine/test_entries.h"

namespace trivet::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// What a test says of an entry.
struct Spec {
  std::vector<std::string> tags = {};
  Millis expires = kNever;
  Millis idle = kNever;
};

// One shard at a time that the test sets by hand.
class ShardTest : public ::testing::Test {
 protected:
  ShardTest() { Reset({}); }
  ~ShardTest() override {
    const MutexLock lock(shard_->mu);
    shard_->CheckInvariants();
    Removals removals(&reclaimer_, nullptr);
    std::vector<Entry*> entries;
    uint64_t position = 0;
    while (
        shard_->index().VisitBucket(&position, [&](Entry* entry) { entries.push_back(entry); })) {
    }
    for (Entry* entry : entries) shard_->Remove(entry, RemovalCause::kExplicit, &removals);
    shard_->CheckInvariants();
  }

  void Reset(ShardBudget budget) {
    shard_ = std::make_unique<Shard>(
        testing::TestArena(), hash_of_, 1,
        [] { return std::make_unique<LruPolicy>(testing::TestArena()); }, budget, now_);
  }

  // Another namespace, which outlives the shard.
  NamespaceState& AddSpace(uint32_t id, const NamespaceOptions& options) {
    return others_.emplace_back(id, "another", options);
  }

  KeyRef Ref(std::string_view key) { return {&users_, key, XXH3_64bits(key.data(), key.size())}; }

  void Set(std::string_view key, std::string_view value = "v", const Spec& spec = {}) {
    TagRecords records = users_.tags().Acquire(spec.tags);
    Entry* fresh = Entry::Create(testing::TestArena(), {.space_id = users_.id(),
                                                        .key = key,
                                                        .value = value,
                                                        .tag_count = records.size(),
                                                        .created = now_,
                                                        .expires = spec.expires,
                                                        .idle = spec.idle});
    fresh->epoch = users_.epoch();
    {
      Removals removals(&reclaimer_, &listener_);
      const MutexLock lock(shard_->mu);
      Entry* old = shard_->FindLive(Ref(key), now_, &removals);
      EXPECT_TRUE(shard_->Link(Ref(key), fresh, old, &records, 0, now_, &removals));
      shard_->CheckInvariants();
    }
    users_.tags().Release(records);
  }

  // The value, "-" if there is none; `use`: as a read.
  std::string Find(std::string_view key, bool use = false) {
    Removals removals(&reclaimer_, &listener_);
    const MutexLock lock(shard_->mu);
    Entry* entry = shard_->FindLive(Ref(key), now_, &removals);
    shard_->CheckInvariants();
    if (entry == nullptr) return "-";
    if (use) {
      Shard::RecordUse(entry, now_);
      shard_->RecordHit(entry, 0, now_, &removals);
    }
    return std::string(entry->value());
  }

  void InvalidateTag(std::string_view tag) {
    TagRecord* record = users_.tags().Invalidate(tag);
    if (record == nullptr) return;
    {
      const MutexLock lock(shard_->mu);
      shard_->tag_groups().Doom(record);
    }
    users_.tags().Release({&record, 1});
  }

  // True: there may be more to do.
  bool Maintain(size_t budget = kNoLimit) {
    Removals removals(&reclaimer_, &listener_);
    const MutexLock lock(shard_->mu);
    const bool more = shard_->Maintain(now_, users_.epoch(), &budget, &removals);
    shard_->CheckInvariants();
    return more;
  }

  Stats Counted() {
    const MutexLock lock(shard_->mu);
    const Stats* stats = shard_->FindCounters(users_.id());
    return stats == nullptr ? Stats() : *stats;
  }

  const EntryHash hash_of_ = [this](const Entry* entry) { return Ref(entry->key()).hash; };
  NamespaceState users_{0, "users", {}};
  std::list<NamespaceState> others_;
  EntryLedger ledger_{testing::TestArena()};
  Reclaimer reclaimer_{ledger_, BestGraceFence()};
  Millis now_ = 1000;
  std::vector<std::string> told_;
  const RemovalListener listener_ = [this](const Removal& removal) {
    told_.push_back(std::string(removal.key) + " " + RemovalCauseName(removal.cause));
  };
  std::unique_ptr<Shard> shard_;
};

TEST_F(ShardTest, FindsWhatItLinks) {
  Set("a", "1");
  EXPECT_EQ(Find("a"), "1");
  EXPECT_EQ(Find("b"), "-");
  EXPECT_EQ(Counted().sets, 1u);
  EXPECT_EQ(Counted().entries, 1u);
}

TEST_F(ShardTest, ANewValueReplacesTheOld) {
  Set("a", "1", {.tags = {"t"}, .expires = 2000});
  Set("a", "2");
  EXPECT_EQ(Find("a"), "2");
  EXPECT_THAT(told_, ElementsAre("a replaced"));
  EXPECT_EQ(Counted().entries, 1u);
  EXPECT_EQ(users_.tags().size(), 0u);
  now_ = 3000;
  EXPECT_EQ(Find("a"), "2");
}

TEST_F(ShardTest, EntriesDieAtTheirExpiryAndNotBefore) {
  Set("a", "1", {.expires = now_ + 10});
  now_ += 9;
  EXPECT_EQ(Find("a"), "1");
  now_ += 1;
  EXPECT_EQ(Find("a"), "-");
  EXPECT_THAT(told_, ElementsAre("a expired")) << "the look-up removed it";
}

// The table grows and shrinks by hundreds of buckets; each entry goes at its own millisecond.
TEST_F(ShardTest, TimersFollowTheirEntriesToOtherBuckets) {
  constexpr int kMany = 3000;
  const Millis start = now_;
  for (int i = 0; i < kMany; ++i) {
    Set("k" + std::to_string(i), "v", {.expires = start + 1 + static_cast<Millis>(i * 7 % kMany)});
  }
  for (Millis at = 1; at <= kMany; at += 250) {
    now_ = start + at;
    Maintain();
    EXPECT_EQ(Counted().entries, kMany - at) << "neither late nor early";
  }
}

TEST_F(ShardTest, AnotherExpiryCounts) {
  Set("a", "1", {.expires = now_ + 10});
  {
    Removals removals(&reclaimer_, &listener_);
    const MutexLock lock(shard_->mu);
    shard_->SetExpiry(Ref("a"), shard_->FindLive(Ref("a"), now_, &removals), now_ + 100);
  }
  now_ += 50;
  EXPECT_FALSE(Maintain());
  EXPECT_EQ(Find("a"), "1");
  {
    Removals removals(&reclaimer_, &listener_);
    const MutexLock lock(shard_->mu);
    shard_->SetExpiry(Ref("a"), shard_->FindLive(Ref("a"), now_, &removals), kNever);
  }
  now_ += 1'000'000;
  EXPECT_FALSE(Maintain());
  EXPECT_EQ(Find("a"), "1");
}

TEST_F(ShardTest, ReadsKeepAnIdleEntryAliveAndAreStampedToASixteenth) {
  Set("a", "1", {.idle = 160});
  now_ += 9;
  EXPECT_EQ(Find("a", true), "1");  // not stamped: less than a sixteenth has passed
  now_ += 160;
  EXPECT_EQ(Find("a", true), "1");  // stamped
  now_ += 169;
  EXPECT_EQ(Find("a"), "1");
  now_ += 1;
  EXPECT_EQ(Find("a"), "-");
  EXPECT_THAT(told_, ElementsAre("a expired"));
}

TEST_F(ShardTest, MaintenanceFreesWhatIsDueAndLooksAgainAtWhatWasRead) {
  Set("dead", "1", {.expires = now_ + 10});
  Set("idle", "1", {.idle = 16});
  Set("alive", "1", {.expires = now_ + 1000});
  Set("for ever", "1");
  now_ += 10;
  Find("idle", true);
  EXPECT_FALSE(Maintain());
  EXPECT_THAT(told_, ElementsAre("dead expired"));
  now_ += 7;
  EXPECT_FALSE(Maintain());
  EXPECT_THAT(told_, ElementsAre("dead expired"));
  now_ += 10;
  EXPECT_FALSE(Maintain());
  EXPECT_THAT(told_, ElementsAre("dead expired", "idle expired"));
}

// Expired entries go by the bucket of the index, and a bucket has some nine.
TEST_F(ShardTest, MaintenanceKeepsToItsBudget) {
  constexpr size_t kBucketMost = 24;
  for (int i = 0; i < 30; ++i) {
    Set("expires" + std::to_string(i), "1", {.expires = now_ + 1});
    Set("tagged" + std::to_string(i), "1", {.tags = {"t"}});
  }
  now_ += 1;
  InvalidateTag("t");
  size_t left = 60;
  while (Maintain(5)) {
    EXPECT_GE(Counted().entries + 5 + kBucketMost, left);
    EXPECT_LE(Counted().entries, left) << "a bucket may have none that is due";
    left = Counted().entries;
  }
  EXPECT_EQ(Counted().entries, 0u);
  EXPECT_EQ(Counted().expired, 30u);
  EXPECT_EQ(Counted().invalidated, 30u);
  EXPECT_EQ(users_.tags().size(), 0u);
}

TEST_F(ShardTest, ATagThatWasInvalidatedHidesItsEntriesAtOnce) {
  Set("a", "1", {.tags = {"t", "u"}});
  Set("b", "1", {.tags = {"u"}});
  InvalidateTag("t");
  EXPECT_EQ(Find("a"), "-");
  EXPECT_EQ(Find("b"), "1");
  EXPECT_THAT(told_, ElementsAre("a invalidated"));
  Set("a", "2", {.tags = {"t"}});
  EXPECT_EQ(Find("a"), "2");
}

TEST_F(ShardTest, EntriesOfAnEarlierEpochAreDead) {
  Set("a", "1");
  users_.NextEpoch();
  Set("b", "2");
  EXPECT_EQ(Find("a"), "-");
  EXPECT_EQ(Find("b"), "2");
  EXPECT_THAT(told_, ElementsAre("a invalidated"));
}

TEST_F(ShardTest, MaintenanceFreesEarlierEpochsAlsoWhenItIsInterruptedByAnotherClear) {
  for (int i = 0; i < 100; ++i) Set("a" + std::to_string(i));
  users_.NextEpoch();
  EXPECT_TRUE(Maintain(8));
  EXPECT_LT(Counted().entries, 100u);
  EXPECT_GT(Counted().entries, 0u);
  for (int i = 0; i < 100; ++i) Set("b" + std::to_string(i));
  users_.NextEpoch();
  Set("c");
  while (Maintain(8)) continue;
  EXPECT_EQ(Counted().entries, 1u);
  EXPECT_EQ(Find("c"), "v");
  EXPECT_EQ(Counted().invalidated, 200u);
  EXPECT_FALSE(Maintain(8));
}

TEST_F(ShardTest, KeepsToItsEntries) {
  Reset({.entries = 3});
  for (const char* key : {"a", "b", "c"}) Set(key);
  EXPECT_THAT(told_, IsEmpty());
  Find("a", true);
  Set("d");
  EXPECT_THAT(told_, ElementsAre("b evicted"));
  Set("a", "new");
  EXPECT_THAT(told_, ElementsAre("b evicted", "a replaced"));
}

TEST_F(ShardTest, KeepsToItsBytes) {
  Reset({.bytes = 16 << 10});
  for (int i = 0; i < 500; ++i) Set(std::to_string(i), std::string(static_cast<size_t>(i), 'x'));
  const MutexLock lock(shard_->mu);
  const Stats counted = shard_->counters(&users_);
  EXPECT_LE(counted.bytes + shard_->overhead_bytes(), size_t{16} << 10);
  EXPECT_EQ(counted.evicted, 500 - counted.entries);
}

TEST_F(ShardTest, HoldsValuesUpToAnEighthOfItsBytes) {
  const MutexLock lock(shard_->mu);
  EXPECT_TRUE(shard_->Fits(size_t{1} << 40)) << "no limit";
  shard_->SetBudget({.bytes = 8000});
  EXPECT_TRUE(shard_->Fits(1000));
  EXPECT_FALSE(shard_->Fits(1001));
}

TEST_F(ShardTest, BytesThatOthersReserveAreNotItsOwn) {
  Reset({.bytes = 64 << 10});
  for (int i = 0; i < 40; ++i) Set(std::to_string(i), std::string(1000, 'x'));
  EXPECT_EQ(Counted().evicted, 0u);
  Removals removals(&reclaimer_, &listener_);
  const MutexLock lock(shard_->mu);
  EXPECT_FALSE(shard_->EvictToBudget(32 << 10, kNoLimit, now_, &removals));
  EXPECT_LE(shard_->counters(&users_).bytes, size_t{32} << 10);
}

TEST_F(ShardTest, EvictsInSteps) {
  for (int i = 0; i < 100; ++i) Set(std::to_string(i));
  Removals removals(&reclaimer_, &listener_);
  const MutexLock lock(shard_->mu);
  shard_->SetBudget({.entries = 10});
  EXPECT_TRUE(shard_->EvictToBudget(0, 50, now_, &removals));
  EXPECT_EQ(shard_->index().size(), 50u);
  EXPECT_FALSE(shard_->EvictToBudget(0, 50, now_, &removals));
  EXPECT_EQ(shard_->index().size(), 10u);
}

TEST_F(ShardTest, AWriteEvictsNoMoreThanSomeAndSaysSo) {
  constexpr size_t kAtOnce = 256;
  Reset({.bytes = 256 << 10});
  for (int i = 0; Counted().evicted == 0; ++i) Set(std::to_string(i));
  ASSERT_FALSE(shard_->is_over_budget());
  const KeyRef key = Ref("large");
  const std::string value(30'000, 'x');
  Entry* const large = Entry::Create(testing::TestArena(), {.key = "large", .value = value});
  TagRecords no_tags;
  Removals removals(&reclaimer_, &listener_);
  const MutexLock lock(shard_->mu);
  const uint64_t before = shard_->counters(&users_).evicted;
  ASSERT_TRUE(shard_->Link(key, large, nullptr, &no_tags, 0, now_, &removals));
  EXPECT_EQ(shard_->counters(&users_).evicted - before, kAtOnce);
  EXPECT_TRUE(shard_->is_over_budget());
  EXPECT_FALSE(shard_->EvictToBudget(0, kNoLimit, now_, &removals));
  EXPECT_FALSE(shard_->is_over_budget());
  EXPECT_GT(shard_->counters(&users_).evicted - before, kAtOnce);
}

TEST_F(ShardTest, WhatIsEvictedDeadDiedOfSomethingElse) {
  Set("expired", "1", {.expires = now_ + 1});
  Set("invalidated", "1", {.tags = {"t"}});
  Set("alive");
  now_ += 1;
  InvalidateTag("t");
  {
    Removals removals(&reclaimer_, &listener_);
    const MutexLock lock(shard_->mu);
    shard_->SetBudget({.entries = 1});
    shard_->EvictToBudget(0, kNoLimit, now_, &removals);
  }
  EXPECT_THAT(told_, UnorderedElementsAre("expired expired", "invalidated invalidated"));
}

TEST_F(ShardTest, VersionsGrow) {
  const MutexLock lock(shard_->mu);
  const uint64_t first = shard_->NextVersion();
  EXPECT_GT(first, 0u);
  EXPECT_GT(shard_->NextVersion(), first);
}

TEST_F(ShardTest, AfterAClearAUnitOfWorkIsAnEntry) {
  for (int i = 0; i < 1000; ++i) Set("key" + std::to_string(i));
  users_.NextEpoch();
  EXPECT_TRUE(Maintain(100));
  const MutexLock lock(shard_->mu);
  EXPECT_GT(shard_->index().size(), 890u);
  EXPECT_LT(shard_->index().size(), 960u);
}

TEST_F(ShardTest, AClearLooksNoFurtherThanThereAreEntries) {
  for (int i = 0; i < 1000; ++i) Set("key" + std::to_string(i));
  NamespaceState& other = AddSpace(1, {});
  other.NextEpoch();
  const auto maintain = [&](size_t budget) {
    Removals removals(&reclaimer_, nullptr);
    const MutexLock lock(shard_->mu);
    return shard_->Maintain(now_, other.epoch(), &budget, &removals);
  };
  EXPECT_FALSE(maintain(10)) << "the namespace has no entries here";
}

TEST_F(ShardTest, CountsEachNamespaceByItself) {
  NamespaceState& far = AddSpace(900, {});
  const MutexLock lock(shard_->mu);
  EXPECT_EQ(shard_->FindCounters(900), nullptr);
  const size_t before = shard_->overhead_bytes();
  ++shard_->counters(&far).hits;
  EXPECT_EQ(shard_->FindCounters(900)->hits, 1u);
  EXPECT_EQ(shard_->counters(&users_).hits, 0u);
  EXPECT_EQ(shard_->FindCounters(899), nullptr);
  const size_t taken = shard_->overhead_bytes() - before;
  EXPECT_GE(taken, sizeof(Stats));
  EXPECT_LT(taken, 50 * sizeof(Stats)) << "those of lower ids cost next to nothing";
}

TEST_F(ShardTest, TheTablesOfQuotasAreShownToTheMoverToo) {
  NamespaceState& small = AddSpace(1, {.quota_bytes = 1 << 20});
  Set("a");
  const KeyRef key{&small, "b", Ref("b").hash};
  Entry* const entry =
      Entry::Create(testing::TestArena(), {.space_id = small.id(), .key = "b", .value = "v"});
  TagRecords no_tags;
  Removals removals(&reclaimer_, nullptr);
  const MutexLock lock(shard_->mu);
  const auto blocks = [this] {
    shard_->mu.AssertHeld();
    TableMover mover(testing::TestArena(), 0, TableMover::kBlocksMax);
    shard_->MoveTables(&mover);
    EXPECT_TRUE(mover.done());
    return mover.position();
  };
  const size_t common = blocks();
  EXPECT_GT(common, 0u);
  ASSERT_TRUE(shard_->Link(key, entry, nullptr, &no_tags, 0, now_, &removals));
  EXPECT_GT(blocks(), common);
  shard_->Remove(entry, key.hash, RemovalCause::kExplicit, &removals);
}

}  // namespace
}  // namespace trivet::engine
