// Mutexes and a condition variable that Clang's thread-safety analysis and TSan both understand.
#ifndef TRIVET_ENGINE_MUTEX_H_
#define TRIVET_ENGINE_MUTEX_H_

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"
#include "engine/thread_annotations.h"

namespace trivet::engine {

// For simulations that run many "threads" on one. Where a thread would wait, it calls this instead,
// without holding what it waits for, and looks again. Null everywhere else.
extern thread_local void (*wait_instead)();

// std::mutex with annotations:
//
//   mutable Mutex mutex_;
//   size_t size_ TRIVET_GUARDED_BY(mutex_) = 0;
//   ...
//   MutexLock lock(mutex_);
//   ++size_;
//
// Not recursive.
class TRIVET_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() TRIVET_ACQUIRE() {
    if (!mutex_.try_lock()) LockSlowly();
  }
  void Unlock() TRIVET_RELEASE() { mutex_.unlock(); }

  // May fail even if nobody holds the mutex.
  [[nodiscard]] bool TryLock() TRIVET_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

  // REQUIRES: the calling thread holds the mutex. Not checked at run time: a word to the analysis,
  // for places it cannot follow, such as callbacks.
  void AssertHeld() const TRIVET_ASSERT_CAPABILITY(this) {}

 private:
  friend class CondVar;
  void LockSlowly();

  std::mutex mutex_;
};

// The same for sections of well under a microsecond: who waits spins first, then yields, then
// sleeps for short whiles. Nobody has to be woken, so that unlocking is a plain store: Lock and
// Unlock together cost one locked instruction, where a std::mutex has two.
//
// Not fair, no CondVar, and a thread that waits for long costs some processor time.
class TRIVET_CAPABILITY("mutex") SpinMutex {
 public:
  SpinMutex() = default;
  SpinMutex(const SpinMutex&) = delete;
  SpinMutex& operator=(const SpinMutex&) = delete;

  void Lock() TRIVET_ACQUIRE() {
    if (!TryLock()) [[unlikely]]
      LockSlowly();
  }
  // Release: what was done under the lock is seen by the next holder.
  void Unlock() TRIVET_RELEASE() { held_.store(false, std::memory_order_release); }

  [[nodiscard]] bool TryLock() TRIVET_TRY_ACQUIRE(true) {
    // Acquire: pairs with Unlock.
    return !held_.exchange(true, std::memory_order_acquire);
  }

  // As that of Mutex.
  void AssertHeld() const TRIVET_ASSERT_CAPABILITY(this) {}

 private:
  void LockSlowly();

  std::atomic<bool> held_{false};
};

// How a thread waits for another that is about to be done: each call takes longer than the last.
class Backoff {
 public:
  void Pause();

 private:
  int pauses_ = 0;
};

// Holds the mutex, of either kind, while it lives.
template <typename AnyMutex>
class [[nodiscard]] TRIVET_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(AnyMutex& mutex) TRIVET_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() TRIVET_RELEASE() { mutex_.Unlock(); }

 private:
  AnyMutex& mutex_;
};

// Where threads wait for a condition that a mutex guards. Both waits give the mutex back while they
// sleep and hold it again when they return, which they also do now and then for no reason: callers
// look at their condition, and at their clock, in a loop.
//
//   MutexLock lock(mutex_);
//   while (!done_ && clock->Elapsed() < deadline) {
//     changed_.WaitFor(mutex_, clock->WaitSlice(deadline));
//   }
//
// All waits of one CondVar at a time use the same mutex.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void Wait(Mutex& mutex) TRIVET_REQUIRES(mutex) {
    if (wait_instead != nullptr) return LetOthersGoOn(mutex);
    std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
    condition_.wait(held);
    held.release();
  }

  // Sleeps at most `duration` of real time; not at all if it is not positive.
  void WaitFor(Mutex& mutex, absl::Duration duration) TRIVET_REQUIRES(mutex) {
    if (duration <= absl::ZeroDuration()) return;
    if (wait_instead != nullptr) return LetOthersGoOn(mutex);
    if (duration > kWaitMax) duration = kWaitMax;
    std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(held, absl::ToChronoNanoseconds(duration));
    held.release();
  }

  void Signal() { condition_.notify_one(); }
  void SignalAll() { condition_.notify_all(); }

 private:
  // Infinite durations, too, must fit the arithmetic of the standard library. Callers loop, so that
  // waking once an hour costs nothing.
  static constexpr absl::Duration kWaitMax = absl::Hours(1);

  static void LetOthersGoOn(Mutex& mutex) TRIVET_REQUIRES(mutex);

  std::condition_variable condition_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MUTEX_H_
