#include "engine/lease_upkeep.h"

#include <algorithm>
#include <utility>

namespace trivet::engine {
namespace {

// Of leases that nobody wants; others simply run out.
constexpr size_t kUnwantedMax = 1024;
constexpr absl::Duration kUnwantedPause = absl::Milliseconds(500);

}  // namespace

LeaseUpkeep::LeaseUpkeep(LeaseKeeper& keeper, absl::Duration timeout, bool with_thread,
                         const Clock& clock)
    : keeper_(keeper), timeout_(timeout), with_thread_(with_thread), clock_(clock) {}

absl::Duration LeaseUpkeep::CommandDeadline(absl::Duration useful) const {
  return clock_.Elapsed() + std::min(timeout_, useful);
}

void LeaseUpkeep::Add(std::shared_ptr<Lease> lease) {
  MutexLock lock(mutex_);
  leases_.push_back(std::move(lease));
  HurryThread();
}

void LeaseUpkeep::Remove(const Lease& lease) {
  MutexLock lock(mutex_);
  std::erase_if(leases_, [&lease](const auto& one) { return one.get() == &lease; });
}

void LeaseUpkeep::Drop(const std::string& name, const LeaseOwner& owner, absl::Duration lease) {
  MutexLock lock(mutex_);
  const absl::Duration now = clock_.ElapsedWithSuspend();
  std::erase_if(unwanted_, [now](const Unwanted& one) { return now >= one.over_at; });
  if (unwanted_.size() >= kUnwantedMax) return;
  unwanted_.push_back({.name = name, .owner = owner, .over_at = now + lease});
  HurryThread();
}

void LeaseUpkeep::HurryThread() {
  hurry_ = true;
  changed_.Signal();
  if (started_ || stopped_ || !with_thread_) return;
  started_ = true;
  MutexLock lock(join_mutex_);
  thread_ = std::thread([this] { Run(); });
}

absl::Duration LeaseUpkeep::Step() {
  std::vector<std::shared_ptr<Lease>> leases;
  {
    MutexLock lock(mutex_);
    leases = leases_;
  }
  absl::Duration look_again = absl::InfiniteDuration();
  for (const std::shared_ptr<Lease>& lease : leases) {
    look_again = std::min(look_again, Attend(*lease));
  }
  if (ReleaseUnwanted()) {
    look_again = std::min(look_again, clock_.ElapsedWithSuspend() + kUnwantedPause);
  }
  return look_again - clock_.ElapsedWithSuspend() + clock_.Elapsed();
}

absl::Duration LeaseUpkeep::Attend(Lease& lease) {
  while (true) {
    absl::Duration look_again;
    switch (lease.TakeDue(&look_again)) {
      case Lease::Due::kNothing:
        return look_again;
      case Lease::Due::kRenew:
        Renew(lease);
        break;
      case Lease::Due::kTellLost:
        // A renewal may have reached the keeper, only too late for us.
        Drop(lease.name(), lease.owner(), lease.length());
        lease.TellLost();
        break;
    }
  }
}

void LeaseUpkeep::Renew(Lease& lease) {
  const absl::Duration asked = clock_.ElapsedWithSuspend();
  const absl::StatusOr<bool> renewed = keeper_.Renew(lease.name(), lease.owner(), lease.length(),
                                                     CommandDeadline(lease.valid_for()));
  if (!renewed.ok()) {
    lease.NotRenewed();
  } else if (*renewed) {
    lease.Renewed(asked);
  } else {
    lease.TakenAway();
  }
}

bool LeaseUpkeep::ReleaseUnwanted() {
  while (true) {
    Unwanted next;
    {
      MutexLock lock(mutex_);
      if (unwanted_.empty()) return false;
      next = std::move(unwanted_.front());
      unwanted_.pop_front();
    }
    if (clock_.ElapsedWithSuspend() >= next.over_at) continue;
    if (keeper_.Release(next.name, next.owner, CommandDeadline()).ok()) continue;
    MutexLock lock(mutex_);
    unwanted_.push_front(std::move(next));
    return true;
  }
}

void LeaseUpkeep::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    changed_.Signal();
  }
  MutexLock lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

void LeaseUpkeep::Run() {
  absl::Duration due = -absl::InfiniteDuration();
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!stopped_ && !hurry_ && clock_.Elapsed() < due) {
        changed_.WaitFor(mutex_, clock_.WaitSlice(due));
      }
      if (stopped_) return;
      hurry_ = false;
    }
    due = Step();
  }
}

}  // namespace trivet::engine
