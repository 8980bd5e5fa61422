#include "store/reader_pool.h"

#include <utility>

#include "engine/check.h"
#include "trivet/clock.h"

namespace trivet::store {

ReaderPool::ReaderPool(std::vector<std::unique_ptr<Connection>> connections)
    : size_(connections.size()), idle_(std::move(connections)) {
  TRIVET_CHECK(!idle_.empty(), "readers would wait for ever");
}

ReaderPool::Lease::Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
    : pool_(pool), connection_(std::move(connection)) {}

ReaderPool::Lease::~Lease() {
  // Signalled under the lock: without it the pool might go as soon as the last connection is back.
  engine::MutexLock lock(pool_.mutex_);
  pool_.idle_.push_back(std::move(connection_));
  if (!pool_.paused_) {
    pool_.may_borrow_.Signal();
  } else if (pool_.idle_.size() == pool_.size_) {
    pool_.all_back_.Signal();
  }
}

ReaderPool::Lease ReaderPool::Borrow() {
  engine::MutexLock lock(mutex_);
  while (paused_ || idle_.empty()) may_borrow_.Wait(mutex_);
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return Lease(*this, std::move(connection));
}

ReaderPool::Pause ReaderPool::PauseReaders(absl::Duration wait_max) {
  // Real time, also under a clock that stands still: it bounds how long threads really wait.
  const Clock* const clock = Clock::System();
  const absl::Duration deadline = clock->Elapsed() + wait_max;
  engine::MutexLock lock(mutex_);
  TRIVET_CHECK(!paused_, "two pauses at a time");
  paused_ = true;
  while (idle_.size() < size_ && clock->Elapsed() < deadline) {
    all_back_.WaitFor(mutex_, clock->WaitSlice(deadline));
  }
  return Pause(*this, idle_.size() == size_);
}

ReaderPool::Pause::~Pause() {
  engine::MutexLock lock(pool_.mutex_);
  pool_.paused_ = false;
  pool_.may_borrow_.SignalAll();
}

}  // namespace trivet::store
