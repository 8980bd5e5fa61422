#include "tests/support/cache_internals.h"

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/core.h"
#include "engine/entry.h"
#include "engine/entry_ledger.h"
#include "engine/memory_tier.h"
#include "engine/mutex.h"
#include "engine/removals.h"
#include "engine/shard.h"

namespace trivet::testing {
namespace {

// An explicit instantiation may name a private member (C++20, [temp.spec.general]/6). That is our
// way in: the public header needs no word about tests.
template <auto kMember>
struct WayIn {
  friend engine::Core& CoreOf(Cache& cache) { return *(cache.*kMember); }
};
template struct WayIn<&Cache::core_>;
engine::Core& CoreOf(Cache& cache);

}  // namespace

void CheckInvariants(Cache& cache) { CoreOf(cache).memory().CheckInvariants(); }

size_t MappedBytes(Cache& cache) { return CoreOf(cache).memory().mapped_bytes(); }

size_t PageBytes(Cache& cache) { return CoreOf(cache).memory().page_bytes(); }

void MoveEntries(Cache& cache) {
  engine::MemoryTier& memory = CoreOf(cache).memory();
  for (size_t i = 0; i < memory.shard_count(); ++i) {
    engine::Shard& shard = memory.shard(i);
    engine::Removals removals = memory.NewRemovals();
    engine::MutexLock lock(shard.mu);
    uint64_t position = 0;
    while (shard.index().VisitBucket(&position, [&](engine::Entry* entry) {
      shard.mu.AssertHeld();
      if (entry->is_typed() || engine::EntryLedger::IsPinned(entry)) return;
      engine::Entry* const fresh = engine::Entry::Copy(memory.ledger().arena(), *entry);
      if (fresh != nullptr) shard.Move(entry, fresh, &removals);
    })) {
    }
  }
}

}  // namespace trivet::testing
