// Free blocks that a thread keeps at hand.
#ifndef TRIVET_ENGINE_MAGAZINES_H_
#define TRIVET_ENGINE_MAGAZINES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/owner_mutex.h"
#include "engine/relaxed.h"
#include "engine/size_classes.h"

namespace trivet::engine {

// A stack of free blocks for each size class (J. Bonwick, J. Adams, "Magazines and Vmem", 2001), so
// that the lock of the class is taken once for many blocks. What was freed last is handed out
// first: it is still in the processor's cache. See Arena.
struct alignas(64) Magazines {
  OwnerMutex mu;
  std::array<std::vector<uint32_t>, kAllClasses> blocks TRIVET_GUARDED_BY(mu);  // their numbers
  Relaxed<size_t> bytes = 0;  // of all of them; changed under `mu`
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MAGAZINES_H_
