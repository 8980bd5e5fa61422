#include "engine/distributed_locks.h"

#include <sys/random.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/random/distributions.h"
#include "absl/strings/str_cat.h"
#include "engine/check.h"
#include "engine/random.h"

namespace trivet::engine {
namespace {

// Between two questions of one that waits. A release is heard of at once, if the message arrives.
constexpr absl::Duration kPauseMin = absl::Milliseconds(10);
constexpr absl::Duration kPauseMax = absl::Milliseconds(250);

// Nobody who can guess it may release what others hold, so no generator of our own makes it.
LeaseOwner NewOwner() {
  LeaseOwner owner;
  TRIVET_CHECK(getentropy(owner.data(), owner.size()) == 0, "the system has a random source");
  return owner;
}

absl::Status Closed() { return absl::FailedPreconditionError("the cache is closed"); }

absl::Status Held(absl::Duration remaining) {
  return absl::DeadlineExceededError(absl::StrCat(
      "lock: held by another, who renews it or loses it within ", absl::FormatDuration(remaining)));
}

// Whether the keeper is of no use now, rather than used wrongly.
bool IsDown(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
      return false;
    default:
      return true;
  }
}

// As trivet/lease_keeper.h says.
bool MayBeGranted(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

absl::Status Unavailable(absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("lock: no lease can be had: ", why));
}

absl::Duration PauseAfter(absl::Duration pause, absl::Duration hint) {
  // Who asks when the lease ends need not ask before.
  const absl::Duration least = std::max(std::min(pause, hint), absl::Milliseconds(1));
  return least * absl::Uniform(Random(), 0.5, 1.0);
}

}  // namespace

DistributedLocks::DistributedLocks(LeaseKeeper& keeper, absl::Duration timeout, bool with_thread,
                                   const Clock& clock)
    : keeper_(keeper),
      clock_(clock),
      names_(clock),
      waiters_(keeper, clock),
      upkeep_(keeper, timeout, with_thread, clock) {}

absl::StatusOr<Lock> DistributedLocks::Acquire(const std::string& name,
                                               const LockOptions& options) {
  if (!IsOwnProcess()) {
    return absl::FailedPreconditionError("lock: the cache belongs to the parent process");
  }
  const absl::Duration deadline = clock_.Elapsed() + options.wait;
  if (!names_.Acquire(name, deadline)) {
    return absl::DeadlineExceededError("lock: held in this process");
  }
  absl::Cleanup give_back = [&] { names_.Release(name); };
  LeaseAnswer last;
  absl::StatusOr<std::shared_ptr<Lease>> lease = AcquireLease(name, options, deadline, &last);
  if (lease.ok() && *lease == nullptr) {
    if (last.state == LeaseAnswer::State::kBusy) return Held(last.remaining);
    lease = Unavailable(absl::StrCat("the server is new, and grants none for another ",
                                     absl::FormatDuration(last.remaining)));
  }
  if (absl::IsUnavailable(lease.status()) &&
      options.on_unavailable == OnUnavailable::kProcessLocal) {
    lease = std::make_shared<Lease>(name, clock_);
  }
  if (!lease.ok()) return lease.status();
  if ((*lease)->scope() == LockScope::kAllProcesses) upkeep_.Add(*lease);
  std::move(give_back).Cancel();
  return Lock(this, *std::move(lease));
}

absl::StatusOr<std::shared_ptr<Lease>> DistributedLocks::AcquireLease(const std::string& name,
                                                                      const LockOptions& options,
                                                                      absl::Duration deadline,
                                                                      LeaseAnswer* last) {
  const LeaseOwner owner = NewOwner();
  ReleaseWaiters::Waiter waiter(waiters_, name);
  absl::Duration pause = kPauseMin;
  bool failed = false;  // the last time
  // It may be granted, now or later, although we do not know.
  bool unsure = false;
  absl::Cleanup drop = [&] {
    if (unsure) upkeep_.Drop(name, owner, options.lease);
  };
  while (true) {
    if (waiters_.stopped()) return Closed();
    const absl::Duration asked = clock_.ElapsedWithSuspend();
    const absl::StatusOr<LeaseAnswer> answer =
        keeper_.Acquire(name, owner, options.lease, upkeep_.CommandDeadline());
    const bool late = clock_.ElapsedWithSuspend() >= asked + Lease::Believed(options.lease);
    if (answer.ok() && answer->state == LeaseAnswer::State::kAcquired && !late) {
      unsure = false;
      return std::make_shared<Lease>(name, owner, answer->token, asked, options, clock_);
    }
    if (!answer.ok() || answer->state == LeaseAnswer::State::kAcquired) {
      unsure = unsure || answer.ok() || MayBeGranted(answer.status());
      if (!answer.ok() && !IsDown(answer.status())) return answer.status();
      // The owner may ask once more: a connection may have ended.
      if (!std::exchange(failed, true)) continue;
      return Unavailable(answer.ok() ? "the answer came too late" : answer.status().message());
    }
    failed = false;
    *last = *answer;
    if (clock_.Elapsed() >= deadline) return nullptr;
    waiter.Wait(std::min(deadline, clock_.Elapsed() + PauseAfter(pause, answer->remaining)));
    pause = std::min(pause * 2, kPauseMax);
  }
}

absl::Status DistributedLocks::Release(Lease& lease) {
  if (!lease.IsOwnProcess()) return absl::AbortedError("lock: belongs to the parent process");
  const std::optional<LockState> before = lease.Release();
  if (!before.has_value()) return absl::OkStatus();
  absl::Status outcome;
  if (lease.scope() == LockScope::kAllProcesses) {
    upkeep_.Remove(lease);
    if (before == LockState::kLost) {
      outcome = absl::AbortedError("lock: was lost before it was released");
    } else {
      const absl::StatusOr<bool> released =
          keeper_.Release(lease.name(), lease.owner(), upkeep_.CommandDeadline());
      if (!released.ok()) {
        upkeep_.Drop(lease.name(), lease.owner(), lease.length());
        outcome = Unavailable(released.status().message());
      } else if (!*released) {
        outcome = absl::AbortedError("lock: was lost before it was released");
      }
    }
  }
  names_.Release(lease.name());
  return outcome;
}

void DistributedLocks::Stop() {
  waiters_.Stop();
  upkeep_.Stop();
}

}  // namespace trivet::engine
