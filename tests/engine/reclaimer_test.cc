#include "engine/reclaimer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/tag_groups.h"
#include "tests/engine/test_entries.h"
#include "tests/support/random_test.h"

namespace trivet::engine {

void PrintTo(GraceFence fence, std::ostream* out) {
  *out << (fence == GraceFence::kReader ? "Reader" : "Membarrier");
}

namespace {

class ReclaimerTest : public ::testing::TestWithParam<GraceFence> {
 protected:
  void SetUp() override {
    if (GetParam() == GraceFence::kMembarrier && BestGraceFence() != GraceFence::kMembarrier) {
      GTEST_SKIP() << "this system has no membarrier";
    }
  }

  Entry* Unlinked(const std::string& value = "v") {
    return testing::MakeEntry("k", value).release();
  }
  void Retire(Entry* entry) { reclaimer_.Retire({&entry, 1}, {}, entry->charge()); }
  size_t Waiting() const { return reclaimer_.retired_entries(); }

  EntryLedger ledger_{testing::TestArena()};
  Reclaimer reclaimer_{ledger_, GetParam()};
};

TEST_P(ReclaimerTest, WithoutReadersAllIsFreed) {
  Retire(Unlinked());
  EXPECT_EQ(Waiting(), 1u) << "collected";
  reclaimer_.Reclaim();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_P(ReclaimerTest, WhatAReaderMaySeeStaysUntilItHasGone) {
  Entry* const seen = Unlinked("seen");
  {
    const Reclaimer::Reading reading(reclaimer_, reclaimer_.records().Mine());
    Retire(seen);
    std::thread([&] { reclaimer_.Reclaim(); }).join();
    EXPECT_EQ(Waiting(), 1u);
    EXPECT_EQ(seen->value(), "seen");
  }
  reclaimer_.Reclaim();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_P(ReclaimerTest, AReaderThatComesLaterHoldsNothingUp) {
  Retire(Unlinked());
  {
    const Reclaimer::Reading early(reclaimer_, reclaimer_.records().Mine());
    reclaimer_.Reclaim();  // seals, and begins a new era
    EXPECT_EQ(Waiting(), 1u);
  }
  std::thread([&] {
    const Reclaimer::Reading late(reclaimer_, reclaimer_.records().Mine());
    reclaimer_.Reclaim();
    EXPECT_EQ(Waiting(), 0u);
  }).join();
}

TEST_P(ReclaimerTest, OfNestedReadsTheOuterOneCounts) {
  {
    const Reclaimer::Reading outer(reclaimer_, reclaimer_.records().Mine());
    Retire(Unlinked());
    { const Reclaimer::Reading inner(reclaimer_, reclaimer_.records().Mine()); }
    reclaimer_.Reclaim();
    EXPECT_EQ(Waiting(), 1u);
  }
  reclaimer_.Reclaim();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_P(ReclaimerTest, AHandleOutlivesTheGracePeriod) {
  Entry* const entry = Unlinked("pinned");
  Value value = ledger_.Pin(entry);
  Retire(entry);
  reclaimer_.Reclaim();
  EXPECT_EQ(value.bytes(), "pinned");
  EXPECT_EQ(Waiting(), 1u);
  value.Reset();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_P(ReclaimerTest, ACollectionIsFreedWhenItIsLargeEnough) {
  reclaimer_.SetBatchBytes(1000, 1000);
  size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    Retire(Unlinked(std::string(100, 'v')));
    most = std::max(most, reclaimer_.retired_bytes());
  }
  EXPECT_LT(most, 1500u);
  reclaimer_.SetBatchBytes(1 << 30, 1 << 30);
  for (int i = 0; i < 4000; ++i) Retire(Unlinked());
  EXPECT_LT(Waiting(), 1100u) << "or when it has many";
}

TEST_P(ReclaimerTest, WhatOtherThreadsCollectedIsReclaimedToo) {
  std::thread([&] { Retire(Unlinked()); }).join();
  EXPECT_EQ(Waiting(), 1u);
  reclaimer_.Reclaim();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_P(ReclaimerTest, TagGroupsWaitAsWell) {
  std::vector<std::unique_ptr<TagGroup>> groups;
  groups.push_back(TagGroup::Create(testing::TestArena(), nullptr));
  const TagGroup* const group = groups.front().get();
  {
    const Reclaimer::Reading reading(reclaimer_, reclaimer_.records().Mine());
    reclaimer_.Retire({}, groups, sizeof(TagGroup));
    reclaimer_.Reclaim();
    EXPECT_FALSE(group->mark->doomed) << "readable";
  }
}

// The torture: readers follow a pointer that a writer changes all the time. A block that is freed
// too early is found by its bytes, and by the address sanitizer's relatives.
TEST_P(ReclaimerTest, ReadersNeverMeetMemoryThatWasUsedAgain) {
  std::atomic<Entry*> published{Unlinked(std::string(64, 'a'))};
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  std::atomic<size_t> reads{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      ThreadRecord& record = reclaimer_.records().Mine();
      while (!done) {
        const Reclaimer::Reading reading(reclaimer_, record);
        const std::string_view bytes = published.load(std::memory_order_acquire)->value();
        ASSERT_EQ(bytes, std::string(bytes.size(), bytes.front()));
        ++reads;
      }
    });
  }
  reclaimer_.SetBatchBytes(1000, 1000);
  for (size_t i = 0; i < testing::ScaledCount(100'000) || reads < 1000; ++i) {
    Entry* const fresh = Unlinked(std::string(32 + i % 64, static_cast<char>('a' + i % 26)));
    Retire(published.exchange(fresh, std::memory_order_acq_rel));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  Retire(published.load());
  reclaimer_.Reclaim();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_P(ReclaimerTest, ACollectionIsFreedSoonerWhereValuesHoldIt) {
  reclaimer_.SetBatchBytes(1 << 20, 1000);
  std::vector<Value> values;
  for (int i = 0; i < 100; ++i) {
    Entry* const entry = Unlinked(std::string(100, 'v'));
    values.push_back(ledger_.Pin(entry));
    Retire(entry);
    ASSERT_LT(reclaimer_.retired_bytes() - ledger_.pinned_bytes(), 1500u);
  }
}

// Writers free what they retired themselves, and what they leave behind somebody else does.
TEST_P(ReclaimerTest, WritersShareNothingAndLoseNothing) {
  reclaimer_.SetBatchBytes(2000, 2000);
  std::atomic<bool> done{false};
  std::thread keeper([&] {
    while (!done) reclaimer_.Reclaim();
  });
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      for (size_t turn = 0; turn < testing::ScaledCount(20'000); ++turn) {
        const Reclaimer::Reading reading(reclaimer_, reclaimer_.records().Mine());
        Retire(Unlinked(std::string(turn % 64, 'v')));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  keeper.join();
  reclaimer_.Reclaim();
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(reclaimer_.retired_bytes(), 0u);
  EXPECT_EQ(reclaimer_.waiting_bytes(), 0u);
}

TEST_P(ReclaimerTest, WhereTheSameReaderStillHoldsUpNothingIsTriedAgain) {
  Retire(Unlinked());
  reclaimer_.ReclaimUnlessHeldUp();
  EXPECT_EQ(Waiting(), 0u) << "nobody held up anything so far";
  {
    const Reclaimer::Reading reading(reclaimer_, reclaimer_.records().Mine());
    Retire(Unlinked());
    reclaimer_.Reclaim();
    const size_t waiting = reclaimer_.waiting_bytes();
    EXPECT_GT(waiting, 0u);
    Retire(Unlinked());
    reclaimer_.ReclaimUnlessHeldUp();
    EXPECT_EQ(reclaimer_.waiting_bytes(), waiting) << "not tried";
  }
  reclaimer_.ReclaimUnlessHeldUp();
  EXPECT_EQ(Waiting(), 0u);
}

TEST_P(ReclaimerTest, WhatWaitsIsCountedFromTheMomentItIsSealed) {
  Entry* const seen = Unlinked("seen");
  const size_t charge = seen->charge();
  {
    const Reclaimer::Reading reading(reclaimer_, reclaimer_.records().Mine());
    Retire(seen);
    EXPECT_EQ(reclaimer_.waiting_bytes(), 0u) << "collected";
    EXPECT_EQ(reclaimer_.retired_bytes(), charge);
    reclaimer_.Reclaim();
    EXPECT_EQ(reclaimer_.waiting_bytes(), charge);
    EXPECT_EQ(reclaimer_.retired_bytes(), charge);
  }
  reclaimer_.Reclaim();
  EXPECT_EQ(reclaimer_.waiting_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Fences, ReclaimerTest,
                         ::testing::Values(GraceFence::kMembarrier, GraceFence::kReader),
                         [](const auto& param_info) {
                           return std::string(
                               param_info.param == GraceFence::kReader ? "Reader" : "Membarrier");
                         });

}  // namespace
}  // namespace trivet::engine
