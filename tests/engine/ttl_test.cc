// TTLs and idle TTLs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::RemovalLog;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::Text;

class TtlTest : public testing::CacheFixture {
 protected:
  void SetUp() override { Open({.removal_listener = removals_.Listener()}); }

  RemovalLog removals_;
};

TEST_F(TtlTest, AnEntryLivesForItsTtlAndNoLonger) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.ttl = absl::Milliseconds(100)}), IsOk());
  clock_.Advance(absl::Milliseconds(99));
  EXPECT_EQ(Text(users.Find("42")), "json");
  EXPECT_THAT(users.Ttl("42"), IsOkAndHolds(Eq(absl::Milliseconds(1))));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(users.Find("42"));
  EXPECT_THAT(users.Ttl("42"), IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_THAT(removals_.Take(), ElementsAre("users/42 expired"));
}

TEST_F(TtlTest, WithoutOneItLivesForEver) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  clock_.Advance(absl::Hours(24 * 365 * 50));
  MaintainAll();
  EXPECT_EQ(Text(users.Find("42")), "json");
  EXPECT_THAT(users.Ttl("42"), IsOkAndHolds(Eq(absl::InfiniteDuration())));
}

TEST_F(TtlTest, ASetMaySayOtherwiseThanTheNamespace) {
  Namespace users = cache_->In("short", {.ttl = absl::Seconds(1)});
  ASSERT_THAT(users.Set("default", "v"), IsOk());
  ASSERT_THAT(users.Set("longer", "v", {.ttl = absl::Seconds(3)}), IsOk());
  ASSERT_THAT(users.Set("for ever", "v", {.ttl = absl::InfiniteDuration()}), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(users.Find("default"));
  EXPECT_TRUE(users.Find("longer"));
  clock_.Advance(absl::Hours(100));
  EXPECT_FALSE(users.Find("longer"));
  EXPECT_TRUE(users.Find("for ever"));
}

TEST_F(TtlTest, AReplacedEntryHasTheTtlOfTheNewOne) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "old", {.ttl = absl::Seconds(1)}), IsOk());
  ASSERT_THAT(users.Set("42", "new"), IsOk());
  clock_.Advance(absl::Seconds(10));
  MaintainAll();
  EXPECT_EQ(Text(users.Find("42")), "new");
}

TEST_F(TtlTest, TheLongestTtlIsTaken) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.ttl = kTtlMax}), IsOk());
  clock_.Advance(kTtlMax - absl::Milliseconds(1));
  MaintainAll();
  EXPECT_TRUE(users.Find("42"));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TtlTest, TheShortestTtlIsRoundedUpToAMillisecond) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.ttl = absl::Nanoseconds(1)}), IsOk());
  EXPECT_TRUE(users.Find("42"));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TtlTest, TheCalendarHasNoSay) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json", {.ttl = absl::Seconds(10)}), IsOk());
  clock_.JumpWallTime(absl::Hours(1000));
  EXPECT_TRUE(users.Find("42"));
  clock_.JumpWallTime(-absl::Hours(5000));
  clock_.Advance(absl::Seconds(10));
  EXPECT_FALSE(users.Find("42"));
}

TEST_F(TtlTest, MemoryComesBackWithoutReads) {
  Namespace users = cache_->In("users", {.ttl = absl::Seconds(1)});
  const uint64_t bytes_before = cache_->stats().bytes;
  for (int i = 0; i < 1000; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(cache_->stats().entries, 1000u);
  EXPECT_TRUE(cache_->Maintain(200)) << "there is more";
  EXPECT_GE(cache_->stats().entries, 780u) << "a bucket more than 200, at most";
  EXPECT_LT(cache_->stats().entries, 1000u);
  MaintainAll();
  EXPECT_EQ(cache_->stats().entries, 0u);
  EXPECT_EQ(cache_->stats().bytes, bytes_before);
  EXPECT_EQ(cache_->stats().expired, 1000u);
  EXPECT_EQ(removals_.Take().size(), 1000u);
}

TEST_F(TtlTest, WritesPayForALittleMaintenance) {
  Namespace users = cache_->In("users");
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(users.Set("dead" + std::to_string(i), "v", {.ttl = absl::Seconds(1)}), IsOk());
  }
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 500; ++i) ASSERT_THAT(users.Set(std::to_string(i), "v"), IsOk());
  EXPECT_EQ(users.stats().expired, 100u);
}

// --- Touch --------------------------------------------------------------------------------------

TEST_F(TtlTest, TouchGivesANewTtlFromNow) {
  Namespace users = cache_->In("users");
  const auto set = users.Set("42", "json", {.ttl = absl::Seconds(10)});
  clock_.Advance(absl::Seconds(9));
  EXPECT_THAT(users.Touch("42", absl::Seconds(10)), IsOkAndHolds(true));
  EXPECT_THAT(users.Ttl("42"), IsOkAndHolds(Eq(absl::Seconds(10))));
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(Text(users.Find("42")), "json");
  EXPECT_EQ(users.Get("42")->version, set->version) << "no new version";
  EXPECT_THAT(users.Touch("42", absl::InfiniteDuration()), IsOkAndHolds(true));
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(users.Find("42"));
  EXPECT_THAT(users.Touch("42", absl::Milliseconds(1)), IsOkAndHolds(true));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(users.Find("42"));
  EXPECT_THAT(removals_.Take(), ElementsAre("users/42 expired"));
}

TEST_F(TtlTest, TouchOfNothingSaysSo) {
  Namespace users = cache_->In("users");
  EXPECT_THAT(users.Touch("42", absl::Seconds(1)), IsOkAndHolds(false));
  ASSERT_THAT(users.Set("42", "json", {.ttl = absl::Seconds(1)}), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(users.Touch("42", absl::Seconds(1)), IsOkAndHolds(false));
}

TEST_F(TtlTest, TouchChecksItsTtl) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  for (const absl::Duration ttl :
       {absl::ZeroDuration(), -absl::Seconds(1), kTtlMax + absl::Milliseconds(1)}) {
    EXPECT_THAT(users.Touch("42", ttl),
                StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("ttl:")));
  }
  EXPECT_THAT(users.Ttl("42"), IsOkAndHolds(Eq(absl::InfiniteDuration())));
}

// --- Idle TTL -----------------------------------------------------------------------------------

TEST_F(TtlTest, AnEntryThatNobodyReadsGoes) {
  Namespace users = cache_->In("idle", {.idle_ttl = absl::Seconds(16)});
  ASSERT_THAT(users.Set("42", "json"), IsOk());
  clock_.Advance(absl::Seconds(17) - absl::Milliseconds(1));
  EXPECT_THAT(users.Has("42"), IsOkAndHolds(true)) << "up to 17/16";
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(users.Has("42"), IsOkAndHolds(false));
  EXPECT_THAT(removals_.Take(), ElementsAre("idle/42 expired"));
}

// After each read the entry lives at least its idle TTL, and at most a sixteenth more.
TEST_F(TtlTest, EveryReadStartsTheIdleTtlAnew) {
  Namespace users = cache_->In("idle", {.idle_ttl = absl::Milliseconds(160)});
  for (const int pause : {1, 5, 9, 10, 11, 50, 159, 160}) {
    ASSERT_THAT(users.Set("42", "json"), IsOk());
    clock_.Advance(absl::Milliseconds(pause));
    ASSERT_TRUE(users.Find("42")) << pause;
    clock_.Advance(absl::Milliseconds(159));
    MaintainAll();
    EXPECT_THAT(users.Has("42"), IsOkAndHolds(true)) << pause;
    clock_.Advance(absl::Milliseconds(11));
    EXPECT_THAT(users.Has("42"), IsOkAndHolds(false)) << pause;
  }
}

TEST_F(TtlTest, EveryKindOfReadCounts) {
  Namespace users = cache_->In("idle", {.idle_ttl = absl::Seconds(16)});
  for (const char* key : {"find", "into", "visit", "get", "mget", "load"}) {
    ASSERT_THAT(users.Set(key, "json"), IsOk());
  }
  for (int turn = 0; turn < 5; ++turn) {
    clock_.Advance(absl::Seconds(15));
    MaintainAll();
    std::string out;
    const std::string_view batch[] = {"mget"};
    EXPECT_TRUE(users.Find("find"));
    EXPECT_TRUE(users.FindInto("into", &out));
    EXPECT_TRUE(users.Visit("visit", [](std::string_view) {}));
    EXPECT_EQ(Text(users.Get("get")), "json");
    EXPECT_EQ(Text(users.MGet(batch).front()), "json");
    EXPECT_EQ(Text(users.GetOrLoad("load", [](Load&) { return std::string("again"); })), "json");
  }
}

TEST_F(TtlTest, OfTtlAndIdleTtlTheFirstToEndCounts) {
  Namespace users = cache_->In("users");
  const SetOptions both{.ttl = absl::Seconds(20), .idle_ttl = absl::Seconds(16)};
  ASSERT_THAT(users.Set("idle", "v", both), IsOk());
  ASSERT_THAT(users.Set("read", "v", both), IsOk());
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(users.Find("read"));
  EXPECT_THAT(users.Ttl("read"), IsOkAndHolds(Eq(absl::Seconds(10))))
      << "the idle TTL is not in it";
  clock_.Advance(absl::Seconds(7));
  EXPECT_THAT(users.Has("idle"), IsOkAndHolds(false));
  EXPECT_THAT(users.Has("read"), IsOkAndHolds(true));
  clock_.Advance(absl::Seconds(3));
  EXPECT_THAT(users.Has("read"), IsOkAndHolds(false));
}

TEST_F(TtlTest, ASetMaySwitchTheIdleTtlOff) {
  Namespace users = cache_->In("idle", {.idle_ttl = absl::Seconds(16)});
  ASSERT_THAT(users.Set("42", "v", {.idle_ttl = absl::InfiniteDuration()}), IsOk());
  clock_.Advance(absl::Hours(1));
  MaintainAll();
  EXPECT_TRUE(users.Find("42"));
  EXPECT_THAT(removals_.Take(), IsEmpty());
}

TEST_F(TtlTest, MemoryOfIdleEntriesComesBackWithoutReads) {
  Namespace users = cache_->In("idle", {.idle_ttl = absl::Seconds(16)});
  ASSERT_THAT(users.Set("idle", "v"), IsOk());
  ASSERT_THAT(users.Set("read", "v"), IsOk());
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(users.Find("read"));
  clock_.Advance(absl::Seconds(7));
  MaintainAll();
  EXPECT_EQ(users.stats().entries, 1u);
  clock_.Advance(absl::Seconds(10));
  MaintainAll();
  EXPECT_EQ(users.stats().entries, 0u);
}

}  // namespace
}  // namespace trivet
