#include "engine/mutex.h"

#include <chrono>
#include <thread>

namespace trivet::engine {
namespace {

// About half a microsecond, as long as a short section takes that runs on another core.
constexpr int kSpins = 8;
// Then the holder is likely to have lost its core, and may get this one.
constexpr int kYields = 16;
// Then it may have to wait for a thread of lower priority, which a yield would not let run.
constexpr std::chrono::microseconds kSleep{50};

void SpinOnce() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace

thread_local void (*wait_instead)() = nullptr;

void Mutex::LockSlowly() {
  if (wait_instead == nullptr) return mutex_.lock();
  while (!mutex_.try_lock()) wait_instead();
}

void CondVar::LetOthersGoOn(Mutex& mutex) {
  mutex.Unlock();
  wait_instead();
  mutex.Lock();
}

void Backoff::Pause() {
  if (pauses_ < kSpins) {
    ++pauses_;
    // More each time: who has just missed the holder is soon back, who waits in a crowd steps back.
    for (int i = 0; i < pauses_; ++i) SpinOnce();
  } else if (pauses_ < kSpins + kYields) {
    ++pauses_;
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(kSleep);
  }
}

void SpinMutex::LockSlowly() TRIVET_NO_THREAD_SAFETY_ANALYSIS {
  Backoff backoff;
  do {
    // Looking does not take the cache line away from the holder.
    while (held_.load(std::memory_order_relaxed)) backoff.Pause();
  } while (!TryLock());
}

}  // namespace trivet::engine
