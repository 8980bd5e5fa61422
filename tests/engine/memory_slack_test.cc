// Entries are moved together when the room between them is too much: nobody may notice. When that
// may wait, and when it may not.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/memory_invalidation.h"
#include "engine/memory_tier.h"
#include "engine/namespace_state.h"
#include "tests/support/read_modes.h"
#include "tests/support/status_matchers.h"

namespace trivet::engine {
namespace {

using testing::IsOk;

constexpr size_t kEntries = 40'000;
constexpr size_t kValueBytes = 1000;
constexpr size_t kKept = 8;    // of so many entries one stays
constexpr size_t kTagged = 3;  // of those that stay, so many have one of the tags

// 40 MiB of entries, of which seven in eight go: blocks of the others in nearly every page.
class MemorySlackTest : public ::testing::Test {
 protected:
  explicit MemorySlackTest(size_t memory_bytes = 256 << 20, bool reader_fence = false)
      : fence_(reader_fence), memory_({.memory_bytes = memory_bytes}, clock_) {
    for (size_t i = 0; i < kEntries; ++i) {
      std::vector<std::string> tags;
      if (IsKept(i) && i / kKept % kTagged == 0) tags = {"a", "b"};
      EXPECT_THAT(memory_.Set(Ref(i), {.value = ValueOf(i), .tags = tags}, {}), IsOk());
    }
    full_ = memory_.page_bytes();
    for (size_t i = 0; i < kEntries; ++i) {
      if (!IsKept(i)) memory_.Remove(Ref(i), RemovalCause::kExplicit);
    }
  }

  void TearDown() override { memory_.CheckInvariants(); }

  static bool IsKept(size_t i) { return i % kKept == 0; }
  static bool IsTagged(size_t i) { return IsKept(i) && i / kKept % kTagged == 0; }
  static std::string ValueOf(size_t i) {
    std::string value = std::to_string(i);
    value.resize(kValueBytes, static_cast<char>('a' + i % 26));
    return value;
  }
  KeyRef Ref(size_t i) {
    static thread_local std::string key;
    key = absl::StrCat("key", i);
    return memory_.Ref(&users_, key);
  }

  // As often as the background thread would in a few seconds.
  void Maintain() {
    for (int i = 0; i < 100; ++i) {
      while (memory_.Maintain(100'000)) {
      }
      clock_.Advance(absl::Milliseconds(100));
    }
  }

  bool HasAll() {
    for (size_t i = 0; i < kEntries; ++i) {
      const Value value = memory_.Find(Ref(i));
      if (static_cast<bool>(value) != IsKept(i)) return false;
      if (value && value.bytes() != ValueOf(i)) return false;
    }
    return true;
  }

  const testing::ScopedReaderFence fence_;
  ManualClock clock_;
  NamespaceState users_{0, "users", {}};
  MemoryTier memory_;
  size_t full_ = 0;
};

TEST_F(MemorySlackTest, TheRoomComesBackAndTheEntriesStay) {
  ASSERT_GT(memory_.page_bytes(), full_ / 2) << "there is nothing to win";
  Maintain();
  EXPECT_LT(memory_.page_bytes(), full_ / kKept + (10 << 20));
  EXPECT_TRUE(HasAll());
}

TEST_F(MemorySlackTest, AfterAClearTheMemoryComesBack) {
  Clear(memory_, &users_);
  Maintain();
  // What this thread keeps at hand lies in many pages.
  EXPECT_LT(memory_.page_bytes(), full_ / 8);
}

TEST_F(MemorySlackTest, MovedEntriesKeepTheirTags) {
  Maintain();
  ASSERT_LT(memory_.page_bytes(), full_ / 2);
  InvalidateTag(memory_, &users_, "b");
  for (size_t i = 0; i < kEntries; ++i) {
    EXPECT_EQ(static_cast<bool>(memory_.Find(Ref(i))), IsKept(i) && !IsTagged(i)) << i;
  }
}

TEST_F(MemorySlackTest, EntriesWithAnIdleTtlMoveToo) {
  constexpr Millis kIdle = 1'000'000;
  for (size_t i = 0; i < kEntries; i += kKept) {
    EXPECT_THAT(memory_.Set(Ref(i), {.value = ValueOf(i), .idle = kIdle}, {}), IsOk());
  }
  Maintain();
  EXPECT_LT(memory_.page_bytes(), full_ / kKept + (10 << 20));
  EXPECT_TRUE(HasAll());
  for (size_t i = 0; i < kEntries; i += kKept) EXPECT_EQ(memory_.Peek(Ref(i))->idle, kIdle);
  memory_.CheckInvariants();
}

TEST_F(MemorySlackTest, WhatIsPinnedStaysWhereItIs) {
  std::vector<Value> pinned;
  for (size_t i = 0; i < kEntries; i += 2 * kKept) pinned.push_back(memory_.Find(Ref(i)));
  Maintain();
  for (size_t n = 0; n < pinned.size(); ++n) {
    const Value found = memory_.Find(Ref(2 * kKept * n));
    EXPECT_EQ(found.bytes().data(), pinned[n].bytes().data());
    EXPECT_EQ(pinned[n].bytes(), ValueOf(2 * kKept * n));
  }
  pinned.clear();
  Maintain();
  EXPECT_LT(memory_.page_bytes(), full_ / kKept + (10 << 20)) << "it is tried again";
}

class MovedReadersTest : public MemorySlackTest, public ::testing::WithParamInterface<bool> {
 protected:
  MovedReadersTest() : MemorySlackTest(256 << 20, GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Fences, MovedReadersTest, ::testing::Bool(), testing::FenceName);

TEST_P(MovedReadersTest, FindWhatMovesMeanwhile) {
  std::atomic<bool> ended{false};
  std::atomic<size_t> wrong{0};
  std::vector<std::thread> readers;
  for (size_t reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      size_t i = reader * kEntries / 2;
      while (!ended) {
        i = (i + kKept) % kEntries;
        bool found = false;
        memory_.Read(Ref(i), [&](Entry* entry) { found = entry->value() == ValueOf(i); });
        if (!found) ++wrong;
      }
    });
  }
  Maintain();
  ended = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  Maintain();
  EXPECT_LT(memory_.page_bytes(), full_ / 2);
}

// --- Where writes take part

// So small a budget that the room is much of it.
class HelpTest : public MemorySlackTest {
 protected:
  HelpTest() : MemorySlackTest(48 << 20) {}

  absl::Status Write(size_t i) {
    const std::string key = absl::StrCat("new", i);
    return memory_.Set(memory_.Ref(&users_, key), {.value = "a small one"}, {}).status();
  }
};

TEST_F(HelpTest, WritesWinBackWhatOneThreadDoesNot) {
  // A pass begins, and it is seen that it should be faster.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(memory_.Maintain(8));
  ASSERT_GT(memory_.page_bytes(), full_ / 2);
  for (size_t i = 0; i < 5000; ++i) ASSERT_THAT(Write(i), IsOk());
  EXPECT_LT(memory_.page_bytes(), full_ / 2);
  EXPECT_TRUE(HasAll());
}

TEST_F(HelpTest, NoWriteIsRefusedForWhatMovesWhileAReaderStays) {
  const bool found = memory_.Read(Ref(0), [&](Entry*) {
    for (size_t i = 0; i < 5000; ++i) {
      memory_.Maintain(64);
      ASSERT_THAT(Write(i), IsOk());
    }
  });
  EXPECT_TRUE(found);
  Maintain();
  EXPECT_LT(memory_.page_bytes(), full_ / 2) << "it goes on when the reader has gone";
  EXPECT_TRUE(HasAll());
}

TEST_F(HelpTest, MaintenanceAndWritersMoveTogether) {
  std::vector<std::thread> writers;
  for (size_t writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      for (size_t i = 0; i < 5000; ++i) EXPECT_THAT(Write(i * 2 + writer), IsOk());
    });
  }
  for (int i = 0; i < 200; ++i) memory_.Maintain(64);
  for (std::thread& writer : writers) writer.join();
  Maintain();
  EXPECT_LT(memory_.page_bytes(), full_ / 2);
  EXPECT_TRUE(HasAll());
}

// --- When a pass follows another one

// A pass that could win nothing is over: it met pins, which are gone by now. There is no more to
// win than it left, so that the next one is not worth it for many rounds of maintenance.
class UrgentSlackTest : public MemorySlackTest {
 protected:
  explicit UrgentSlackTest(size_t memory_bytes = 256 << 20,
                           absl::Duration pass = absl::ZeroDuration())
      : MemorySlackTest(memory_bytes) {
    std::vector<Value> pinned;
    for (size_t i = 0; i < kEntries; i += kKept) pinned.push_back(memory_.Find(Ref(i)));
    int steps = 0;
    while (memory_.Maintain(100)) {
      if (++steps <= kSteps) clock_.Advance(pass / kSteps);
    }
    EXPECT_GT(steps, kSteps) << "the pass did not take as long as it should have";
    pinned.clear();
    before_ = memory_.page_bytes();
  }

  // Until nothing is left to do, at one moment; then what was moved gives its memory back.
  void MaintainNow() {
    while (memory_.Maintain(100'000)) {
    }
    memory_.Maintain(1);
  }

  // Some 3 MiB more of room: too little to be worth another pass by itself.
  void RemoveMore() {
    for (size_t i = 0; i < kEntries; i += 2 * kKept) {
      memory_.Remove(Ref(i), RemovalCause::kExplicit);
    }
  }

  bool HasMoved() { return memory_.page_bytes() < before_ / 2; }

 private:
  static constexpr int kSteps = 10;  // of the pass, which takes more

  size_t before_ = 0;
};

TEST_F(UrgentSlackTest, APassThatWonNothingIsNotRepeatedWhileNothingChanges) {
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(absl::Seconds(10));
    MaintainNow();
  }
  EXPECT_FALSE(HasMoved());
}

TEST_F(UrgentSlackTest, WhereTheRoomThreatensTheBudgetTheNextPassNeedNotBeWorthIt) {
  RemoveMore();
  MaintainNow();
  EXPECT_TRUE(HasMoved());
}

class RoomyBudgetTest : public UrgentSlackTest {
 protected:
  RoomyBudgetTest() : UrgentSlackTest(size_t{2} << 30) {}
};

TEST_F(RoomyBudgetTest, WhereTheRoomIsASmallPartOfTheBudgetTheNextPassWaits) {
  RemoveMore();
  MaintainNow();
  EXPECT_FALSE(HasMoved());
}

class SlowPassTest : public UrgentSlackTest {
 protected:
  SlowPassTest() : UrgentSlackTest(256 << 20, absl::Seconds(16)) {}
};

TEST_F(SlowPassTest, TheNextUrgentPassWaitsForAnEighthOfTheTimeThatTheLastOneTook) {
  RemoveMore();
  MaintainNow();
  clock_.Advance(absl::Milliseconds(1999));
  MaintainNow();
  EXPECT_FALSE(HasMoved());
  clock_.Advance(absl::Milliseconds(1));
  MaintainNow();
  EXPECT_TRUE(HasMoved());
}

}  // namespace
}  // namespace trivet::engine
