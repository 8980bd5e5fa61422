// Walking over the live entries of a namespace without stopping the world.
#ifndef TRIVET_ENGINE_MEMORY_SCAN_H_
#define TRIVET_ENGINE_MEMORY_SCAN_H_

#include <cstddef>

#include "engine/memory_tier.h"
#include "trivet/result.h"

namespace trivet::engine {

// As Namespace::Scan. One lock for a bounded number of buckets at a time. A cursor that no scan
// returned is taken for what its numbers say; one beyond the last shard ends the scan.
ScanPage Scan(MemoryTier& memory, const NamespaceState* space, ScanCursor cursor, size_t items_max);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MEMORY_SCAN_H_
