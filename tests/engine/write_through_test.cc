// Writes that go through the store to memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using testing::Gate;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::RemovalLog;
using testing::StatusIs;
using testing::Text;

// Counts the threads that have begun to wait for a deadline.
class WaitCountingClock final : public Clock {
 public:
  absl::Duration Elapsed() const override { return clock_.Elapsed(); }
  absl::Time WallTime() const override { return clock_.WallTime(); }
  absl::Duration WaitSlice(absl::Duration deadline) const override {
    ++waits_;
    return clock_.WaitSlice(deadline);
  }
  void AwaitAWait() const {
    while (waits_ == 0) std::this_thread::yield();
  }

 private:
  ManualClock clock_;
  mutable std::atomic<int> waits_{0};
};

class WriteThroughTest : public testing::StoreFixture {
 protected:
  void SetUp() override { Open(); }

  // Everything that writes the key 42 through the store.
  struct Write {
    const char* name;
    std::function<absl::Status(Namespace&)> run;
    const char* stored;  // afterwards, if it succeeds
  };
  static std::vector<Write> AllWrites() {
    static constexpr std::string_view kKeys[] = {"42"};
    static constexpr Namespace::Item kItems[] = {{"42", "7"}};
    return {
        {"Set", [](Namespace& n) { return n.Set("42", "7").status(); }, "7"},
        {"MSet", [](Namespace& n) { return n.MSet(kItems).status(); }, "7"},
        {"Delete", [](Namespace& n) { return n.Delete("42").status(); }, "-"},
        {"MDelete", [](Namespace& n) { return n.MDelete(kKeys).status(); }, "-"},
        {"Take", [](Namespace& n) { return n.Take("42").status(); }, "-"},
        {"Touch", [](Namespace& n) { return n.Touch("42", absl::Hours(1)).status(); }, "1"},
        {"Increment", [](Namespace& n) { return n.Increment("42", 6).status(); }, "7"},
    };
  }
};

TEST_F(WriteThroughTest, TheStoreTakesAValueBeforeMemoryDoes) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "old"), IsOk());
  int calls = 0;
  store_->OnCall([&] {
    ++calls;
    EXPECT_EQ(Text(cache_->In("users").Find("42")), "old") << "not yet written anywhere";
  });
  const auto set = users.Set("42", "new");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(Stored("42"), "new");
  EXPECT_EQ(Text(users.Find("42")), "new");
  EXPECT_EQ(set->version, (*rows_->Read("users", "42"))->version);
  EXPECT_EQ(users.Get("42")->version, set->version);
  EXPECT_EQ(users.Get("42")->tier, Tier::kMemory);
}

TEST_F(WriteThroughTest, TtlAndTagsGoToTheStoreToo) {
  Namespace users = cache_->In("users", {.ttl = absl::Hours(1)});
  ASSERT_THAT(users.Set("1", "v", {.tags = {"b", "a", "b"}}), IsOk());
  ASSERT_THAT(users.Set("2", "v", {.ttl = absl::Seconds(5)}), IsOk());
  ASSERT_THAT(users.Set("3", "v", {.ttl = absl::InfiniteDuration()}), IsOk());
  const auto row = *rows_->Read("users", "1");
  EXPECT_THAT(row->tags, ElementsAre("a", "b"));
  EXPECT_EQ(row->expires_at, clock_.WallTime() + absl::Hours(1));
  EXPECT_EQ((*rows_->Read("users", "2"))->expires_at, clock_.WallTime() + absl::Seconds(5));
  EXPECT_EQ((*rows_->Read("users", "3"))->expires_at, absl::InfiniteFuture());
  ASSERT_THAT(users.Set("1", "w"), IsOk());
  EXPECT_THAT((*rows_->Read("users", "1"))->tags, ElementsAre()) << "the new ones: none";
}

TEST_F(WriteThroughTest, ANamespaceOfMemoryAloneWritesNothingToTheStore) {
  Namespace local = cache_->In("local", {.use_backing = false});
  for (const Write& write : AllWrites()) {
    ASSERT_THAT(local.Set("42", "1"), IsOk());
    EXPECT_THAT(write.run(local), IsOk()) << write.name;
  }
  EXPECT_EQ(TakeCalls(), 0u);
}

// --- Failures -----------------------------------------------------------------------------------

TEST_F(WriteThroughTest, WhatTheStoreRefusesChangesNothingInMemory) {
  Namespace users = cache_->In("users");
  for (const Write& write : AllWrites()) {
    ASSERT_THAT(users.Set("42", "1", {.ttl = absl::Seconds(9), .tags = {"t"}}), IsOk());
    // The first call that the write makes, then the second, and so on, until it succeeds.
    absl::Status status = absl::UnavailableError("");
    for (size_t nth = 1; !status.ok(); ++nth) {
      store_->FailBefore(nth, absl::UnavailableError("busy"));
      TakeCalls();
      status = write.run(users);
      if (status.ok()) break;
      EXPECT_EQ(TakeCalls(), nth) << write.name << " went on after an error";
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable)) << write.name;
      EXPECT_EQ(Stored("42"), "1") << write.name;
      EXPECT_EQ(Text(users.Find("42")), "1") << write.name;
      EXPECT_THAT(users.Ttl("42"), IsOkAndHolds(Eq(absl::Seconds(9)))) << write.name;
    }
    store_->FailBefore(0, absl::OkStatus());  // none
    EXPECT_EQ(Stored("42"), write.stored) << write.name;
    EXPECT_EQ(Text(users.Get("42")), write.stored) << write.name;
  }
}

TEST_F(WriteThroughTest, AStoreThatThrowsHoldsNoWriteUp) {
  Namespace users = cache_->In("users");
  std::vector<Write> writes = AllWrites();
  writes.push_back({"DeleteTag", [](Namespace& n) { return n.DeleteTag("t"); }, "-"});
  writes.push_back({"Clear", [](Namespace& n) { return n.Clear(); }, "-"});
  writes.push_back({"ClearAll", [this](Namespace&) { return cache_->ClearAll(); }, "-"});
  for (const Write& write : writes) {
    ASSERT_THAT(users.Set("42", "1", {.tags = {"t"}}), IsOk());
    store_->OnCall([] { throw std::runtime_error("secret"); });
    const absl::Status status = write.run(users);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnknown, HasSubstr("store threw")))
        << write.name;
    EXPECT_THAT(status.message(), Not(HasSubstr("secret"))) << write.name;
    store_->OnCall(nullptr);
    EXPECT_EQ(Text(users.Get("42")), "1") << write.name << ": memory kept what nobody knows";
    EXPECT_THAT(write.run(users), IsOk()) << write.name;
    EXPECT_EQ(Text(users.Get("42")), write.stored) << write.name;
  }
  EXPECT_THAT(cache_->Close(), IsOk()) << "a write is still in progress";
}

TEST_F(WriteThroughTest, MemoryLetsGoOfWhatNobodyKnows) {
  Namespace users = cache_->In("users");
  for (const Write& write : AllWrites()) {
    ASSERT_THAT(users.Set("42", "1"), IsOk());
    const bool reads_first = std::string_view(write.name) == "Increment";
    store_->FailAfter(reads_first ? 2 : 1);
    EXPECT_THAT(write.run(users), StatusIs(absl::StatusCode::kUnknown)) << write.name;
    EXPECT_FALSE(users.Find("42")) << write.name;
    EXPECT_EQ(Text(users.Get("42")), write.stored) << write.name << ": as the store has it";
    EXPECT_EQ(cache_->stats().removed_explicit, users.stats().removed_explicit);
  }
}

TEST_F(WriteThroughTest, AfterAFailureTheNextWriteGoesOn) {
  Namespace users = cache_->In("users");
  for (const Write& write : AllWrites()) {
    ASSERT_THAT(users.Set("42", "1"), IsOk());
    store_->FailBefore(1, absl::UnavailableError("busy"));
    EXPECT_THAT(write.run(users), StatusIs(absl::StatusCode::kUnavailable)) << write.name;
    EXPECT_THAT(write.run(users), IsOk()) << write.name;
  }
}

// --- Deleting and touching ----------------------------------------------------------------------

TEST_F(WriteThroughTest, DeleteFindsTheEntryInAnyTier) {
  Namespace users = cache_->In("users");
  Store("stored", "v");
  ASSERT_THAT(users.Set("both", "v"), IsOk());
  ASSERT_THAT(users.GetOrLoad("loaded", [](Load&) { return std::string("v"); }), IsOk());
  for (const char* key : {"stored", "both", "loaded"}) {
    EXPECT_THAT(users.Delete(key), IsOkAndHolds(true)) << key;
    EXPECT_THAT(users.Delete(key), IsOkAndHolds(false)) << key;
    EXPECT_EQ(Stored(key), "-") << key;
  }
}

TEST_F(WriteThroughTest, TakeReturnsWhatTheStoreHad) {
  Namespace users = cache_->In("users");
  Store("stored", "row");
  ASSERT_THAT(users.Set("changed", "old"), IsOk());
  Store("changed", "elsewhere");
  ASSERT_THAT(users.GetOrLoad("loaded", [](Load&) { return std::string("v"); }), IsOk());
  EXPECT_EQ(Text(users.Take("stored")), "row");
  EXPECT_EQ(Text(users.Take("changed")), "elsewhere");
  EXPECT_EQ(Text(users.Take("loaded")), "v");
  EXPECT_EQ(Text(users.Take("nowhere")), "-");
}

TEST_F(WriteThroughTest, TouchReachesBothTiers) {
  Namespace users = cache_->In("users");
  Store("stored", "v");
  ASSERT_THAT(users.Set("both", "v"), IsOk());
  ASSERT_THAT(users.GetOrLoad("loaded", [](Load&) { return std::string("v"); }), IsOk());
  const uint64_t version = users.Get("both")->version;
  for (const char* key : {"stored", "both", "loaded"}) {
    EXPECT_THAT(users.Touch(key, absl::Seconds(5)), IsOkAndHolds(true)) << key;
    EXPECT_THAT(users.Ttl(key), IsOkAndHolds(Eq(absl::Seconds(5)))) << key;
  }
  EXPECT_THAT(users.Touch("nowhere", absl::Seconds(5)), IsOkAndHolds(false));
  EXPECT_EQ(users.Get("both")->version, version);
  EXPECT_EQ((*rows_->Read("users", "both"))->expires_at, clock_.WallTime() + absl::Seconds(5));
  clock_.Advance(absl::Seconds(5));
  for (const char* key : {"stored", "both", "loaded"}) EXPECT_EQ(Text(users.Get(key)), "-") << key;
}

// --- Values that memory cannot hold -------------------------------------------------------------

TEST_F(WriteThroughTest, AnOversizeValueGoesToTheStoreAloneAndMemoryLetsGo) {
  RemovalLog removals;
  Open({.memory_bytes = 64 << 10, .removal_listener = removals.Listener()});
  Namespace users = cache_->In("users");
  const std::string huge(20'000, 'x');
  ASSERT_THAT(users.Set("42", "small"), IsOk());
  const auto set = users.Set("42", huge);
  ASSERT_THAT(set, IsOk());
  EXPECT_TRUE(set->applied);
  EXPECT_EQ(Stored("42"), huge);
  EXPECT_FALSE(users.Find("42"));
  EXPECT_THAT(removals.Take(), ElementsAre("users/42 oversize"));
  EXPECT_EQ(users.stats().oversize, 1u);
  ASSERT_THAT(users.Set("43", huge), IsOk());
  EXPECT_EQ(users.stats().oversize, 2u) << "refused by memory, though nothing left it";
}

// --- Writers at once ----------------------------------------------------------------------------

TEST_F(WriteThroughTest, WritersOfOneKeyFollowOneAnother) {
  WaitCountingClock clock;
  Open({.clock = &clock});
  Namespace users = cache_->In("users");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread first([&] { EXPECT_THAT(cache_->In("users").Set("42", "first"), IsOk()); });
  in_store.AwaitArrival();
  std::thread second([&] { EXPECT_THAT(cache_->In("users").Set("42", "second"), IsOk()); });
  clock.AwaitAWait();
  EXPECT_EQ(store_->calls(), 1u);
  EXPECT_THAT(users.Set("43", "beside"), IsOk()) << "other keys do not wait";
  in_store.Open();
  first.join();
  second.join();
  EXPECT_EQ(Stored("42"), "second");
  EXPECT_EQ(Text(users.Find("42")), "second");
}

TEST_F(WriteThroughTest, AWriterThatWaitsTooLongGivesUpAndChangesNothing) {
  Namespace users = cache_->In("users");
  for (const Write& write : AllWrites()) {
    ASSERT_THAT(users.Set("42", "1"), IsOk());
    Gate in_store;
    HoldUpTheNextCall(in_store);
    std::thread first([&] { EXPECT_THAT(cache_->In("users").Set("42", "first"), IsOk()); });
    in_store.AwaitArrival();
    TakeCalls();
    std::thread second([&] {
      Namespace view = cache_->In("users");
      EXPECT_THAT(write.run(view),
                  StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("write")))
          << write.name;
    });
    AdvanceUntilJoined(second);
    EXPECT_EQ(TakeCalls(), 0u) << write.name;
    in_store.Open();
    first.join();
    EXPECT_EQ(Text(users.Find("42")), "first") << write.name;
  }
}

TEST_F(WriteThroughTest, ReadersAreServedTheOldValueWhileAWriteIsOnItsWay) {
  Namespace users = cache_->In("users");
  ASSERT_THAT(users.Set("42", "old"), IsOk());
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread writer([&] { EXPECT_THAT(cache_->In("users").Set("42", "new"), IsOk()); });
  in_store.AwaitArrival();
  EXPECT_EQ(Text(users.Get("42")), "old");
  EXPECT_EQ(Text(users.Find("42")), "old");
  in_store.Open();
  writer.join();
  EXPECT_EQ(Text(users.Get("42")), "new");
}

TEST_F(WriteThroughTest, LoadsWhileAWriteIsOnItsWayAreNeitherSharedNorKept) {
  Namespace users = cache_->In("users");
  Store("42", "old");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread writer([&] { EXPECT_THAT(cache_->In("users").Set("42", "new"), IsOk()); });
  in_store.AwaitArrival();
  EXPECT_EQ(Text(users.Get("42")), "old");
  EXPECT_EQ(Text(users.GetOrLoad("42", [](Load&) { return std::string("loaded"); })), "old");
  EXPECT_FALSE(users.Find("42"));
  EXPECT_EQ(users.stats().load_joins, 0u);
  in_store.Open();
  writer.join();
  EXPECT_EQ(Text(users.Find("42")), "new");
}

TEST_F(WriteThroughTest, ALoadBesideAWriteNeverAnswersLessThanMemoryHas) {
  Store("42", "old");
  Gate writing;
  HoldUpTheNextCall(writing);
  std::thread writer([&] { EXPECT_THAT(cache_->In("users").Set("42", "new"), IsOk()); });
  writing.AwaitArrival();
  Gate reading;
  HoldUpTheNextCall(reading);
  std::thread reader([&] {
    const auto got = cache_->In("users").Get("42");
    EXPECT_EQ(Text(got), "new");
    EXPECT_EQ(got->tier, Tier::kMemory);
  });
  reading.AwaitArrival();
  writing.Open();
  writer.join();
  reading.Open();
  reader.join();
}

// --- Invalidation overtakes a write -------------------------------------------------------------

TEST_F(WriteThroughTest, AWriteThatAnInvalidationOvertookIsInTheStoreAlone) {
  Namespace users = cache_->In("users");
  const std::function<absl::Status()> kFences[] = {
      [&] { return users.Invalidate("42"); },
      [&] { return users.InvalidateTag("t"); },
      [&] { return users.InvalidatePattern("4*").status(); },
  };
  for (const auto& fence : kFences) {
    ASSERT_THAT(users.Set("42", "old", {.tags = {"t"}}), IsOk());
    Gate in_store;
    HoldUpTheNextCall(in_store);
    std::thread writer(
        [&] { EXPECT_THAT(cache_->In("users").Set("42", "new", {.tags = {"t"}}), IsOk()); });
    in_store.AwaitArrival();
    EXPECT_THAT(fence(), IsOk());
    EXPECT_FALSE(users.Find("42"));
    in_store.Open();
    writer.join();
    EXPECT_FALSE(users.Find("42"));
    EXPECT_EQ(Text(users.Get("42")), "new");
  }
}

TEST_F(WriteThroughTest, AWriteThatAClearOvertookIsNotInMemory) {
  Namespace users = cache_->In("users");
  Gate in_store;
  HoldUpTheNextCall(in_store);
  std::thread writer([&] { EXPECT_THAT(cache_->In("users").Set("42", "new"), IsOk()); });
  in_store.AwaitArrival();
  ASSERT_THAT(users.Clear(), IsOk());
  in_store.Open();
  writer.join();
  EXPECT_FALSE(users.Find("42"));
  EXPECT_EQ(Text(users.Get("42")), "new") << "it reached the store after the clear";
}

}  // namespace
}  // namespace trivet
