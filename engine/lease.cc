#include "engine/lease.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace trivet::engine {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(2);  // of any clock
// How soon a renewal is tried again that got no answer: a few times within what is left.
constexpr int kTriesPerLease = 12;

}  // namespace

Lease::Lease(std::string name, const LeaseOwner& owner, uint64_t token, absl::Duration asked,
             const LockOptions& options, const Clock& clock)
    : name_(std::move(name)),
      owner_(owner),
      token_(token),
      scope_(LockScope::kAllProcesses),
      options_(options),
      clock_(clock),
      hold_until_(asked + options.max_hold),
      process_(getpid()),
      valid_until_(std::min(asked + Believed(options.lease), hold_until_)),
      renew_at_(asked + options.lease / 3) {}

Lease::Lease(std::string name, const Clock& clock)
    : name_(std::move(name)),
      owner_({}),
      token_(0),
      scope_(LockScope::kThisProcess),
      clock_(clock),
      hold_until_(absl::InfiniteDuration()),
      process_(getpid()),
      valid_until_(absl::InfiniteDuration()),
      renew_at_(absl::InfiniteDuration()) {}

bool Lease::IsOwnProcess() const { return getpid() == process_; }

absl::Duration Lease::Believed(absl::Duration lease) { return lease - lease / 100 - kStep; }

LockState Lease::StateAt(absl::Duration now) const {
  if (state_ == LockState::kHeld && now >= valid_until_) state_ = LockState::kLost;
  return state_;
}

LockState Lease::state() const {
  if (!IsOwnProcess()) return LockState::kLost;
  MutexLock lock(mutex_);
  return StateAt(clock_.ElapsedWithSuspend());
}

absl::Duration Lease::valid_for() const {
  if (!IsOwnProcess()) return absl::ZeroDuration();
  MutexLock lock(mutex_);
  const absl::Duration now = clock_.ElapsedWithSuspend();
  return StateAt(now) == LockState::kHeld ? valid_until_ - now : absl::ZeroDuration();
}

Lease::Due Lease::TakeDue(absl::Duration* look_again) {
  MutexLock lock(mutex_);
  const absl::Duration now = clock_.ElapsedWithSuspend();
  *look_again = absl::InfiniteDuration();
  switch (StateAt(now)) {
    case LockState::kReleased:
      return Due::kNothing;
    case LockState::kLost:
      return std::exchange(told_, true) ? Due::kNothing : Due::kTellLost;
    case LockState::kHeld:
      break;
  }
  const bool last = valid_until_ == hold_until_;  // no renewal would make it longer
  if (!last && now >= renew_at_) return Due::kRenew;
  *look_again = last ? valid_until_ : std::min(renew_at_, valid_until_);
  return Due::kNothing;
}

void Lease::Renewed(absl::Duration asked) {
  MutexLock lock(mutex_);
  if (StateAt(clock_.ElapsedWithSuspend()) != LockState::kHeld) return;
  valid_until_ = std::max(valid_until_, std::min(asked + Believed(options_.lease), hold_until_));
  renew_at_ = asked + options_.lease / 3;
}

void Lease::NotRenewed() {
  MutexLock lock(mutex_);
  renew_at_ = clock_.ElapsedWithSuspend() + options_.lease / kTriesPerLease;
}

void Lease::TakenAway() {
  MutexLock lock(mutex_);
  if (state_ == LockState::kHeld) state_ = LockState::kLost;
}

void Lease::TellLost() {
  {
    MutexLock lock(mutex_);
    if (state_ != LockState::kLost || options_.on_lost == nullptr || released_) return;
    telling_ = std::this_thread::get_id();
  }
  options_.on_lost();
  MutexLock lock(mutex_);
  telling_ = {};
  told_changed_.SignalAll();
}

std::optional<LockState> Lease::Release() {
  MutexLock lock(mutex_);
  if (std::exchange(released_, true)) return std::nullopt;
  const LockState before = StateAt(clock_.ElapsedWithSuspend());
  if (before == LockState::kHeld) state_ = LockState::kReleased;
  while (telling_ != std::thread::id() && telling_ != std::this_thread::get_id()) {
    told_changed_.Wait(mutex_);
  }
  return before;
}

}  // namespace trivet::engine
