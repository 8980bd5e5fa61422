#include "engine/removals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/namespace_state.h"
#include "tests/engine/test_entries.h"

namespace trivet::engine {
namespace {

using ::testing::ElementsAre;
using testing::MakeEntry;

class RemovalsTest : public ::testing::Test {
 protected:
  Entry* Unlinked(const std::string& key) { return MakeEntry(key, "v" + key).release(); }

  NamespaceState users_{0, "users", {}};
  EntryLedger ledger_{testing::TestArena()};
  Reclaimer reclaimer_{ledger_, GraceFence::kReader};
  std::vector<std::string> told_;
  const RemovalListener listener_ = [this](const Removal& removal) {
    told_.push_back(std::string(removal.namespace_name) + "/" + std::string(removal.key) + "=" +
                    std::string(removal.value.bytes()) + " " + RemovalCauseName(removal.cause));
  };
};

TEST_F(RemovalsTest, TellTheListenerAtTheEndAndNotBefore) {
  {
    Removals removals(&reclaimer_, &listener_);
    removals.Add(Unlinked("1"), &users_, RemovalCause::kEvicted);
    removals.Add(Unlinked("2"), &users_, RemovalCause::kExpired);
    EXPECT_TRUE(told_.empty());
  }
  EXPECT_THAT(told_, ElementsAre("users/1=v1 evicted", "users/2=v2 expired"));
  reclaimer_.Reclaim();
  EXPECT_EQ(reclaimer_.retired_entries(), 0u);
}

TEST_F(RemovalsTest, FinishOnce) {
  Removals removals(&reclaimer_, &listener_);
  removals.Add(Unlinked("1"), &users_, RemovalCause::kEvicted);
  removals.Finish();
  removals.Finish();
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(RemovalsTest, FreeWithoutAListener) {
  const RemovalListener none;
  for (const RemovalListener* listener : {static_cast<const RemovalListener*>(nullptr), &none}) {
    Removals removals(&reclaimer_, listener);
    removals.Add(Unlinked("1"), &users_, RemovalCause::kEvicted);
  }
  reclaimer_.Reclaim();
  EXPECT_EQ(reclaimer_.retired_entries(), 0u);
}

TEST_F(RemovalsTest, CountWhatValuesStillHold) {
  Entry* entry = Unlinked("1");
  const size_t charge = entry->charge();
  Value value = ledger_.Pin(entry);
  {
    Removals removals(&reclaimer_, nullptr);
    removals.Add(entry, &users_, RemovalCause::kEvicted);
  }
  EXPECT_EQ(value.bytes(), "v1");
  EXPECT_EQ(reclaimer_.retired_bytes(), charge);
  reclaimer_.Reclaim();
  EXPECT_EQ(reclaimer_.retired_bytes(), charge);
  value.Reset();
  EXPECT_EQ(reclaimer_.retired_bytes(), 0u);
}

TEST_F(RemovalsTest, AListenerMayKeepTheValue) {
  Value kept;
  const RemovalListener listener = [&](const Removal& removal) { kept = removal.value; };
  {
    Removals removals(&reclaimer_, &listener);
    removals.Add(Unlinked("1"), &users_, RemovalCause::kEvicted);
  }
  reclaimer_.Reclaim();
  EXPECT_EQ(kept.bytes(), "v1");
  EXPECT_EQ(reclaimer_.retired_entries(), 1u);
  kept.Reset();
  EXPECT_EQ(reclaimer_.retired_entries(), 0u);
}

TEST_F(RemovalsTest, GiveBackTheHoldsOnTagsFirst) {
  const std::vector<std::string> names = {"a", "b"};
  std::vector<std::unique_ptr<TagGroup>> groups;
  for (TagRecord* record : users_.tags().Acquire(names)) {
    groups.push_back(TagGroup::Create(testing::TestArena(), record));
  }
  size_t tags_when_told = 99;
  const RemovalListener listener = [&](const Removal&) { tags_when_told = users_.tags().size(); };
  {
    Removals removals(&reclaimer_, &listener);
    removals.AddGroups(&users_, std::move(groups));
    removals.Add(Unlinked("1"), &users_, RemovalCause::kInvalidated);
    EXPECT_EQ(users_.tags().size(), 2u);
  }
  EXPECT_EQ(tags_when_told, 0u);
}

}  // namespace
}  // namespace trivet::engine
