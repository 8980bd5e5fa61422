// How the budget of a cache is divided among its shards.
#ifndef TRIVET_ENGINE_CAPACITY_H_
#define TRIVET_ENGINE_CAPACITY_H_

#include <cstddef>

#include "engine/shard.h"
#include "trivet/options.h"

namespace trivet::engine {

// The number of shards for options with `shards` = 0: a power of two, four for each core at most,
// with at least kEntriesPerShardMin entries or kBytesPerShardMin bytes in each.
size_t ChooseShards(const Capacity& capacity, size_t cores);

// What shard `index` of `shards` gets. The parts differ by one at most and add up to the whole, or
// from 256 MiB on to fifteen sixteenths of it (docs/decisions/0017-room-for-the-turn.md).
ShardBudget PartOf(const Capacity& capacity, size_t index, size_t shards);

// Below this, sharding costs hit ratio: measured, an eviction policy of its own for each shard
// loses 0.01 points with more entries, and 0.2 to 10 with fewer.
inline constexpr size_t kEntriesPerShardMin = 128;
// 128 entries of 8 KiB. How large values will be is not known when a cache is opened.
inline constexpr size_t kBytesPerShardMin = 1 << 20;

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_CAPACITY_H_
