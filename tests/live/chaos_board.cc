#include "tests/live/chaos_board.h"

#include <sys/mman.h>
#include <unistd.h>

#include "engine/check.h"

namespace trivet::testing {

void RaiseTo(std::atomic<uint64_t>& number, uint64_t to) {
  uint64_t known = number.load(std::memory_order_acquire);
  while (known < to && !number.compare_exchange_weak(known, to, std::memory_order_acq_rel)) {
  }
}

ChaosBoard* NewChaosBoard(int* file) {
  *file = memfd_create("trivet_chaos", 0);
  TRIVET_CHECK(*file >= 0 && ftruncate(*file, sizeof(ChaosBoard)) == 0, "no memory to share");
  return OpenChaosBoard(*file);
}

ChaosBoard* OpenChaosBoard(int file) {
  void* const at = mmap(nullptr, sizeof(ChaosBoard), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  TRIVET_CHECK(at != MAP_FAILED, "the board cannot be mapped");
  return static_cast<ChaosBoard*>(at);
}

}  // namespace trivet::testing
