// The words in which the contract of a SharedTier is told.
#ifndef TRIVET_TESTS_CONTRACT_SHARED_TIER_FIXTURE_H_
#define TRIVET_TESTS_CONTRACT_SHARED_TIER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/message_diary.h"
#include "tests/support/shared_tier_rig.h"
#include "trivet/shared_tier.h"

namespace trivet::testing {

// One part of "users", seen by one process, whose handshake is made. Helpers fail the test on
// errors.
class SharedTierContract : public ::testing::TestWithParam<SharedTierRigMaker> {
 protected:
  using Tags = std::vector<std::string>;
  static constexpr uint64_t kOther = 1'000'000;  // somebody else's token

  void SetUp() override {
    rig_ = GetParam().make(1);
    ASSERT_NE(rig_, nullptr);
    tier_ = rig_->Connect();
    ShakeHands();
  }

  void ShakeHands() {
    absl::StatusOr<PartState> state = tier_->Fence(part_, NewToken(), rig_->Deadline());
    ASSERT_TRUE(state.ok()) << state.status();
    part_.generation = state->generation;
    part_.server = state->server;
    state_ = *state;
  }

  // Also for generations: never the same number again.
  uint64_t NewToken() { return ++tokens_; }

  PartState State() {
    const auto states = tier_->ReadStates({&part_, 1}, rig_->Deadline());
    EXPECT_TRUE(states.ok()) << states.status();
    const bool known = states.ok() && states->size() == 1 && states->front().ok();
    return known ? *states->front() : PartState{};
  }
  uint64_t Sequence() { return State().sequence; }

  SharedReading Read(std::initializer_list<SharedRequest> requests) {
    absl::StatusOr<SharedReading> reading =
        tier_->Read(part_, {requests.begin(), requests.size()}, rig_->Deadline());
    EXPECT_TRUE(reading.ok()) << reading.status();
    return reading.ok() ? *reading : SharedReading{};
  }

  // What is at the key; with a token it is claimed where nothing is.
  SharedFound Find(std::string_view key, uint64_t token = 0) {
    const SharedReading reading = Read({{.key = key, .token = token}});
    EXPECT_TRUE(reading.current);
    EXPECT_EQ(reading.found.size(), 1u);
    return reading.found.empty() ? SharedFound{} : reading.found.front();
  }
  // The same in a word: "value 7 of version 3", "dead", ...
  std::string Look(std::string_view key, uint64_t token = 0) { return Text(Find(key, token)); }

  static std::string Text(const SharedFound& found) {
    switch (found.state) {
      case SharedFound::State::kAbsent:
        return "absent";
      case SharedFound::State::kClaimed:
        return "claimed";
      case SharedFound::State::kClaim:
        return "claim";
      case SharedFound::State::kWriting:
        return "writing";
      case SharedFound::State::kDead:
        return "dead";
      case SharedFound::State::kValue:
        break;
    }
    return "value " + found.value.value + " of version " + std::to_string(found.value.version);
  }

  SharedAnswer Checked(const absl::StatusOr<SharedAnswer>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : SharedAnswer{};
  }
  // The same, where the caller is up to date.
  SharedAnswer Current(const absl::StatusOr<SharedAnswer>& answer) {
    const SharedAnswer checked = Checked(answer);
    EXPECT_TRUE(checked.current);
    return checked;
  }

  static SharedWrite Value(std::string_view value, uint64_t version = 0) {
    return {.value = value, .version = version, .ttl = absl::Hours(1)};
  }

  bool Fill(std::string_view key, uint64_t token, const SharedWrite& write) {
    return Current(tier_->Fill(part_, key, token, write, rig_->Deadline())).won;
  }
  bool Renew(std::string_view key, uint64_t token, uint64_t instead_of, const SharedWrite& write) {
    return Current(tier_->Renew(part_, key, token, instead_of, write, rig_->Deadline())).won;
  }
  bool ClaimOver(std::string_view key, uint64_t token, uint64_t instead_of) {
    return Current(tier_->ClaimOver(part_, key, token, instead_of, rig_->Deadline())).won;
  }
  // Returns the birth of what the write will bring.
  uint64_t BeginWrite(std::string_view key, uint64_t token) {
    return Current(tier_->BeginWrite(part_, key, token, rig_->Deadline())).sequence;
  }
  bool EndWrite(std::string_view key, uint64_t token, uint64_t version,
                const std::optional<SharedWrite>& write) {
    return Current(tier_->EndWrite(part_, key, token, version, write, rig_->Deadline())).won;
  }
  void Invalidate(std::string_view key, uint64_t version = 0) {
    const SharedChange change{.key = key, .version = version};
    Current(tier_->InvalidateKeys(part_, {&change, 1}, rig_->Deadline()));
  }
  void InvalidateTag(std::string_view tag) {
    Current(tier_->InvalidateTags(part_, {&tag, 1}, rig_->Deadline()));
  }
  void InvalidatePattern(std::string_view pattern) {
    Current(tier_->InvalidatePattern(part_, pattern, rig_->Deadline()));
  }
  void Clear() {
    const uint64_t generation = NewToken();
    Current(tier_->Clear(part_, generation, rig_->Deadline()));
    part_.generation = generation;
  }

  // A value that a load brought; its token.
  uint64_t Put(std::string_view key, const SharedWrite& write) {
    const uint64_t token = NewToken();
    EXPECT_EQ(Look(key, token), "claimed");
    EXPECT_TRUE(Fill(key, token, write));
    return token;
  }

  template <typename Condition>
  static bool Eventually(const Condition& condition) {
    const absl::Time give_up = absl::Now() + absl::Seconds(30);
    while (!condition()) {
      if (absl::Now() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::unique_ptr<SharedTierRig> rig_;
  std::unique_ptr<SharedTier> tier_;
  SharedPart part_{.space = "users"};
  PartState state_;  // of the last handshake
  uint64_t tokens_ = 0;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_SHARED_TIER_FIXTURE_H_
