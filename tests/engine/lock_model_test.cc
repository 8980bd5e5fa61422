// Random histories of locks, over a server that forgets, fails over and runs ahead, and ways to it
// that lose requests and replies.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/lock_fixture.h"
#include "tests/support/memory_backing.h"
#include "tests/support/random_test.h"
#include "trivet/write_fence.h"

namespace trivet::testing {
namespace {

class LockModelTest : public LockFixture {
 protected:
  static constexpr absl::Duration kLeaseMax = absl::Seconds(3);
  static constexpr size_t kProcesses = 3;
  static constexpr size_t kNames = 2;
  static constexpr const char* kNameOf[kNames] = {"a", "b"};

  LockModelTest() : LockFixture(kLeaseMax) {}

  struct Place {
    std::optional<Lock> lock;
    bool lost = false;                    // was seen so
    std::shared_ptr<int> told = nullptr;  // how often on_lost was called
  };

  void Run(uint64_t seed) {
    random_.seed(seed);
    for (LockingCache& process : processes_) process = Open();
    for (int step = 0; step < 400; ++step) {
      Step();
      Check();
      if (HasFailure()) return;
    }
    for (auto& places : places_) places = {};
    for (LockingCache& process : processes_) process = {};
  }

  uint64_t Draw(uint64_t below) { return random_() % below; }

  void Step() {
    const size_t at = Draw(kProcesses);
    const size_t name = Draw(kNames);
    LockingCache& process = processes_[at];
    Place& place = places_[at][name];
    switch (Draw(18)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Acquire(process, name, place);
      case 4:
        return Release(place);
      case 5:
      case 6:
      case 7:
        return Advance(absl::Milliseconds(Draw(Draw(2) == 0 ? 100 : 1500)));
      case 8:
      case 9:
      case 10:
      case 11:
        return process.Maintain();
      case 12:
        return Draw(2) == 0 ? process.keeper->LoseRequest(1 + Draw(3))
                            : process.keeper->LoseReply(1 + Draw(3));
      case 13:
        return process.keeper->FailAll(Draw(5) == 0 ? absl::UnavailableError("down")
                                                    : absl::OkStatus());
      case 14:
        return SlowDown(process);
      case 15:
      case 16:
        return Write(name, place);
      default:
        return BreakServer();
    }
  }

  void Acquire(LockingCache& process, size_t name, Place& place) {
    if (place.lock.has_value()) return;
    auto told = std::make_shared<int>(0);
    const absl::Duration lease = absl::Milliseconds(100 + Draw(2'900));
    absl::StatusOr<Lock> lock =
        process.space().Lock(kNameOf[name], {.lease = lease,
                                             .max_hold = lease + absl::Milliseconds(Draw(20'000)),
                                             .on_lost = [told] { ++*told; }});
    if (!lock.ok()) return;
    ++acquired_;
    EXPECT_GT(lock->token(), newest_[name]);
    newest_[name] = lock->token();
    place = {.lock = *std::move(lock), .told = std::move(told)};
  }

  void Release(Place& place) {
    if (!place.lock.has_value()) return;
    const bool held = place.lock->state() == LockState::kHeld;
    const absl::Status status = place.lock->Release();
    EXPECT_TRUE(held || absl::IsAborted(status)) << status;
    EXPECT_EQ(place.lock->state(), held ? LockState::kReleased : LockState::kLost);
    place = {};
  }

  // Held or lost: the store tells by the tokens who came later.
  void Write(size_t name, const Place& place) {
    if (!place.lock.has_value()) return;
    const bool held = place.lock->state() == LockState::kHeld;
    const StoreWrite row{.key = kNameOf[name], .value = "v"};
    const absl::Status status =
        rows_->WriteFenced(place.lock->fence(), "users", {&row, 1}).status();
    const bool stale = place.lock->token() < written_[name];
    EXPECT_EQ(IsFencedOut(status), stale) << status;
    EXPECT_FALSE(held && stale);
    fenced_out_ += stale ? 1 : 0;
    if (!stale) written_[name] = place.lock->token();
  }

  // The server's clock goes faster than ours, by nearly the 1 % that is allowed.
  void Advance(absl::Duration by) {
    if (Draw(10) == 0) {
      clock_.Suspend(by);
      server_.Age(by);
    } else {
      clock_.Advance(by);
    }
    server_.Age(by * 0.0099);
  }

  // Each call takes as long as a command may, and a little more, on the way there or back.
  void SlowDown(LockingCache& process) {
    const auto delay = [this, by = absl::Milliseconds(Draw(300))] { Advance(by); };
    process.keeper->OnCall(nullptr);
    process.keeper->OnReply(nullptr);
    const uint64_t way = Draw(6);
    if (way == 0) process.keeper->OnCall(delay);
    if (way == 1) process.keeper->OnReply(delay);
  }

  void BreakServer() {
    switch (Draw(20)) {
      case 0:
        return server_.Flush();
      case 1:
        return server_.FailOver();
      case 2:
      case 3:
        return server_.SetFull(Draw(3) == 0);
      default:
        return server_.TakeSnapshot();
    }
  }

  void Check() {
    for (size_t name = 0; name < kNames; ++name) {
      int holders = 0;
      for (auto& places : places_) {
        Place& place = places[name];
        if (!place.lock.has_value()) continue;
        const bool held = place.lock->state() == LockState::kHeld;
        EXPECT_EQ(held, place.lock->valid_for() > absl::ZeroDuration());
        EXPECT_FALSE(held && place.lost) << "a lost lock came back";
        EXPECT_LE(*place.told, held ? 0 : 1);
        place.lost = place.lost || !held;
        losses_ += held ? 0 : 1;
        if (!held) continue;
        ++holders;
        EXPECT_EQ(place.lock->token(), newest_[name]) << "somebody else had it meanwhile";
      }
      EXPECT_LE(holders, 1);
    }
  }

  std::mt19937_64 random_;
  std::array<LockingCache, kProcesses> processes_;
  std::array<std::array<Place, kNames>, kProcesses> places_;
  std::array<uint64_t, kNames> newest_ = {};
  std::shared_ptr<MemoryBacking> rows_ = std::make_shared<MemoryBacking>(&clock_);
  std::array<uint64_t, kNames> written_ = {};  // the token of the last write
  uint64_t acquired_ = 0;
  uint64_t losses_ = 0;
  uint64_t fenced_out_ = 0;
};

TEST_F(LockModelTest, NobodyElseHasWhatSomebodyHolds) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  const size_t runs = ScaledCount(500);
  for (size_t i = 0; i < runs && !HasFailure(); ++i) {
    SCOPED_TRACE(i);
    Run(seed + i);
  }
  // It was about something.
  EXPECT_GT(acquired_, 4 * runs);
  EXPECT_GT(losses_, runs / 2);
  EXPECT_GT(fenced_out_, 0u);
}

}  // namespace
}  // namespace trivet::testing
