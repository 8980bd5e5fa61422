// Dropping from memory what changed elsewhere, so that no reader and no load brings it back.
#ifndef TRIVET_ENGINE_MEMORY_INVALIDATION_H_
#define TRIVET_ENGINE_MEMORY_INVALIDATION_H_

#include <cstddef>
#include <string_view>

#include "engine/glob.h"
#include "engine/memory_tier.h"

namespace trivet::engine {

// When these return, no reader of this process gets what they invalidated, and no load or write
// that began before keeps it.

void Invalidate(MemoryTier& memory, const KeyRef& key);

// Another process says that the truth of the key has this version (0: a newer one than any).
// Memory keeps what is not older, and so does a write in progress.
void InvalidateOlder(MemoryTier& memory, const KeyRef& key, uint64_t version);

// O(shards); the members are freed by maintenance.
void InvalidateTag(MemoryTier& memory, NamespaceState* space, std::string_view tag);

// O(entries of the cache), in steps. Returns how many entries it dropped.
size_t InvalidatePattern(MemoryTier& memory, NamespaceState* space, const Glob& pattern);

// O(1); the entries are freed by maintenance.
void Clear(MemoryTier& memory, NamespaceState* space);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MEMORY_INVALIDATION_H_
