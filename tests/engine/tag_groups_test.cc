#include "engine/tag_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/tag_table.h"
#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"

namespace trivet::engine {
namespace {

using testing::MakeEntry;
using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;

// Does what a shard does around the groups: holds are taken before and given back after.
class TagGroupsTest : public ::testing::Test {
 protected:
  EntryPtr Add(const std::string& key, const std::vector<std::string>& tags) {
    TagRecords records = table_.Acquire(tags);
    EntryPtr entry = MakeEntry(key, "", records.size());
    EXPECT_TRUE(groups_.Add(entry.get(), &records));
    table_.Release(records);
    return entry;
  }

  void Remove(const EntryPtr& entry) {
    std::vector<std::unique_ptr<TagGroup>> emptied;
    groups_.Remove(entry.get(), &emptied);
    for (const auto& group : emptied) table_.Release({&group->tag, 1});
  }

  void Doom(const std::string& tag) {
    TagRecord* record = table_.Invalidate(tag);
    if (record == nullptr) return;
    groups_.Doom(record);
    table_.Release({&record, 1});
  }

  bool IsDoomed(const EntryPtr& entry) const { return groups_.IsDoomed(entry.get()); }

  TagTable table_;
  TagGroups groups_{testing::TestArena()};
};

TEST_F(TagGroupsTest, AnEntryWithoutTagsIsNeverDoomed) {
  const EntryPtr entry = Add("k", {});
  Doom("a");
  EXPECT_FALSE(IsDoomed(entry));
  Remove(entry);
  EXPECT_EQ(groups_.bytes(), 0u);
}

TEST_F(TagGroupsTest, GroupsHoldTheirTagsWhileTheyHaveMembers) {
  const EntryPtr one = Add("1", {"a", "b"});
  const EntryPtr two = Add("2", {"b", "c"});
  groups_.CheckInvariants();
  EXPECT_EQ(table_.size(), 3u);
  EXPECT_GT(groups_.bytes(), 0u);
  Remove(one);
  groups_.CheckInvariants();
  EXPECT_EQ(table_.size(), 2u);
  Remove(two);
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(groups_.bytes(), 0u);
}

TEST_F(TagGroupsTest, DoomStrikesEveryMemberAndNobodyElse) {
  const EntryPtr one = Add("1", {"a"});
  const EntryPtr two = Add("2", {"b", "a"});
  const EntryPtr three = Add("3", {"b"});
  EXPECT_EQ(groups_.NextDoomed(), nullptr);
  Doom("a");
  EXPECT_TRUE(IsDoomed(one));
  EXPECT_TRUE(IsDoomed(two));
  EXPECT_FALSE(IsDoomed(three));
  groups_.CheckInvariants();
  for (const EntryPtr* entry : {&two, &one, &three}) Remove(*entry);
}

TEST_F(TagGroupsTest, DoomOfATagWithoutMembersDoesNothing) {
  const EntryPtr entry = Add("1", {"a"});
  TagRecord* foreign = table_.Acquire(std::vector<std::string>{"b"}).front();
  groups_.Doom(foreign);
  table_.Release({&foreign, 1});
  EXPECT_FALSE(IsDoomed(entry));
  EXPECT_EQ(groups_.NextDoomed(), nullptr);
  Remove(entry);
}

TEST_F(TagGroupsTest, EntriesTaggedAfterTheDoomLive) {
  const EntryPtr old = Add("1", {"a"});
  Doom("a");
  const EntryPtr fresh = Add("2", {"a"});
  EXPECT_TRUE(IsDoomed(old));
  EXPECT_FALSE(IsDoomed(fresh));
  groups_.CheckInvariants();
  Doom("a");
  EXPECT_TRUE(IsDoomed(fresh));
  Remove(old);
  Remove(fresh);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(TagGroupsTest, TheDoomedAreHandedOutUntilNoneIsLeft) {
  std::map<Entry*, EntryPtr> entries;
  for (int i = 0; i < 10; ++i) {
    EntryPtr entry = Add(std::to_string(i), {i < 6 ? "a" : "b", "all"});
    entries[entry.get()] = std::move(entry);
  }
  Doom("a");
  Doom("b");
  while (Entry* next = groups_.NextDoomed()) {
    const auto it = entries.find(next);
    ASSERT_NE(it, entries.end()) << "handed out twice";
    Remove(it->second);
    groups_.CheckInvariants();
    entries.erase(it);
  }
  EXPECT_TRUE(entries.empty());
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(groups_.bytes(), 0u);
}

// The model knows of each entry which tags it got, and when each tag was doomed last.
TEST_F(TagGroupsTest, AgreesWithASetOfTagsUnderRandomChanges) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
  struct Tagged {
    EntryPtr entry;
    std::set<std::string> tags;
    bool doomed = false;
  };
  std::vector<Tagged> model;
  for (size_t step = 0; step < ScaledCount(20'000); ++step) {
    const uint64_t what = random() % 10;
    if (what < 5 && model.size() < 60) {
      std::set<std::string> tags;
      for (size_t i = random() % 4; i > 0; --i) tags.insert(names[random() % names.size()]);
      std::vector<std::string> given(tags.begin(), tags.end());
      std::shuffle(given.begin(), given.end(), random);
      model.push_back({.entry = Add("k", given), .tags = tags});
    } else if (what < 9 && !model.empty()) {
      const size_t place = random() % model.size();
      Remove(model[place].entry);
      model.erase(model.begin() + static_cast<ptrdiff_t>(place));
    } else if (what == 9) {
      const std::string& tag = names[random() % names.size()];
      Doom(tag);
      for (Tagged& tagged : model) tagged.doomed = tagged.doomed || tagged.tags.contains(tag);
    }
    groups_.CheckInvariants();
    std::set<std::string> held;
    bool any_doomed = false;
    for (const Tagged& tagged : model) {
      ASSERT_EQ(IsDoomed(tagged.entry), tagged.doomed);
      held.insert(tagged.tags.begin(), tagged.tags.end());
      any_doomed = any_doomed || tagged.doomed;
    }
    ASSERT_EQ(table_.size(), held.size());
    ASSERT_EQ(groups_.NextDoomed() != nullptr, any_doomed);
    if (any_doomed) {
      ASSERT_TRUE(groups_.IsDoomed(groups_.NextDoomed()));
    }
  }
  for (const Tagged& tagged : model) Remove(tagged.entry);
  EXPECT_EQ(groups_.bytes(), 0u);
}

}  // namespace
}  // namespace trivet::engine
