// What each thread keeps for one cache, where no other thread writes.
#ifndef TRIVET_ENGINE_THREAD_RECORDS_H_
#define TRIVET_ENGINE_THREAD_RECORDS_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/owner_mutex.h"
#include "engine/per_thread.h"
#include "engine/relaxed.h"

namespace trivet::engine {

class Entry;
struct TagGroup;

// Reads of one namespace by one thread.
struct ReadCounters {
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> misses{0};

  // Only for the thread itself: an increment without a locked instruction.
  static void Count(std::atomic<uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

// What left the shards by one thread's doing, and may still be looked at: see Reclaimer.
struct Garbage {
  Garbage();
  Garbage(Garbage&&) noexcept;
  Garbage& operator=(Garbage&&) noexcept;
  ~Garbage();

  bool empty() const { return entries.empty() && groups.empty(); }

  std::vector<Entry*> entries;
  std::vector<std::unique_ptr<TagGroup>> groups;
  size_t bytes = 0;
  size_t pinned_bytes = 0;  // of these, what Values held when it was collected
};

// Garbage that readers of this era, and of older ones, may still look at.
struct Batch {
  uint64_t era;
  Garbage garbage;
};

// One thread and one cache. Its own cache lines: others seldom read them, and more seldom write.
class alignas(64) ThreadRecord {
 public:
  ThreadRecord() = default;
  ThreadRecord(const ThreadRecord&) = delete;
  ThreadRecord& operator=(const ThreadRecord&) = delete;
  ~ThreadRecord();

  // The counters of a namespace. For the thread itself.
  ReadCounters& CountersOf(uint32_t namespace_id) {
    if (namespace_id < kFirstChunk) [[likely]]
      return first_chunk_[namespace_id];
    const size_t chunk = ChunkOf(namespace_id);
    ReadCounters* counters = chunks_[chunk].load(std::memory_order_relaxed);
    if (counters == nullptr) [[unlikely]]
      counters = MakeChunk(chunk);
    return counters[namespace_id - FirstOf(chunk)];
  }
  // The same for any thread: null if this one never read there.
  const ReadCounters* FindCounters(uint32_t namespace_id) const {
    if (namespace_id < kFirstChunk) return &first_chunk_[namespace_id];
    const size_t chunk = ChunkOf(namespace_id);
    const ReadCounters* counters = chunks_[chunk].load(std::memory_order_acquire);
    return counters == nullptr ? nullptr : &counters[namespace_id - FirstOf(chunk)];
  }

  // The era in which the thread reads; 0: it does not. See Reclaimer.
  std::atomic<uint64_t> reading{0};

  OwnerMutex mu;
  Garbage collected TRIVET_GUARDED_BY(mu);
  std::vector<Batch> sealed TRIVET_GUARDED_BY(mu);  // in the order of their eras
  // Of the two, for who only wants to know; changed under `mu`.
  Relaxed<size_t> collected_bytes = 0;
  Relaxed<size_t> collected_entries = 0;
  Relaxed<bool> has_garbage = false;

 private:
  // Chunk i has 16 * 2^i counters, so that nothing moves when namespaces are added.
  static constexpr size_t kFirstChunk = 16;
  static constexpr size_t kChunks = 13;
  static size_t ChunkOf(uint32_t id) {
    return static_cast<size_t>(std::bit_width(id / kFirstChunk + 1)) - 1;
  }
  static size_t FirstOf(size_t chunk) { return kFirstChunk * ((size_t{1} << chunk) - 1); }
  ReadCounters* MakeChunk(size_t chunk);

  std::array<ReadCounters, kFirstChunk> first_chunk_ = {};
  std::array<std::atomic<ReadCounters*>, kChunks> chunks_ = {};  // the first is not used
};

// The records of one cache.
using ThreadRecords = PerThread<ThreadRecord>;

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_THREAD_RECORDS_H_
