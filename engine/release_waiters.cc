#include "engine/release_waiters.h"

#include <utility>

namespace trivet::engine {

ReleaseWaiters::Waiter::Waiter(ReleaseWaiters& all, const std::string& name)
    : all_(all), name_(name) {
  MutexLock lock(all_.mutex_);
  all_.released_[name_] = false;
}

ReleaseWaiters::Waiter::~Waiter() {
  MutexLock lock(all_.mutex_);
  all_.released_.erase(name_);
}

void ReleaseWaiters::Waiter::Wait(absl::Duration deadline) {
  all_.Listen();
  MutexLock lock(all_.mutex_);
  bool& released = all_.released_[name_];  // stays where it is
  while (!released && !all_.stopped_ && all_.clock_.Elapsed() < deadline) {
    all_.changed_.WaitFor(all_.mutex_, all_.clock_.WaitSlice(deadline));
  }
  released = false;
}

void ReleaseWaiters::Listen() {
  MutexLock lock(watch_mutex_);
  if (std::exchange(listened_, true)) return;
  absl::StatusOr<std::unique_ptr<LeaseWatch>> watch = keeper_.Watch(*this);
  if (watch.ok()) watch_ = *std::move(watch);  // else they look for themselves, later
}

void ReleaseWaiters::OnReleased(std::string_view name) {
  MutexLock lock(mutex_);
  const auto waiter = released_.find(name);
  if (waiter == released_.end()) return;
  waiter->second = true;
  changed_.SignalAll();
}

void ReleaseWaiters::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  MutexLock lock(watch_mutex_);
  listened_ = true;
  watch_.reset();
}

bool ReleaseWaiters::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

}  // namespace trivet::engine
