#include "engine/thread_records.h"

#include <utility>

#include "engine/tag_groups.h"
#include "trivet/options.h"

namespace trivet::engine {

Garbage::Garbage() = default;
Garbage::Garbage(Garbage&& other) noexcept
    : entries(std::move(other.entries)),
      groups(std::move(other.groups)),
      bytes(std::exchange(other.bytes, 0)),
      pinned_bytes(std::exchange(other.pinned_bytes, 0)) {
  other.entries.clear();
  other.groups.clear();
}
Garbage& Garbage::operator=(Garbage&& other) noexcept {
  entries = std::move(other.entries);
  groups = std::move(other.groups);
  bytes = std::exchange(other.bytes, 0);
  pinned_bytes = std::exchange(other.pinned_bytes, 0);
  other.entries.clear();
  other.groups.clear();
  return *this;
}
Garbage::~Garbage() = default;

ReadCounters* ThreadRecord::MakeChunk(size_t chunk) {
  static_assert(kFirstChunk * ((size_t{1} << kChunks) - 1) >= kNamespacesMax);
  auto* counters = new ReadCounters[kFirstChunk << chunk];
  chunks_[chunk].store(counters, std::memory_order_release);
  return counters;
}

ThreadRecord::~ThreadRecord() {
  for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
}

}  // namespace trivet::engine
