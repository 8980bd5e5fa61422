// How rows end: they expire, are deleted, or swept. A part of backing_contract.h.
#ifndef TRIVET_TESTS_CONTRACT_ROW_LIFE_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_ROW_LIFE_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contract/backing_fixture.h"
#include "tests/support/backing_rows.h"
#include "trivet/backing.h"

namespace trivet::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// --- Expiry --------------------------------------------------------------------------------------

TEST_P(BackingContract, ARowIsGoneAtTheMomentItExpires) {
  SetFor(absl::Seconds(10), "a", "1");
  clock_.Advance(absl::Milliseconds(9999));
  EXPECT_EQ(Get("a"), "1");
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Get("a"), "-");
}

TEST_P(BackingContract, NoMethodSeesAnExpiredRow) {
  const auto set_expired = [&] {
    SetFor(absl::Seconds(1), "a", "1", {"t"});
    clock_.Advance(absl::Seconds(1));
  };
  set_expired();
  EXPECT_THAT(GetMany({"a"}), ElementsAre("-"));
  EXPECT_THAT(*backing_->CountRows(), IsEmpty());
  EXPECT_FALSE(Touch("a", absl::Hours(1)));
  EXPECT_EQ(Get("a"), "-");
  const StoreWritten present = Write(Row("a", "2", SetWhen::kIfPresent));
  EXPECT_FALSE(present.applied);
  EXPECT_EQ(present.version, 0);
  EXPECT_THAT(Delete({"a"}), ElementsAre("-"));

  set_expired();
  EXPECT_EQ(DeleteTag("t"), 0);

  set_expired();
  EXPECT_TRUE(Write(Row("a", "2", SetWhen::kIfAbsent)).applied);
  EXPECT_EQ(Get("a"), "2");
  EXPECT_EQ(DeleteTag("t"), 0);  // the tag went with the row that expired
  EXPECT_EQ(Get("a"), "2");
}

TEST_P(BackingContract, ARowThatIsWrittenExpiredDoesNotExist) {
  Set("a", "1");
  EXPECT_TRUE(SetFor(-absl::Seconds(1), "a", "2").applied);
  EXPECT_EQ(Get("a"), "-");
  EXPECT_TRUE(SetFor(-absl::InfiniteDuration(), "a", "3").applied);
  EXPECT_EQ(Get("a"), "-");
}

TEST_P(BackingContract, TouchMovesTheExpiryAndNothingElse) {
  const StoreWritten written = SetFor(absl::Seconds(10), "a", "1", {"t"});
  EXPECT_TRUE(Touch("a", absl::Seconds(20)));
  clock_.Advance(absl::Seconds(15));
  const std::optional<StoredValue> row = Read("a");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->value, "1");
  EXPECT_EQ(row->version, written.version);
  EXPECT_THAT(row->tags, ElementsAre("t"));

  EXPECT_TRUE(Touch("a", absl::InfiniteDuration()));
  EXPECT_EQ(Read("a")->expires_at, absl::InfiniteFuture());
  EXPECT_TRUE(Touch("a", absl::ZeroDuration()));
  EXPECT_EQ(Get("a"), "-");
}

TEST_P(BackingContract, WhenTheCalendarIsTurnedBackARowLivesAgainUntilItIsSwept) {
  SetFor(absl::Minutes(1), "a", "1");
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Get("a"), "-");
  clock_.JumpWallTime(-absl::Hours(1));
  EXPECT_EQ(Get("a"), "1");
  clock_.Advance(absl::Hours(1));
  EXPECT_FALSE(Sweep(10));
  clock_.JumpWallTime(-absl::Hours(1));
  EXPECT_EQ(Get("a"), "-");
}

// --- Deleting ------------------------------------------------------------------------------------

TEST_P(BackingContract, DeleteReturnsWhatWasThere) {
  const StoreWritten written = Set("a", "1", {"t"});
  Set("b", "2");
  const std::string_view keys[] = {"b", "x", "a", "b"};
  auto deleted = backing_->Delete("users", keys);
  EXPECT_THAT(ValuesOf(deleted), ElementsAre("2", "-", "1", "-"));
  EXPECT_EQ((*deleted)[2]->version, written.version);
  EXPECT_THAT((*deleted)[2]->tags, ElementsAre("t"));
  EXPECT_THAT(GetMany({"a", "b"}), ElementsAre("-", "-"));
}

TEST_P(BackingContract, DeleteTagTakesTheRowsThatCarryItAndNoOthers) {
  Set("a", "1", {"red", "round"});
  Set("b", "2", {"red"});
  Set("c", "3", {"round"});
  Set("d", "4");
  const std::vector<std::string> red = {"red"};
  Write(TaggedRow("a", "5", red), "others");
  EXPECT_EQ(DeleteTag("red"), 2);
  EXPECT_THAT(GetMany({"a", "b", "c", "d"}), ElementsAre("-", "-", "3", "4"));
  EXPECT_EQ(Get("a", "others"), "5");
  EXPECT_EQ(DeleteTag("red"), 0);
  EXPECT_EQ(DeleteTag("round"), 1);
}

TEST_P(BackingContract, ARowCarriesTheTagsOfItsLastWriteOnly) {
  Set("a", "1", {"old", "both"});
  Set("a", "2", {"both", "new"});
  EXPECT_EQ(DeleteTag("old"), 0);
  EXPECT_EQ(Get("a"), "2");
  EXPECT_EQ(DeleteTag("new"), 1);
  EXPECT_EQ(DeleteTag("both"), 0);

  Set("b", "1", {"t"});
  Delete({"b"});
  Set("b", "2");
  EXPECT_EQ(DeleteTag("t"), 0);
  EXPECT_EQ(Get("b"), "2");
}

TEST_P(BackingContract, DuplicateTagsCountOnce) {
  Set("a", "1", {"t", "u", "t"});
  EXPECT_THAT(Read("a")->tags, UnorderedElementsAre("t", "u"));
  EXPECT_EQ(DeleteTag("t"), 1);
}

TEST_P(BackingContract, ClearEmptiesItsNamespaceAndNoOther) {
  Set("a", "1", {"t"});
  Set("b", "2");
  Write(Row("a", "3"), "others");
  ASSERT_TRUE(backing_->Clear("users").ok());
  EXPECT_THAT(GetMany({"a", "b"}), ElementsAre("-", "-"));
  EXPECT_EQ(DeleteTag("t"), 0);
  EXPECT_EQ(Get("a", "others"), "3");
  Set("a", "4");
  EXPECT_EQ(Get("a"), "4");
  EXPECT_EQ(Get("b"), "-");
}

TEST_P(BackingContract, ClearAllEmptiesEveryNamespace) {
  Set("a", "1");
  Write(Row("a", "2"), "others");
  ASSERT_TRUE(backing_->ClearAll().ok());
  EXPECT_EQ(Get("a"), "-");
  EXPECT_EQ(Get("a", "others"), "-");
  Set("a", "3");
  EXPECT_EQ(Get("a"), "3");
}

// --- Upkeep --------------------------------------------------------------------------------------

TEST_P(BackingContract, SweepKeepsItsBudgetAndComesToAnEnd) {
  for (int i = 0; i < 10; ++i) SetFor(absl::Seconds(1), "short" + std::to_string(i), "1");
  for (int i = 0; i < 10; ++i) Write(Row(std::to_string(i), "1"), "others");
  Set("long", "1", {"t"});
  EXPECT_FALSE(Sweep(100));
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(backing_->Clear("others").ok());
  int sweeps = 1;
  while (Sweep(4)) ++sweeps;
  EXPECT_GE(sweeps, 5);  // 20 rows, 4 at a time
  EXPECT_LE(sweeps, 7);
  EXPECT_FALSE(Sweep(4));
  EXPECT_EQ(Get("long"), "1");
  EXPECT_EQ(DeleteTag("t"), 1);
}

TEST_P(BackingContract, SweepDoesNotTouchWhatCameBackUnderAClearedName) {
  Set("a", "1");
  ASSERT_TRUE(backing_->Clear("users").ok());
  Set("a", "2");
  while (Sweep(10)) {
  }
  EXPECT_EQ(Get("a"), "2");
}

TEST_P(BackingContract, CountRowsCountsLiveRowsByNamespace) {
  Set("a", "four");
  Set("b", "");
  SetFor(absl::Seconds(1), "c", "expires");
  Write(Row("a", "1"), "others");
  Write(Row("a", "1"), "cleared");
  ASSERT_TRUE(backing_->Clear("cleared").ok());
  clock_.Advance(absl::Seconds(1));

  std::vector<std::string> counts;
  const auto counted = backing_->CountRows();
  ASSERT_TRUE(counted.ok());
  for (const Backing::Count& count : *counted) {
    counts.push_back(count.namespace_name + " " + std::to_string(count.rows) + " " +
                     std::to_string(count.value_bytes));
  }
  EXPECT_THAT(counts, UnorderedElementsAre("users 2 4", "others 1 1"));
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_ROW_LIFE_CONTRACT_H_
