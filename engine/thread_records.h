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

#include "engine/mutex.h"

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
};

// One thread and one cache. Its own cache line: other threads only read it, and seldom.
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

  Mutex mu;
  Garbage garbage TRIVET_GUARDED_BY(mu);

 private:
  friend class ThreadRecords;
  friend class RecordsOfThread;

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
  std::atomic<bool> in_use_{false};                              // by a thread that lives
  ThreadRecord* next_ = nullptr;                                 // constant once it is in the list
};

// The records of one cache. A record is made when a thread first comes, passes on to another thread
// when that one has ended, and lives as long as the cache.
//
// Thread-safety: all methods, on any thread. Mine() costs a comparison, where the thread's last
// call was for the same cache.
class ThreadRecords {
 public:
  ThreadRecords();
  ThreadRecords(const ThreadRecords&) = delete;
  ThreadRecords& operator=(const ThreadRecords&) = delete;

  // The record of the calling thread.
  ThreadRecord& Mine() {
    if (last_used_.records == id_) [[likely]]
      return *last_used_.record;
    return FindMine();
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (ThreadRecord* record = list_->first.load(std::memory_order_acquire); record != nullptr;
         record = record->next_) {
      visit(*record);
    }
  }

 private:
  friend class RecordsOfThread;

  struct List {
    List() = default;
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List();
    std::atomic<ThreadRecord*> first{nullptr};
  };
  struct LastUsed {
    uint64_t records = 0;  // whose; 0: none
    ThreadRecord* record = nullptr;
  };

  ThreadRecord& FindMine();
  static ThreadRecord* Claim(List& list);

  static thread_local constinit LastUsed last_used_;

  const uint64_t id_;  // never used again, other than an address
  const std::shared_ptr<List> list_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_THREAD_RECORDS_H_
