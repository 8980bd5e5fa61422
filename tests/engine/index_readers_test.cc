// Threads look keys up without a lock while another one inserts, removes and replaces entries at
// random, so that buckets come, go and overflow, and blocks are freed and used again: what stays is
// found every time, what is not there never, and nobody sees a key go back to an older value.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/entry_ledger.h"
#include "engine/hash_index.h"
#include "engine/reclaimer.h"
#include "tests/engine/test_entries.h"
#include "tests/support/crew.h"
#include "tests/support/random_test.h"
#include "tests/support/read_modes.h"

namespace trivet::engine {
namespace {

using testing::Random;

// By the numbers of the keys: first those that stay, then those that come and go; the rest are
// never there. Few, so that some bucket moves all the time, and readers look just there.
constexpr size_t kStaying = 40;
constexpr size_t kThere = 300;
constexpr size_t kKeys = 350;
constexpr size_t kReaders = 2;
constexpr size_t kWave = 600;  // changes

std::string KeyOf(size_t number) { return "key " + std::to_string(number); }

// Every fourth key has one of few buckets, which overflow.
uint64_t HashOf(std::string_view key) {
  const auto number = std::stoull(std::string(key.substr(4)));
  const uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15u;
  constexpr uint64_t kFewBuckets = uint64_t{3} << HashIndex::kShardBits | uint64_t{255} << 56;
  return number % 4 == 0 ? mixed & kFewBuckets : mixed;
}

uint64_t CountIn(std::string_view value) {
  uint64_t count = 0;
  std::memcpy(&count, value.data(), sizeof(count));
  return count;
}

// With and without a fence of the readers themselves.
class IndexReadersTest : public ::testing::TestWithParam<bool> {
 protected:
  EntryPtr Make(size_t number) {
    std::string value(sizeof(uint64_t) + number % 50, '.');
    const uint64_t count = ++changes_;
    std::memcpy(value.data(), &count, sizeof(count));
    return testing::MakeEntry(KeyOf(number), value);
  }

  // One change, by the only thread that changes anything.
  void Change(size_t number, bool remove) {
    const std::string key = KeyOf(number);
    const uint64_t hash = HashOf(key);
    Entry* old = index_.Find(0, hash, key);
    if (remove) {
      if (old != nullptr) index_.Remove(old, hash);
    } else if (old != nullptr) {
      index_.Replace(old, Make(number).release(), hash);
    } else if (index_.Crowded(hash) == nullptr) {
      ASSERT_TRUE(index_.Insert(Make(number).release(), hash));
    }
    if (old != nullptr) reclaimer_.Retire({&old, 1}, {}, old->charge());
  }

  // In waves: the table grows for a while, and shrinks for a while.
  void Write(Random& random, size_t changes) {
    for (size_t i = 0; i < changes; ++i) {
      const bool shrinks = i / kWave % 2 == 1;
      const bool remove = random() % 16 < (shrinks ? 15 : 1);
      const size_t number = random() % kThere;
      Change(number, remove && number >= kStaying);
    }
  }

  // One look, and what it must see. `stumbles`: others get between that and the use of the entry.
  // `counts`: what this reader saw last, by number.
  void Look(ThreadRecord& record, size_t number, bool stumbles, std::vector<uint64_t>& counts) {
    const std::string key = KeyOf(number);
    const Reclaimer::Reading reading(reclaimer_, record);
    const Entry* entry = index_.Find(0, HashOf(key), key);
    if (stumbles) testing::Stumble();
    if (entry == nullptr) {
      ASSERT_GE(number, kStaying) << "a key that stays was not found";
      return;
    }
    ASSERT_LT(number, kThere) << "what is not there was found";
    ASSERT_EQ(entry->key(), key);
    const uint64_t count = CountIn(entry->value());
    ASSERT_GE(count, counts[number]) << "an older value came back";
    counts[number] = count;
  }

  const testing::ScopedReaderFence fence_{GetParam()};
  EntryLedger ledger_{testing::TestArena()};
  Reclaimer reclaimer_{ledger_, BestGraceFence()};
  const EntryHash hash_of_ = [](const Entry* entry) { return HashOf(entry->key()); };
  HashIndex index_{testing::TestArena(), hash_of_};
  uint64_t changes_ = 0;
};

TEST_P(IndexReadersTest, FindWhatIsThereWhateverMoves) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  for (size_t number = 0; number < kStaying; ++number) Change(number, false);
  reclaimer_.SetBatchBytes(4096, 4096);  // so that blocks are soon used again
  const size_t changes = testing::ScaledCount(2'000'000);
  std::atomic<bool> done{false};
  testing::RunCrew(1 + kReaders, seed, [&](size_t index, Random& random) {
    if (index == 0) {
      Write(random, changes);
      done = true;
      return;
    }
    std::vector<uint64_t> counts(kKeys);
    ThreadRecord& record = reclaimer_.records().Mine();
    do {
      ASSERT_NO_FATAL_FAILURE(Look(record, random() % kKeys, random() % 32 == 0, counts));
    } while (!done);
  });
  index_.CheckInvariants();
  std::vector<Entry*> left;
  for (size_t bucket = 0; bucket < index_.bucket_count(); ++bucket) {
    const HashIndex::Chain entries = index_.EntriesOf(bucket);
    left.insert(left.end(), entries.begin(), entries.end());
  }
  for (Entry* entry : left) ledger_.Release(entry);
}

INSTANTIATE_TEST_SUITE_P(Fences, IndexReadersTest, ::testing::Bool(), testing::FenceName);

}  // namespace
}  // namespace trivet::engine
