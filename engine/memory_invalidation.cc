#include "engine/memory_invalidation.h"

#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

// Buckets that a pattern visits before it lets others have the shard.
constexpr size_t kBucketsPerLock = 128;

}  // namespace

void Invalidate(MemoryTier& memory, const KeyRef& key) {
  const Millis now = memory.now();
  Removals removals = memory.NewRemovals();
  Shard& shard = memory.ShardOf(key.hash);
  MutexLock lock(shard.mu);
  shard.flights().FenceAll(key.space, key.key, key.hash);
  Entry* entry = shard.FindLive(key, now, &removals);
  if (entry != nullptr) shard.Remove(entry, key.hash, RemovalCause::kInvalidated, &removals);
}

void InvalidateOlder(MemoryTier& memory, const KeyRef& key, uint64_t version) {
  const Millis now = memory.now();
  Removals removals = memory.NewRemovals();
  Shard& shard = memory.ShardOf(key.hash);
  MutexLock lock(shard.mu);
  shard.flights().Overtake(key.space, key.key, key.hash, version);
  Entry* entry = shard.FindLive(key, now, &removals);
  if (entry == nullptr || (version != 0 && entry->version() >= version)) return;
  shard.Remove(entry, key.hash, RemovalCause::kInvalidated, &removals);
}

void InvalidateTag(MemoryTier& memory, NamespaceState* space, std::string_view tag) {
  TagRecord* record = space->tags().Invalidate(tag);
  if (record == nullptr) return;
  for (size_t i = 0; i < memory.shard_count(); ++i) {
    Shard& shard = memory.shard(i);
    MutexLock lock(shard.mu);
    shard.tag_groups().Doom(record);
  }
  space->tags().Release({&record, 1});
}

size_t InvalidatePattern(MemoryTier& memory, NamespaceState* space, const Glob& pattern) {
  size_t dropped = 0;
  for (size_t i = 0; i < memory.shard_count(); ++i) {
    Shard& shard = memory.shard(i);
    {
      // First the flights: one that begins after this reads the truth as it is now, and what one
      // that landed before has kept is still to be visited.
      MutexLock lock(shard.mu);
      shard.flights().FenceMatching(space,
                                    [&](std::string_view key) { return pattern.Matches(key); });
    }
    uint64_t position = 0;
    bool more = true;
    while (more) {
      const Millis now = memory.now();
      Removals removals = memory.NewRemovals();
      MutexLock lock(shard.mu);
      for (size_t step = 0; more && step < kBucketsPerLock; ++step) {
        more = shard.index().VisitBucket(&position, [&](Entry* entry) {
          shard.mu.AssertHeld();
          if (entry->space_id() != space->id() || !pattern.Matches(entry->key())) return;
          // The dead go, too: a reader whose clock is older might revive one by its use.
          const bool is_live = shard.IsLive(entry, space, now);
          if (is_live) ++dropped;
          shard.Remove(entry,
                       is_live ? RemovalCause::kInvalidated : Shard::CauseOfDeath(entry, now),
                       &removals);
        });
      }
    }
  }
  return dropped;
}

void Clear(MemoryTier& memory, NamespaceState* space) {
  space->NextEpoch();
  memory.NoteClear();
}

}  // namespace trivet::engine
