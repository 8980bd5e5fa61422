#include "tests/support/faulty_shared_tier.h"

#include <gtest/gtest.h>

#include "tests/support/fake_shared_rig.h"
#include "tests/support/message_diary.h"
#include "tests/support/status_matchers.h"

namespace trivet::testing {
namespace {

class FaultySharedTierTest : public ::testing::Test {
 protected:
  absl::Duration Deadline() { return rig_.Deadline(); }
  absl::StatusOr<PartState> Fence() { return tier_.Fence(part_, 1, Deadline()); }
  uint64_t Sequence() { return behind_->ReadStates({&part_, 1}, Deadline())->front()->sequence; }

  FakeSharedRig rig_{1};
  std::unique_ptr<SharedTier> behind_ = rig_.Connect();
  FaultySharedTier tier_{behind_.get()};
  const SharedPart part_{.space = "users"};
};

TEST_F(FaultySharedTierTest, ALostRequestHasNoEffect) {
  tier_.LoseRequest(1);
  EXPECT_THAT(Fence(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Sequence(), 0u);
  EXPECT_THAT(Fence(), IsOk());
  EXPECT_EQ(tier_.calls(), 2u);
}

TEST_F(FaultySharedTierTest, ALostReplyHasItsEffect) {
  tier_.LoseReply(2);
  EXPECT_THAT(tier_.ReadStates({&part_, 1}, Deadline()), IsOk());
  EXPECT_THAT(Fence(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Sequence(), 1u);
}

TEST_F(FaultySharedTierTest, EveryCommandFailsUntilTheFaultIsTakenBack) {
  tier_.FailAll(absl::UnavailableError("down"));
  const auto down = StatusIs(absl::StatusCode::kUnavailable);
  const SharedWrite write{.value = "v"};
  EXPECT_THAT(Fence(), down);
  EXPECT_THAT(tier_.ReadStates({&part_, 1}, Deadline()), down);
  EXPECT_THAT(tier_.Read(part_, {}, Deadline()), down);
  EXPECT_THAT(tier_.ClaimOver(part_, "a", 1, 0, Deadline()), down);
  EXPECT_THAT(tier_.Fill(part_, "a", 1, write, Deadline()), down);
  EXPECT_THAT(tier_.Renew(part_, "a", 1, 2, write, Deadline()), down);
  EXPECT_THAT(tier_.BeginWrite(part_, "a", 1, Deadline()), down);
  EXPECT_THAT(tier_.EndWrite(part_, "a", 1, 0, write, Deadline()), down);
  EXPECT_THAT(tier_.InvalidateKeys(part_, {}, Deadline()), down);
  EXPECT_THAT(tier_.InvalidateTags(part_, {}, Deadline()), down);
  EXPECT_THAT(tier_.InvalidatePattern(part_, "*", Deadline()), down);
  EXPECT_THAT(tier_.Clear(part_, 2, Deadline()), down);
  tier_.FailAll(absl::OkStatus());
  EXPECT_THAT(Fence(), IsOk());
}

TEST_F(FaultySharedTierTest, ANamespaceMayBeRefusedAndOthersNot) {
  tier_.Refuse("users", absl::PermissionDeniedError("no right"));
  const auto refused = StatusIs(absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Fence(), refused);
  const SharedPart parts[] = {part_, {.space = "pages"}};
  EXPECT_THAT(tier_.Fence(parts[1], 1, Deadline()), IsOk());
  const auto states = tier_.ReadStates(parts, Deadline());
  ASSERT_THAT(states, IsOk());
  EXPECT_THAT((*states)[0], refused);
  EXPECT_THAT((*states)[1], IsOk());
  EXPECT_THAT(tier_.ReadStates({&part_, 1}, Deadline()), refused);
}

TEST_F(FaultySharedTierTest, EveryCallIsSeenBeforeItHappens) {
  uint64_t seen = 99;
  tier_.OnCall([&] { seen = Sequence(); });
  EXPECT_THAT(Fence(), IsOk());
  EXPECT_EQ(seen, 0u);
}

TEST_F(FaultySharedTierTest, MessagesPass) {
  MessageDiary diary;
  const auto subscription = tier_.Subscribe({&part_, 1}, diary);
  EXPECT_THAT(Fence(), IsOk());
  EXPECT_EQ(diary.records(), std::vector<std::string>{"fence"});
  EXPECT_EQ(tier_.origin(), behind_->origin());
  EXPECT_EQ(tier_.parts(), 1u);
}

}  // namespace
}  // namespace trivet::testing
