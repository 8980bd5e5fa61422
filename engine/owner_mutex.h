// A mutex for what belongs to one thread and is seldom visited by others.
#ifndef TRIVET_ENGINE_OWNER_MUTEX_H_
#define TRIVET_ENGINE_OWNER_MUTEX_H_

#include <atomic>

#include "engine/grace_fence.h"
#include "engine/mutex.h"
#include "engine/thread_annotations.h"

namespace trivet::engine {

// The owner locks and unlocks with plain loads and stores, in a nanosecond or two; a visitor pays
// for both with a membarrier(2), a microsecond or more that every running thread of the process
// feels: visit seldom, and only where there is something to get.
//
// The owner marks that it is inside and then looks for a visitor; a visitor marks that it has come
// and then looks for the owner (Dekker's pattern, see GraceFence): one of them sees the other. It
// is the owner that steps back. Sections are short, as those of a SpinMutex.
//
// Not recursive. The owner may change; who was it orders itself before who becomes it.
class TRIVET_CAPABILITY("mutex") OwnerMutex {
 public:
  OwnerMutex() = default;
  OwnerMutex(const OwnerMutex&) = delete;
  OwnerMutex& operator=(const OwnerMutex&) = delete;

  // Only for the owner.
  void LockAsOwner() TRIVET_ACQUIRE() {
    SetMark(inside_, true, fence_);
    // Acquire: pairs with Unlock, so that what the last visitor did is seen.
    if (visited_.load(std::memory_order_acquire)) [[unlikely]]
      LockAsOwnerSlowly();
  }
  // Release: pairs with the load in Lock.
  void UnlockAsOwner() TRIVET_RELEASE() { inside_.store(false, std::memory_order_release); }

  // For any thread, the owner too: as a visitor.
  void Lock() TRIVET_ACQUIRE();
  void Unlock() TRIVET_RELEASE();

 private:
  void LockAsOwnerSlowly();

  const GraceFence fence_ = BestGraceFence();
  std::atomic<bool> inside_{false};   // written by the owner
  std::atomic<bool> visited_{false};  // written by the visitor that holds visitors_
  SpinMutex visitors_;
};

// Holds the mutex while it lives, as its owner; a MutexLock holds it as a visitor.
class [[nodiscard]] TRIVET_SCOPED_CAPABILITY OwnerLock {
 public:
  explicit OwnerLock(OwnerMutex& mutex) TRIVET_ACQUIRE(mutex) : mutex_(mutex) {
    mutex_.LockAsOwner();
  }
  OwnerLock(const OwnerLock&) = delete;
  OwnerLock& operator=(const OwnerLock&) = delete;
  ~OwnerLock() TRIVET_RELEASE() { mutex_.UnlockAsOwner(); }

 private:
  OwnerMutex& mutex_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_OWNER_MUTEX_H_
