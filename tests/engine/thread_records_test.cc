#include "engine/thread_records.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>

#include "trivet/options.h"

namespace trivet::engine {
namespace {

size_t CountRecords(const ThreadRecords& records) {
  size_t count = 0;
  records.ForEach([&count](const ThreadRecord&) { ++count; });
  return count;
}

TEST(ThreadRecordsTest, AThreadHasOneRecordForEachCache) {
  ThreadRecords one;
  ThreadRecords two;
  ThreadRecord& mine = one.Mine();
  EXPECT_NE(&mine, &two.Mine());
  EXPECT_EQ(&mine, &one.Mine());
  EXPECT_EQ(CountRecords(one), 1u);
  ThreadRecord* theirs = nullptr;
  std::thread([&] { theirs = &one.Mine(); }).join();
  EXPECT_NE(theirs, &mine);
  EXPECT_EQ(CountRecords(one), 2u);
}

TEST(ThreadRecordsTest, TheRecordOfAThreadThatEndedPassesOnWithItsCounts) {
  ThreadRecords records;
  ThreadRecord* first = nullptr;
  std::thread([&] {
    first = &records.Mine();
    ReadCounters::Count(first->CountersOf(3).hits);
  }).join();
  ThreadRecord* second = nullptr;
  std::thread([&] {
    second = &records.Mine();
    ReadCounters::Count(second->CountersOf(3).hits);
  }).join();
  EXPECT_EQ(first, second);
  EXPECT_EQ(CountRecords(records), 1u);
  EXPECT_EQ(second->FindCounters(3)->hits.load(), 2u);
}

TEST(ThreadRecordsTest, ACacheMayGoBeforeTheThread) {
  std::thread([] {
    auto records = std::make_unique<ThreadRecords>();
    ThreadRecord* const before = &records->Mine();
    records = std::make_unique<ThreadRecords>();  // perhaps in the same place
    EXPECT_EQ(CountRecords(*records), 0u);
    records->Mine();
    EXPECT_EQ(CountRecords(*records), 1u);
    static_cast<void>(before);
    records.reset();
  }).join();
}

TEST(ThreadRecordsTest, CountersOfAnyNumberOfNamespacesStayWhereTheyAre) {
  ThreadRecords records;
  ThreadRecord& mine = records.Mine();
  EXPECT_EQ(mine.FindCounters(kNamespacesMax - 1), nullptr);
  std::set<const ReadCounters*> all;
  for (uint32_t id = 0; id < 5000; ++id) {
    ReadCounters::Count(mine.CountersOf(id).misses);
    all.insert(&mine.CountersOf(id));
  }
  EXPECT_EQ(all.size(), 5000u);
  for (uint32_t id = 0; id < 5000; ++id) {
    ASSERT_EQ(mine.FindCounters(id)->misses.load(), 1u);
    ASSERT_EQ(mine.FindCounters(id)->hits.load(), 0u);
  }
  ReadCounters::Count(mine.CountersOf(kNamespacesMax - 1).hits);
  EXPECT_EQ(mine.FindCounters(kNamespacesMax - 1)->hits.load(), 1u);
}

}  // namespace
}  // namespace trivet::engine
