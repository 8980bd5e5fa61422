// Where the arena has no block left, a program goes on: writes are refused, and who loads or takes
// a value gets it.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/memory_loads.h"
#include "engine/memory_tier.h"
#include "engine/namespace_state.h"
#include "tests/support/status_matchers.h"

namespace trivet::engine {
namespace {

using testing::IsOk;
using testing::StatusIs;

// Takes all blocks that are left. None is touched, so that it costs no memory.
class NoRoomTest : public ::testing::Test {
 protected:
  ~NoRoomTest() override {
    for (const auto& [block, bytes] : blocks_) arena().Free(block, Arena::BlockBytes(bytes));
    memory_.CheckInvariants();
  }

  Arena& arena() { return memory_.ledger().arena(); }
  KeyRef Ref(std::string_view key) { return memory_.Ref(&users_, key); }

  void Fill() {
    for (size_t bytes = size_t{64} << 30; bytes > 0; bytes /= 2) {
      while (void* const block = arena().Allocate(bytes)) blocks_.emplace_back(block, bytes);
    }
  }

  ManualClock clock_;
  NamespaceState users_{0, "users", {}};
  MemoryTier memory_{{.memory_bytes = 0, .max_entries = 1000, .shards = 1}, clock_};
  std::vector<std::pair<void*, size_t>> blocks_;
};

TEST_F(NoRoomTest, AWriteIsRefused) {
  ASSERT_THAT(memory_.Set(Ref("a"), {.value = "old"}, {}), IsOk());
  Fill();
  EXPECT_THAT(memory_.Set(Ref("a"), {.value = "new"}, {}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(memory_.Find(Ref("a")).bytes(), "old");
}

TEST_F(NoRoomTest, WhoLoadsGetsTheValueAndItIsNotKept) {
  Fill();
  for (const size_t bytes : {10u, 1000u, 100'000u}) {
    const std::string value(bytes, 'v');
    const LoadStart start = StartLoad(memory_, Ref("a"), true);
    ASSERT_EQ(start.kind, LoadStart::Kind::kLead);
    LoadedValue loaded;
    loaded.value = value;
    const auto result = FinishLoad(memory_, *start.flight, Tier::kLoader, std::move(loaded));
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->bytes(), value);
    EXPECT_FALSE(memory_.Find(Ref("a")));
    EXPECT_EQ(memory_.pinned_entries(), 1u);
  }
  EXPECT_EQ(memory_.pinned_entries(), 0u);
}

// There is a block for the entry, which the last one gave back, and none for the new tag.
TEST_F(NoRoomTest, AWriteWithATagThatIsNewIsRefused) {
  const std::vector<std::string> kOld = {"old"};
  const std::vector<std::string> kTags = {"old", "new"};
  const std::string value(200, 'v');
  ASSERT_THAT(memory_.Set(Ref("a"), {.value = value, .tags = kOld}, {}), IsOk());
  ASSERT_THAT(memory_.Set(Ref("b"), {.value = value, .tags = kTags}, {}), IsOk());
  ASSERT_TRUE(memory_.Remove(Ref("b"), RemovalCause::kExplicit).has_value());
  while (memory_.Maintain(1000)) continue;
  Fill();
  ASSERT_THAT(memory_.Set(Ref("b"), {.value = value, .tags = kOld}, {}), IsOk()) << "has a block";
  ASSERT_TRUE(memory_.Remove(Ref("b"), RemovalCause::kExplicit).has_value());
  while (memory_.Maintain(1000)) continue;
  const auto set = memory_.Set(Ref("b"), {.value = value, .tags = kTags}, {});
  EXPECT_THAT(set, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(memory_.Find(Ref("a")).bytes(), value);
  EXPECT_EQ(users_.tags().size(), 1u) << "a hold was lost, or is left";
}

TEST_F(NoRoomTest, WhatNoShardLinksNeedsNoRoom) {
  Fill();
  const Value value = memory_.Detached(Ref("a"), {.value = "taken"});
  EXPECT_EQ(value.bytes(), "taken");
}

}  // namespace
}  // namespace trivet::engine
