// The change log of a Backing: what is logged, in which order, and how it goes. A part of
// backing_contract.h.
#ifndef TRIVET_TESTS_CONTRACT_CHANGE_LOG_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_CHANGE_LOG_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/contract/backing_fixture.h"
#include "tests/support/backing_rows.h"
#include "trivet/backing.h"
#include "trivet/options.h"

namespace trivet::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// --- What is logged -----------------------------------------------------------------------------

TEST_P(BackingContract, CallsWithoutATicketLogNothing) {
  Set("a", "1", {"t"});
  Touch("a", absl::Hours(1));
  Delete({"a"});
  DeleteTag("t");
  EXPECT_TRUE(backing_->Clear("users").ok());
  EXPECT_TRUE(backing_->ClearAll().ok());
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_P(BackingContract, EachWriteOfACallIsLoggedWithItsTicketAndItsNewVersion) {
  Set("b", "old");
  const StoreWrite writes[] = {Row("a", "1"), Row("b", "2"), Row("a", "3")};
  const auto written = backing_->Write("users", writes, 100);
  ASSERT_TRUE(written.ok());
  const auto version = [&](size_t i) { return std::to_string((*written)[i].version); };
  EXPECT_THAT(Log(), ElementsAre("100 users key a " + version(0), "101 users key b " + version(1),
                                 "102 users key a " + version(2)));
}

TEST_P(BackingContract, AWriteWhoseConditionDoesNotHoldIsNotLogged) {
  Set("b", "old");
  const StoreWrite writes[] = {Row("a", "1", SetWhen::kIfPresent),
                               Row("b", "2", SetWhen::kIfAbsent),
                               Row("c", "3", SetWhen::kIfVersion, 1), Row("d", "4")};
  const auto written = backing_->Write("users", writes, 100);
  ASSERT_TRUE(written.ok());
  EXPECT_THAT(Log(), ElementsAre("103 users key d " + std::to_string(written->back().version)));
}

TEST_P(BackingContract, ACallThatFailsLogsNothing) {
  const std::string long_key(kKeyBytesMax + 1, 'k');
  const StoreWrite writes[] = {Row("a", "1"), Row(long_key, "2")};
  const std::string_view keys[] = {"a", long_key};
  EXPECT_FALSE(backing_->Write("users", writes, 100).ok());
  EXPECT_FALSE(backing_->Delete("users", keys, 100).ok());
  EXPECT_FALSE(backing_->Touch("users", "", absl::InfiniteFuture(), 100).ok());
  EXPECT_FALSE(backing_->DeleteTag("users", "", 100).ok());
  EXPECT_FALSE(backing_->Clear("", 100).ok());
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_P(BackingContract, ADeleteIsLoggedWhetherOrNotThereWasARow) {
  Set("a", "1");
  const std::string_view keys[] = {"x", "a", "x"};
  ASSERT_TRUE(backing_->Delete("users", keys, 100).ok());
  EXPECT_THAT(Log(), ElementsAre("100 users key x", "101 users key a", "102 users key x"));
}

TEST_P(BackingContract, ATouchIsLoggedIfThereWasARow) {
  const absl::Time later = clock_.WallTime() + absl::Hours(1);
  EXPECT_FALSE(*backing_->Touch("users", "a", later, 100));
  SetFor(absl::Seconds(1), "a", "1");
  EXPECT_TRUE(*backing_->Touch("users", "a", clock_.WallTime() + absl::Seconds(2), 101));
  clock_.Advance(absl::Seconds(2));
  EXPECT_FALSE(*backing_->Touch("users", "a", later, 102));
  EXPECT_THAT(Log(), ElementsAre("101 users key a"));
}

TEST_P(BackingContract, DeleteTagAndClearAreLoggedWhateverTheyFind) {
  Set("a", "1", {"red"});
  for (uint64_t ticket : {100, 200}) {
    EXPECT_TRUE(backing_->DeleteTag("users", "red", ticket).ok());
    EXPECT_TRUE(backing_->Clear("users", ticket + 1).ok());
  }
  EXPECT_THAT(Log(), ElementsAre("100 users tag red", "101 users clear", "200 users tag red",
                                 "201 users clear"));
}

TEST_P(BackingContract, ClearAllIsLoggedForEachNamespace) {
  ASSERT_TRUE(backing_->ClearAll(100).ok());
  EXPECT_THAT(Log(), IsEmpty());
  for (const char* space : {"c", "a", "b"}) Write(Row("k", "1"), space);
  ASSERT_TRUE(backing_->ClearAll(100).ok());
  std::vector<std::string> spaces;
  std::vector<uint64_t> tickets;
  const auto changes = backing_->ReadChangeLog(10);
  ASSERT_TRUE(changes.ok());
  for (const LoggedChange& change : *changes) {
    EXPECT_EQ(change.kind, LoggedChange::Kind::kClear);
    spaces.push_back(change.namespace_name);
    tickets.push_back(change.ticket);
  }
  EXPECT_THAT(spaces, UnorderedElementsAre("a", "b", "c"));
  EXPECT_THAT(tickets, ElementsAre(100, 101, 102));
}

TEST_P(BackingContract, NamesInTheLogAreArbitraryBytes) {
  std::string all;
  for (int byte = 0; byte < 255; ++byte) all.push_back(static_cast<char>(byte));
  const std::string large = std::string(1, '\0') + std::string(kKeyBytesMax - 1, 'k');
  const std::string_view keys[] = {large};
  ASSERT_TRUE(backing_->Delete(all, keys, (uint64_t{1} << 62) - 1).ok());
  ASSERT_TRUE(backing_->DeleteTag(all, all, 1).ok());
  const auto changes = backing_->ReadChangeLog(10);
  ASSERT_TRUE(changes.ok() && changes->size() == 2) << changes.status();
  EXPECT_EQ((*changes)[0].ticket, (uint64_t{1} << 62) - 1);
  EXPECT_EQ((*changes)[0].namespace_name, all);
  EXPECT_EQ((*changes)[0].name, large);
  EXPECT_EQ((*changes)[1].name, all);
}

TEST_P(BackingContract, TheLogOutlivesWhatItTellsOf) {
  const StoreWritten written = Write(Row("a", "1"), "users", 100);
  EXPECT_TRUE(backing_->Clear("users").ok());
  EXPECT_TRUE(backing_->ClearAll().ok());
  while (Sweep(10)) {
  }
  EXPECT_THAT(Log(), ElementsAre("100 users key a " + std::to_string(written.version)));
}

// --- Reading and trimming -----------------------------------------------------------------------

TEST_P(BackingContract, TheLogIsReadInTheOrderOfCommitsTheOldestFirst) {
  for (const uint64_t ticket : {30, 10, 40, 20}) {
    ASSERT_TRUE(backing_->Clear("s", ticket).ok());
  }
  EXPECT_THAT(Log(), ElementsAre("30 s clear", "10 s clear", "40 s clear", "20 s clear"));
  EXPECT_THAT(Log(2), ElementsAre("30 s clear", "10 s clear"));
  EXPECT_THAT(Log(0), IsEmpty());
  EXPECT_EQ(Log(SIZE_MAX).size(), 4);
}

TEST_P(BackingContract, TrimmingTakesTheRowsOfItsTicketsAndNoOthers) {
  Trim({1, 2});
  for (const uint64_t ticket : {30, 10, 40, 20}) {
    ASSERT_TRUE(backing_->Clear("s", ticket).ok());
  }
  Trim({});
  EXPECT_EQ(Log().size(), 4);
  Trim({20, 7, 30, 20});
  EXPECT_THAT(Log(), ElementsAre("10 s clear", "40 s clear"));
  ASSERT_TRUE(backing_->Clear("s", 5).ok());
  EXPECT_THAT(Log(), ElementsAre("10 s clear", "40 s clear", "5 s clear"));
  Trim({5, 10, 40});
  EXPECT_THAT(Log(), IsEmpty());
  ASSERT_TRUE(backing_->Clear("s", 10).ok());
  EXPECT_THAT(Log(), ElementsAre("10 s clear"));
}

// A writer that trims its ticket must not take a row along that somebody else logged under it and
// nobody has told yet.
TEST_P(BackingContract, ARowWhoseTicketIsTakenIsKeptUnderAnotherOne) {
  ASSERT_TRUE(backing_->Clear("one", 100).ok());
  ASSERT_TRUE(backing_->Clear("two", 100).ok());
  ASSERT_TRUE(backing_->Clear("three", 100).ok());
  const auto changes = backing_->ReadChangeLog(10);
  ASSERT_TRUE(changes.ok() && changes->size() == 3) << changes.status();
  EXPECT_EQ((*changes)[0].ticket, 100);
  EXPECT_EQ((*changes)[1].namespace_name, "two");
  EXPECT_EQ((*changes)[2].namespace_name, "three");
  EXPECT_NE((*changes)[1].ticket, (*changes)[2].ticket);
  Trim({100});
  EXPECT_EQ(Log().size(), 2);
  Trim({(*changes)[1].ticket, (*changes)[2].ticket});
  EXPECT_THAT(Log(), IsEmpty());
}

// --- Threads ------------------------------------------------------------------------------------

// Writers log, others read and trim: nothing is told before it can be read, and nothing is missed.
TEST_P(BackingContract, WhatTheLogTellsIsThereAndAllIsTold) {
  constexpr int kWriters = 2;
  constexpr int kWrites = 100;
  std::atomic<int> writing = kWriters;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const std::string key = "key" + std::to_string(writer);
      for (int i = 1; i <= kWrites; ++i) {
        const uint64_t ticket = static_cast<uint64_t>(writer * kWrites + i);
        Write(Row(key, std::to_string(i)), "users", ticket);
      }
      --writing;
    });
  }
  std::map<std::string, int> told;
  for (bool last = false; !last;) {
    last = writing == 0;
    for (;;) {
      const auto changes = backing_->ReadChangeLog(7);
      EXPECT_TRUE(changes.ok()) << changes.status();
      if (!changes.ok() || changes->empty()) break;
      std::vector<uint64_t> tickets;
      for (const LoggedChange& change : *changes) {
        EXPECT_GE(Read(change.name)->version, change.version);
        ++told[change.name];
        tickets.push_back(change.ticket);
      }
      Trim(tickets);
    }
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_THAT(told, ElementsAre(Pair("key0", kWrites), Pair("key1", kWrites)));
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_CHANGE_LOG_CONTRACT_H_
