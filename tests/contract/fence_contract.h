// The fences of a Backing: who may write under a lock. A part of backing_contract.h.
#ifndef TRIVET_TESTS_CONTRACT_FENCE_CONTRACT_H_
#define TRIVET_TESTS_CONTRACT_FENCE_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/contract/backing_fixture.h"
#include "tests/support/backing_rows.h"
#include "trivet/backing.h"
#include "trivet/write_fence.h"

namespace trivet::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

inline absl::Status WriteUnder(Backing& backing, const WriteFence& fence, const StoreWrite& row,
                               uint64_t ticket = kUnlogged) {
  return backing.WriteFenced(fence, "users", {&row, 1}, ticket).status();
}
inline absl::Status DeleteUnder(Backing& backing, const WriteFence& fence, std::string_view key,
                                uint64_t ticket = kUnlogged) {
  return backing.DeleteFenced(fence, "users", {&key, 1}, ticket).status();
}

TEST_P(BackingContract, AFenceThatIsNotPassedLetsNothingChange) {
  EXPECT_TRUE(WriteUnder(*backing_, {"l", 7}, Row("a", "1")).ok());
  const absl::Status write = WriteUnder(*backing_, {"l", 6}, Row("a", "2"), 100);
  EXPECT_TRUE(absl::IsFailedPrecondition(write) && IsFencedOut(write)) << write;
  EXPECT_TRUE(IsFencedOut(WriteUnder(*backing_, {"l", 6}, Row("b", "2"), 100)));
  EXPECT_TRUE(IsFencedOut(DeleteUnder(*backing_, {"l", 6}, "a", 100)));
  EXPECT_THAT(GetMany({"a", "b"}), ElementsAre("1", "-"));
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_P(BackingContract, AFenceIsPassedByTheSameHolderAndByLaterOnes) {
  EXPECT_TRUE(WriteUnder(*backing_, {"l", 7}, Row("a", "1"), 100).ok());
  EXPECT_TRUE(WriteUnder(*backing_, {"l", 7}, Row("a", "2"), 101).ok());
  EXPECT_TRUE(DeleteUnder(*backing_, {"l", 8}, "a", 102).ok());
  EXPECT_TRUE(IsFencedOut(WriteUnder(*backing_, {"l", 7}, Row("a", "3"))));
  EXPECT_EQ(Get("a"), "-");
  EXPECT_EQ(Log().size(), 3u);
}

TEST_P(BackingContract, AFencedCallAnswersAsOneWithoutAFence) {
  Set("a", "1");
  const WriteFence fence{"l", 1};
  const StoreWrite writes[] = {Row("a", "2", SetWhen::kIfAbsent), Row("b", "3")};
  const auto written = backing_->WriteFenced(fence, "users", writes);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_FALSE((*written)[0].applied);
  EXPECT_TRUE((*written)[1].applied);
  const Keys keys = {"a", "x", "b"};
  EXPECT_THAT(ValuesOf(backing_->DeleteFenced(fence, "users", keys)), ElementsAre("1", "-", "3"));
}

TEST_P(BackingContract, FencesOfDifferentLocksAreApart) {
  const std::string odd("l\0\xff", 3);
  const std::string longest(kFenceNameBytesMax, 'l');
  uint64_t token = kFenceTokenMax;
  for (const std::string& lock : {std::string("l"), odd, longest}) {
    EXPECT_TRUE(WriteUnder(*backing_, {lock, token}, Row("a", "1")).ok());
    EXPECT_TRUE(IsFencedOut(WriteUnder(*backing_, {lock, token - 1}, Row("a", "1"))));
    token -= 10;
  }
}

TEST_P(BackingContract, AFenceHoldsAlsoIfNothingWasWritten) {
  EXPECT_TRUE(WriteUnder(*backing_, {"l", 7}, Row("a", "1", SetWhen::kIfPresent)).ok());
  EXPECT_TRUE(DeleteUnder(*backing_, {"m", 7}, "a").ok());
  EXPECT_TRUE(IsFencedOut(WriteUnder(*backing_, {"l", 6}, Row("a", "1"))));
  EXPECT_TRUE(IsFencedOut(WriteUnder(*backing_, {"m", 6}, Row("a", "1"))));
}

TEST_P(BackingContract, FencesOutliveClearAndSweep) {
  EXPECT_TRUE(WriteUnder(*backing_, {"l", 7}, Row("a", "1")).ok());
  EXPECT_TRUE(backing_->Clear("users").ok());
  EXPECT_TRUE(backing_->ClearAll().ok());
  while (Sweep(10)) {
  }
  EXPECT_TRUE(IsFencedOut(WriteUnder(*backing_, {"l", 6}, Row("a", "1"))));
}

TEST_P(BackingContract, WritesWithoutAFenceAreNotHeldUp) {
  EXPECT_TRUE(WriteUnder(*backing_, {"l", 7}, Row("a", "1")).ok());
  EXPECT_TRUE(Set("a", "2").applied);
  EXPECT_EQ(Get("a"), "2");
}

TEST_P(BackingContract, BadFencesAreInvalidAndRaiseNothing) {
  const std::string too_long(kFenceNameBytesMax + 1, 'l');
  for (const WriteFence& fence : {WriteFence{"", 1}, WriteFence{too_long, 1}, WriteFence{"l", 0},
                                  WriteFence{"l", kFenceTokenMax + 1}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(WriteUnder(*backing_, fence, Row("a", "1"))));
    EXPECT_TRUE(absl::IsInvalidArgument(DeleteUnder(*backing_, fence, "a")));
  }
  // Nor does a call that is refused for something else.
  EXPECT_TRUE(absl::IsInvalidArgument(WriteUnder(*backing_, {"l", 9}, Row("", "1"))));
  EXPECT_TRUE(absl::IsInvalidArgument(DeleteUnder(*backing_, {"l", 9}, "")));
  EXPECT_TRUE(WriteUnder(*backing_, {"l", 1}, Row("a", "1")).ok());
}

// Holders one after another, each of which goes on writing after it was followed: what is in the
// row never goes back.
TEST_P(BackingContract, NoHolderOverwritesALaterOne) {
  constexpr uint64_t kHolders = 4;
  constexpr int kWrites = 100;
  std::vector<std::thread> holders;
  std::atomic<uint64_t> started{0};
  for (uint64_t token = 1; token <= kHolders; ++token) {
    holders.emplace_back([&, token] {
      while (started.load() + 1 < token) std::this_thread::yield();
      const std::string value = std::to_string(token);
      for (int i = 0; i < kWrites; ++i) {
        const absl::Status status = WriteUnder(*backing_, {"l", token}, Row("a", value));
        started = std::max(started.load(), token);
        EXPECT_TRUE(status.ok() || IsFencedOut(status)) << status;
        EXPECT_GE(Get("a"), value);
      }
    });
  }
  for (std::thread& holder : holders) holder.join();
  EXPECT_EQ(Get("a"), std::to_string(kHolders));
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_FENCE_CONTRACT_H_
