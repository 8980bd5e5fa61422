#include "engine/memory_scan.h"

#include <string>
#include <utility>

#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

// Buckets visited before the lock is given up, also where they hold nothing of the namespace.
constexpr size_t kBucketsPerLock = 128;

}  // namespace

ScanPage Scan(MemoryTier& memory, const NamespaceState* space, ScanCursor cursor,
              size_t items_max) {
  ScanPage page;
  while (!cursor.done && cursor.shard < memory.shard_count() && page.items.size() < items_max) {
    const Millis now = memory.now();
    Shard& shard = memory.shard(cursor.shard);
    bool more = true;
    {
      MutexLock lock(shard.mu);
      for (size_t step = 0; more && step < kBucketsPerLock && page.items.size() < items_max;
           ++step) {
        more = shard.index().VisitBucket(&cursor.hash, [&](Entry* entry) {
          if (entry->space_id() != space->id() || !shard.IsLive(entry, space, now)) return;
          if (!space->IsServed(now)) return;
          page.items.push_back({.key = std::string(entry->key()),
                                .value = memory.ledger().Pin(entry),
                                .version = entry->version()});
        });
      }
    }
    if (!more) {
      ++cursor.shard;
      cursor.hash = 0;
    }
  }
  cursor.done = cursor.done || cursor.shard >= memory.shard_count();
  page.next = cursor;
  return page;
}

}  // namespace trivet::engine
