// A fence of two sides, of which the one that is passed often costs nothing.
#ifndef TRIVET_ENGINE_GRACE_FENCE_H_
#define TRIVET_ENGINE_GRACE_FENCE_H_

#include <atomic>

namespace trivet::engine {

// Two threads each set a mark and then look at the other's; at least one must see the other. That
// takes a full fence between mark and look on both sides, or, where one side comes seldom, none on
// the other and a membarrier(2) on this: it makes every running thread of the process pass one.
enum class GraceFence {
  kMembarrier,  // by membarrier(2), which the seldom side pays for
  kReader,      // by a fence on both sides, where the system has no membarrier
};

// kMembarrier, if this system has it. What a cache takes when it is opened.
GraceFence BestGraceFence();

// For tests: caches that are opened from now on take kReader (true), or the best (false).
void ForceReaderFence(bool force);

// The frequent side: sets its mark. What it looks at afterwards is not older than the mark.
template <typename T>
void SetMark(std::atomic<T>& mark, T value, [[maybe_unused]] GraceFence fence) {
#if defined(__SANITIZE_THREAD__)
  // TSan knows neither membarrier nor fences.
  mark.exchange(value, std::memory_order_seq_cst);
#else
  // Release: a mark that replaces an older one still says that the looks before it are over.
  mark.store(value, std::memory_order_release);
  if (fence == GraceFence::kReader) [[unlikely]] {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
#endif
}

// The seldom side, between what it sets and what it looks at.
void FenceMarks(GraceFence fence);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GRACE_FENCE_H_
