// Frees are checked by the address sanitizer: a block that is freed too early, twice or never ends
// these tests there.
#include "engine/entry_ledger.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "tests/engine/test_entries.h"
#include "trivet/value.h"

namespace trivet::engine {
namespace {

using testing::MakeEntry;

class EntryLedgerTest : public ::testing::Test {
 protected:
  // An entry with the one reference of its shard.
  static Entry* Linked() { return testing::MakeEntry("k", "v").release(); }

  // What becomes of an entry that left its shard, after its grace period.
  void Unlink(Entry* entry) { ledger_.Drop(entry); }

  void ExpectNothingPinned() {
    EXPECT_EQ(ledger_.pinned_bytes(), 0u);
    EXPECT_EQ(ledger_.pinned_entries(), 0u);
  }

  EntryLedger ledger_{testing::TestArena()};
};

TEST_F(EntryLedgerTest, AnEntryIsPinnedWhileAValueHoldsIt) {
  Entry* entry = Linked();
  EXPECT_FALSE(EntryLedger::IsPinned(entry));
  Value value = ledger_.Pin(entry);
  EXPECT_TRUE(value);
  EXPECT_EQ(value.bytes(), "v");
  EXPECT_TRUE(EntryLedger::IsPinned(entry));
  value.Reset();
  EXPECT_FALSE(EntryLedger::IsPinned(entry));
  Unlink(entry);
  ExpectNothingPinned();
}

TEST_F(EntryLedgerTest, BytesStayCountedWhileOnlyValuesHoldThem) {
  Entry* entry = Linked();
  const size_t charge = entry->charge();
  Value value = ledger_.Pin(entry);
  ExpectNothingPinned();
  Unlink(entry);
  EXPECT_EQ(ledger_.pinned_bytes(), charge);
  EXPECT_EQ(ledger_.pinned_entries(), 1u);
  Value copy = value;
  value.Reset();
  EXPECT_EQ(copy.bytes(), "v");
  EXPECT_EQ(ledger_.pinned_bytes(), charge);
  copy.Reset();
  ExpectNothingPinned();
}

TEST_F(EntryLedgerTest, AdoptedEntriesAreCountedUntilTheLastValueGoes) {
  Entry* entry = Linked();
  const size_t charge = entry->charge();
  {
    const Value value = ledger_.Adopt(entry);
    EXPECT_EQ(ledger_.pinned_bytes(), charge);
    EXPECT_EQ(ledger_.pinned_entries(), 1u);
  }
  ExpectNothingPinned();
}

TEST_F(EntryLedgerTest, AnEmptyValueHoldsNothing) {
  Value value;
  EXPECT_FALSE(value);
  EXPECT_TRUE(value.bytes().empty());
  value.Reset();
  const Value copy = value;
  EXPECT_FALSE(copy);
}

TEST_F(EntryLedgerTest, AMovedValueTakesThePinAlong) {
  Entry* entry = Linked();
  Value first = ledger_.Pin(entry);
  Value second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is promised
  EXPECT_EQ(*second, "v");
  Unlink(entry);
  second.Reset();
  ExpectNothingPinned();
}

TEST_F(EntryLedgerTest, AssignmentGivesBackWhatTheValueHeld) {
  Entry* one = Linked();
  Entry* other = Linked();
  Value value = ledger_.Pin(one);
  const Value& same = value;
  value = same;
  EXPECT_TRUE(EntryLedger::IsPinned(one));
  value = ledger_.Pin(other);
  EXPECT_FALSE(EntryLedger::IsPinned(one));
  EXPECT_TRUE(EntryLedger::IsPinned(other));
  value = Value();
  EXPECT_FALSE(EntryLedger::IsPinned(other));
  Unlink(one);
  Unlink(other);
}

TEST_F(EntryLedgerTest, ValuesMayBeCopiedAndDroppedOnAnyThread) {
  Entry* entry = Linked();
  Value value = ledger_.Pin(entry);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([value] {
      for (int turn = 0; turn < 1000; ++turn) {
        const Value copy = value;
        EXPECT_EQ(copy.bytes(), "v");
      }
    });
  }
  Unlink(entry);
  value.Reset();
  for (std::thread& thread : threads) thread.join();
  ExpectNothingPinned();
}

}  // namespace
}  // namespace trivet::engine
