#include "engine/capacity.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace trivet::engine {
namespace {

// From this budget on a part of it is left free of entries: when small values make way for large
// ones, pages stay in use for blocks that are gone until those that are left have been moved, and
// the process must keep to its budget meanwhile.
constexpr size_t kRoomFrom = 256 << 20;
constexpr size_t kRoomPart = 16;

size_t ForEntries(size_t memory_bytes) {
  return memory_bytes < kRoomFrom ? memory_bytes : memory_bytes - memory_bytes / kRoomPart;
}

size_t Part(size_t whole, size_t index, size_t parts) {
  return whole / parts + (index < whole % parts ? 1 : 0);
}

}  // namespace

size_t ChooseShards(const Capacity& capacity, size_t cores) {
  size_t most = std::bit_ceil(std::max<size_t>(cores, 1) * 4);
  if (capacity.max_entries != 0) {
    most = std::min(most, capacity.max_entries / kEntriesPerShardMin);
  }
  if (capacity.memory_bytes != 0) {
    most = std::min(most, capacity.memory_bytes / kBytesPerShardMin);
  }
  return std::bit_floor(std::clamp<size_t>(most, 1, 1024));
}

ShardBudget PartOf(const Capacity& capacity, size_t index, size_t shards) {
  ShardBudget part;
  // A part of a limit is a limit too, never 0.
  if (capacity.memory_bytes != 0) {
    part.bytes = std::max<size_t>(Part(ForEntries(capacity.memory_bytes), index, shards), 1);
  }
  if (capacity.max_entries != 0) {
    part.entries = std::max<size_t>(Part(capacity.max_entries, index, shards), 1);
  }
  return part;
}

}  // namespace trivet::engine
