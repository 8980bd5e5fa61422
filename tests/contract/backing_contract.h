// What every Backing must do: each promise of trivet/backing.h as a test.
//
// A test program of an implementation includes this file and says how one is made:
//
//   BackingMaker MakeMine() { return {[](Clock* clock) { ... }}; }
//   INSTANTIATE_TEST_SUITE_P(Mine, BackingContract, ::testing::Values(MakeMine()));
#ifndef TRIVET_TESTS_CONTRACT_BACKING_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_BACKING_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/contract/backing_fixture.h"
#include "tests/contract/change_log_contract.h"
#include "tests/contract/fence_contract.h"
#include "tests/contract/row_life_contract.h"
#include "tests/support/backing_rows.h"
#include "trivet/backing.h"
#include "trivet/clock.h"
#include "trivet/options.h"

namespace trivet::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// --- Reading and writing -------------------------------------------------------------------------

TEST_P(BackingContract, WhatWasNeverWrittenIsNotThere) {
  EXPECT_EQ(Get("a"), "-");
  EXPECT_THAT(GetMany({"a", "b"}), ElementsAre("-", "-"));
  EXPECT_THAT(Delete({"a"}), ElementsAre("-"));
  EXPECT_FALSE(Touch("a", absl::Hours(1)));
  EXPECT_EQ(DeleteTag("t"), 0);
  EXPECT_TRUE(backing_->Clear("users").ok());
  EXPECT_TRUE(backing_->ClearAll().ok());
}

TEST_P(BackingContract, WhatWasWrittenIsReadWithAllThatBelongsToIt) {
  const absl::Time expiry = clock_.WallTime() + absl::Minutes(5);
  const std::vector<std::string> tags = {"red", "round"};
  const StoreWritten written =
      Write({.key = "ball", .value = "bounces", .expires_at = expiry, .tags = tags});
  const std::optional<StoredValue> row = Read("ball");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->value, "bounces");
  EXPECT_EQ(row->version, written.version);
  EXPECT_EQ(row->expires_at, expiry);
  EXPECT_THAT(row->tags, UnorderedElementsAre("red", "round"));
}

TEST_P(BackingContract, ARowWithoutExpiryLivesForEver) {
  Set("a", "1");
  EXPECT_EQ(Read("a")->expires_at, absl::InfiniteFuture());
  clock_.Advance(10 * kTtlMax);
  EXPECT_EQ(Get("a"), "1");
}

TEST_P(BackingContract, AnOverwriteReplacesEverything) {
  SetFor(absl::Minutes(1), "a", "old", {"t"});
  Set("a", "new");
  const std::optional<StoredValue> row = Read("a");
  EXPECT_EQ(row->value, "new");
  EXPECT_EQ(row->expires_at, absl::InfiniteFuture());
  EXPECT_THAT(row->tags, IsEmpty());
}

TEST_P(BackingContract, AnswersComeInTheOrderOfTheKeysAndDuplicatesAreAnsweredEach) {
  Set("a", "1");
  Set("c", "3");
  EXPECT_THAT(GetMany({"c", "b", "a", "c"}), ElementsAre("3", "-", "1", "3"));
}

TEST_P(BackingContract, DuplicateKeysOfAWriteAreWrittenInOrder) {
  const StoreWrite writes[] = {Row("a", "1"), Row("b", "2"), Row("a", "3"),
                               Row("a", "4", SetWhen::kIfAbsent)};
  auto written = backing_->Write("users", writes);
  ASSERT_TRUE(written.ok());
  EXPECT_THAT(GetMany({"a", "b"}), ElementsAre("3", "2"));
  EXPECT_GT((*written)[2].version, (*written)[0].version);
  EXPECT_FALSE((*written)[3].applied);
  EXPECT_EQ((*written)[3].version, (*written)[2].version);
}

TEST_P(BackingContract, CallsWithoutKeysAnswerNothing) {
  EXPECT_THAT(GetMany({}), IsEmpty());
  EXPECT_THAT(Delete({}), IsEmpty());
  EXPECT_THAT(*backing_->Write("users", {}), IsEmpty());
}

// --- Bytes ---------------------------------------------------------------------------------------

TEST_P(BackingContract, KeysValuesNamespacesAndTagsAreArbitraryBytes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const std::string zero(1, '\0');
  const std::string two_zeros(2, '\0');
  const std::string space = all.substr(0, 255);
  const std::vector<std::string> tags = {zero, two_zeros, space};
  Write(TaggedRow(zero, all, tags), space);
  Write(Row(two_zeros, zero), space);
  Write(Row("'; DROP TABLE trivet_rows; --", "\"%s\""), space);

  EXPECT_EQ(Get(zero, space), all);
  EXPECT_EQ(Get(two_zeros, space), zero);
  EXPECT_EQ(Get("'; DROP TABLE trivet_rows; --", space), "\"%s\"");
  EXPECT_THAT(Read(zero, space)->tags, UnorderedElementsAre(zero, two_zeros, space));
  EXPECT_EQ(*backing_->DeleteTag(space, two_zeros), 1);
  EXPECT_EQ(Get(zero, space), "-");
}

TEST_P(BackingContract, AnEmptyValueIsAValue) {
  Set("a", "");
  ASSERT_TRUE(Read("a").has_value());
  EXPECT_EQ(Read("a")->value, "");
  Write(Row("a", std::string_view()));  // without even a pointer
  EXPECT_TRUE(Read("a").has_value());
}

TEST_P(BackingContract, KeysAndNamespacesDoNotRunTogether) {
  Write(Row("bc", "1"), "a");
  Write(Row("c", "2"), "ab");
  EXPECT_EQ(Get("bc", "a"), "1");
  EXPECT_EQ(Get("c", "ab"), "2");
  EXPECT_EQ(Get("c", "a"), "-");
}

TEST_P(BackingContract, TheLargestKeysAndLargeValuesFit) {
  const std::string key(kKeyBytesMax, 'k');
  const std::string other = key.substr(1) + 'l';
  const std::string value(3 << 20, 'v');
  Set(key, value);
  Set(other, "2");
  EXPECT_EQ(Get(key), value);
  EXPECT_EQ(Get(other), "2");
}

TEST_P(BackingContract, WhatIsBeyondTheLimitsIsRefusedAndChangesNothing) {
  const std::string long_key(kKeyBytesMax + 1, 'k');
  const std::string long_name(kNameBytesMax + 1, 'n');
  const std::vector<std::string> long_tag = {long_name};
  const std::vector<std::string> empty_tag = {""};
  const StoreWrite bad_writes[] = {Row("", "2"), Row(long_key, "2"), TaggedRow("b", "2", long_tag),
                                   TaggedRow("b", "2", empty_tag)};
  for (const StoreWrite& bad : bad_writes) {
    const StoreWrite writes[] = {Row("a", "1"), bad};
    EXPECT_TRUE(absl::IsInvalidArgument(backing_->Write("users", writes).status()));
  }
  EXPECT_EQ(Get("a"), "-");

  const StoreWrite good = Row("a", "1");
  const std::string_view empty_key[] = {""};
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->Write("", {&good, 1}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->Write(long_name, {&good, 1}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->Read("users", long_key).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->ReadMany("users", empty_key).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->Delete("users", empty_key).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->Touch("users", "", absl::Now()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->DeleteTag("users", long_name).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(backing_->Clear("")));
}

// --- Conditions and versions ---------------------------------------------------------------------

TEST_P(BackingContract, VersionsGrowWithEveryWriteOfAKeyAlsoAcrossDeletes) {
  uint64_t newest = 0;
  for (int round = 0; round < 5; ++round) {
    const StoreWritten first = Set("a", "1");
    const StoreWritten second = Set("a", "1");
    EXPECT_TRUE(first.applied);
    EXPECT_GT(first.version, newest);
    EXPECT_GT(second.version, first.version);
    newest = second.version;
    absl::Status gone;
    if (round == 1) Delete({"a"});
    if (round == 2) gone = backing_->Clear("users");
    if (round == 3) gone = backing_->ClearAll();
    EXPECT_TRUE(gone.ok());
  }
}

TEST_P(BackingContract, IfAbsentWritesOnlyWhereNothingIs) {
  const StoreWrite write = Row("a", "1", SetWhen::kIfAbsent);
  const StoreWritten first = Write(write);
  EXPECT_TRUE(first.applied);
  const StoreWritten second = Write(Row("a", "2", SetWhen::kIfAbsent));
  EXPECT_FALSE(second.applied);
  EXPECT_EQ(second.version, first.version);
  EXPECT_EQ(Get("a"), "1");
}

TEST_P(BackingContract, IfPresentWritesOnlyWhereSomethingIs) {
  const StoreWritten nothing = Write(Row("a", "1", SetWhen::kIfPresent));
  EXPECT_FALSE(nothing.applied);
  EXPECT_EQ(nothing.version, 0);
  EXPECT_EQ(Get("a"), "-");
  Set("a", "1");
  EXPECT_TRUE(Write(Row("a", "2", SetWhen::kIfPresent)).applied);
  EXPECT_EQ(Get("a"), "2");
}

TEST_P(BackingContract, IfVersionWritesOnlyOverThatVersion) {
  const auto over = [](uint64_t version, std::string_view value) {
    return Row("a", value, SetWhen::kIfVersion, version);
  };
  EXPECT_FALSE(Write(over(0, "1")).applied);
  const StoreWritten first = Set("a", "1");
  const StoreWritten second = Write(over(first.version, "2"));
  EXPECT_TRUE(second.applied);
  EXPECT_GT(second.version, first.version);
  const StoreWritten late = Write(over(first.version, "3"));
  EXPECT_FALSE(late.applied);
  EXPECT_EQ(late.version, second.version);
  EXPECT_EQ(Get("a"), "2");
}

TEST_P(BackingContract, AConditionThatFailsLeavesTheOtherRowsOfTheCallAlone) {
  Set("b", "old");
  const StoreWrite writes[] = {Row("a", "1"), Row("b", "2", SetWhen::kIfAbsent), Row("c", "3")};
  auto written = backing_->Write("users", writes);
  ASSERT_TRUE(written.ok());
  EXPECT_TRUE((*written)[0].applied);
  EXPECT_FALSE((*written)[1].applied);
  EXPECT_TRUE((*written)[2].applied);
  EXPECT_THAT(GetMany({"a", "b", "c"}), ElementsAre("1", "old", "3"));
  EXPECT_EQ(Read("c")->version, (*written)[2].version);
}

// --- Threads -------------------------------------------------------------------------------------

TEST_P(BackingContract, ReadManyIsASnapshotWhileAWriterWrites) {
  // The writer keeps both rows equal; a reader that saw them differ would have read between them.
  const auto write_both = [&](int number) {
    const std::string value = std::to_string(number);
    const StoreWrite writes[] = {Row("a", value), Row("b", value)};
    ASSERT_TRUE(backing_->Write("users", writes).ok());
  };
  write_both(0);
  constexpr int kWrites = 200;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int newest = 0;
      while (newest < kWrites) {
        const std::vector<std::string> values = GetMany({"a", "b"});
        ASSERT_EQ(values.size(), 2) << values.front();
        ASSERT_EQ(values[0], values[1]);
        ASSERT_GE(std::stoi(values[0]), newest);
        newest = std::stoi(values[0]);
      }
    });
  }
  for (int number = 1; number <= kWrites; ++number) write_both(number);
  for (std::thread& reader : readers) reader.join();
}

TEST_P(BackingContract, ConditionalWritesOfManyThreadsLoseNoUpdate) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 50;
  Set("counter", "0");
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < kIncrements;) {
        const std::optional<StoredValue> row = Read("counter");
        ASSERT_TRUE(row.has_value());
        const std::string next = std::to_string(std::stoi(row->value) + 1);
        const StoreWritten written = Write(Row("counter", next, SetWhen::kIfVersion, row->version));
        if (written.applied) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Get("counter"), std::to_string(kThreads * kIncrements));
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_BACKING_CONTRACT_H_
