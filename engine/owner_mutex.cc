#include "engine/owner_mutex.h"

namespace trivet::engine {

void OwnerMutex::LockAsOwnerSlowly() {
  Backoff backoff;
  do {
    inside_.store(false, std::memory_order_release);
    while (visited_.load(std::memory_order_acquire)) backoff.Pause();
    SetMark(inside_, true, fence_);
  } while (visited_.load(std::memory_order_acquire));
}

void OwnerMutex::Lock() TRIVET_NO_THREAD_SAFETY_ANALYSIS {
  visitors_.Lock();
  visited_.exchange(true, std::memory_order_seq_cst);
  FenceMarks(fence_);
  Backoff backoff;
  // Acquire: what the owner did is seen. Sequentially consistent for the sake of TSan's builds,
  // where the exchanges on both sides are the fence.
  while (inside_.load(std::memory_order_seq_cst)) backoff.Pause();
}

void OwnerMutex::Unlock() TRIVET_NO_THREAD_SAFETY_ANALYSIS {
  visited_.store(false, std::memory_order_release);
  visitors_.Unlock();
}

}  // namespace trivet::engine
