#include "engine/grace_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/check.h"

namespace trivet::engine {
namespace {

std::atomic<bool> reader_fence_forced{false};

long Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

}  // namespace

GraceFence BestGraceFence() {
  static const bool registered = Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
                                 Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
  const bool forced = reader_fence_forced.load(std::memory_order_relaxed);
  return registered && !forced ? GraceFence::kMembarrier : GraceFence::kReader;
}

void ForceReaderFence(bool force) { reader_fence_forced.store(force, std::memory_order_relaxed); }

void FenceMarks([[maybe_unused]] GraceFence fence) {
#if !defined(__SANITIZE_THREAD__)
  if (fence == GraceFence::kMembarrier) {
    TRIVET_CHECK(Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0,
                 "membarrier(2) worked when the cache was opened, and is forbidden now");
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
#endif
}

}  // namespace trivet::engine
