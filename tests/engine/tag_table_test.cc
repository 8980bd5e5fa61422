#include "engine/tag_table.h"

#include <gtest/gtest.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace trivet::engine {
namespace {

class TagTableTest : public ::testing::Test {
 protected:
  TagRecord* Hold(const std::string& name) {
    const std::vector<std::string> names = {name};
    return table_.Acquire(names).front();
  }
  void Drop(TagRecord* record) { table_.Release({&record, 1}); }
  void Invalidate(const std::string& name) {
    if (TagRecord* record = table_.Invalidate(name)) Drop(record);
  }

  // What a load sees that began at `birth` and now declares the tag.
  bool IsInvalidatedSince(const std::string& name, TagTime birth) {
    TagRecord* record = Hold(name);
    const bool invalidated = record->InvalidatedSince(birth);
    Drop(record);
    return invalidated;
  }

  TagTable table_;
};

TEST_F(TagTableTest, HoldsEachNameOnceHoweverOftenItIsGiven) {
  const std::vector<std::string> names = {"a", "b", "a", "a"};
  const TagRecords records = table_.Acquire(names);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0]->name(), "a");
  EXPECT_EQ(records[1]->name(), "b");
  EXPECT_EQ(table_.size(), 2u);
  table_.Release(records);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(TagTableTest, NothingIsHeldForNoNames) {
  EXPECT_TRUE(table_.Acquire({}).empty());
  table_.Release({});
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(TagTableTest, ATagHasOneRecordWhileAnybodyHoldsIt) {
  TagRecord* first = Hold("a");
  EXPECT_EQ(Hold("a"), first);
  Drop(first);
  EXPECT_EQ(table_.size(), 1u);
  Drop(first);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(TagTableTest, ATagThatNobodyHoldsCostsNothing) {
  for (int i = 0; i < 100; ++i) Invalidate("tag" + std::to_string(i));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(TagTableTest, AnInvalidationReturnsTheRecordWithAHold) {
  TagRecord* record = Hold("a");
  EXPECT_EQ(table_.Invalidate("a"), record);
  Drop(record);
  EXPECT_EQ(table_.size(), 1u) << "the invalidation's own hold remains";
  Drop(record);
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(table_.Invalidate("a"), nullptr);
}

TEST_F(TagTableTest, TimeMovesWithEachInvalidation) {
  const TagTime before = table_.now();
  Invalidate("a");
  EXPECT_GT(table_.now(), before);
  const TagTime between = table_.now();
  TagRecord* record = Hold("a");
  Invalidate("a");
  EXPECT_GT(table_.now(), between);
  Drop(record);
}

TEST_F(TagTableTest, OnlyInvalidationsAfterTheBirthCount) {
  TagRecord* record = Hold("a");
  Invalidate("a");
  const TagTime birth = table_.now();
  EXPECT_FALSE(record->InvalidatedSince(birth));
  Invalidate("b");
  EXPECT_FALSE(record->InvalidatedSince(birth));
  Invalidate("a");
  EXPECT_TRUE(record->InvalidatedSince(birth));
  EXPECT_FALSE(record->InvalidatedSince(table_.now()));
  Drop(record);
}

TEST_F(TagTableTest, AFreshTagIsGood) {
  EXPECT_FALSE(IsInvalidatedSince("a", table_.now()));
  Invalidate("b");
  EXPECT_FALSE(IsInvalidatedSince("a", table_.now()));
}

TEST_F(TagTableTest, TheInvalidationOfATagThatNobodyHeldIsNotForgotten) {
  const TagTime birth = table_.now();
  Invalidate("a");
  EXPECT_TRUE(IsInvalidatedSince("a", birth));
  EXPECT_FALSE(IsInvalidatedSince("a", table_.now()));
}

TEST_F(TagTableTest, TheInvalidationOfATagThatWasDroppedIsNotForgotten) {
  TagRecord* record = Hold("a");
  const TagTime birth = table_.now();
  Invalidate("a");
  Drop(record);
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_TRUE(IsInvalidatedSince("a", birth));
}

TEST_F(TagTableTest, ForgettingOneTagLeavesHeldTagsAlone) {
  TagRecord* held = Hold("held");
  const TagTime birth = table_.now();
  Invalidate("forgotten");
  EXPECT_FALSE(held->InvalidatedSince(birth));
  EXPECT_TRUE(IsInvalidatedSince("unknown", birth)) << "unknown tags err on the safe side";
  Drop(held);
}

TEST_F(TagTableTest, ATagWithoutInvalidationIsDroppedWithoutATrace) {
  const TagTime birth = table_.now();
  Drop(Hold("a"));
  EXPECT_FALSE(IsInvalidatedSince("b", birth));
}

TEST_F(TagTableTest, ThreadsAgree) {
  std::latch start(4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      for (int turn = 0; turn < 500; ++turn) {
        const std::vector<std::string> names = {"shared", std::to_string(i)};
        const TagRecords records = table_.Acquire(names);
        const TagTime birth = table_.now();
        Invalidate("shared");
        EXPECT_TRUE(records[0]->InvalidatedSince(birth));
        EXPECT_FALSE(records[1]->InvalidatedSince(birth));
        table_.Release(records);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table_.now(), 2000u);
  EXPECT_EQ(table_.size(), 0u);
}

}  // namespace
}  // namespace trivet::engine
