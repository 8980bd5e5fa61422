#include "engine/thread_records.h"

#include <utility>

#include "engine/tag_groups.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

uint64_t NextId() {
  static std::atomic<uint64_t> last_id{0};
  return last_id.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Garbage::Garbage() = default;
Garbage::Garbage(Garbage&& other) noexcept
    : entries(std::move(other.entries)),
      groups(std::move(other.groups)),
      bytes(std::exchange(other.bytes, 0)) {
  other.entries.clear();
  other.groups.clear();
}
Garbage& Garbage::operator=(Garbage&& other) noexcept {
  entries = std::move(other.entries);
  groups = std::move(other.groups);
  bytes = std::exchange(other.bytes, 0);
  other.entries.clear();
  other.groups.clear();
  return *this;
}
Garbage::~Garbage() = default;

// --- A record

ReadCounters* ThreadRecord::MakeChunk(size_t chunk) {
  static_assert(kFirstChunk * ((size_t{1} << kChunks) - 1) >= kNamespacesMax);
  auto* counters = new ReadCounters[kFirstChunk << chunk];
  chunks_[chunk].store(counters, std::memory_order_release);
  return counters;
}

ThreadRecord::~ThreadRecord() {
  for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
}

// --- All records of a thread

namespace {
thread_local constinit bool thread_has_ended = false;
}  // namespace

// Gives the records of the thread back when it ends; a cache may be gone by then.
class RecordsOfThread {
 public:
  RecordsOfThread() = default;
  RecordsOfThread(const RecordsOfThread&) = delete;
  RecordsOfThread& operator=(const RecordsOfThread&) = delete;
  ~RecordsOfThread() {
    for (const Held& one : held_) {
      if (const auto list = one.list.lock()) {
        one.record->in_use_.store(false, std::memory_order_release);
      }
    }
    ThreadRecords::last_used_ = {};
    thread_has_ended = true;
  }

  ThreadRecord* Find(uint64_t id) const {
    for (const Held& one : held_) {
      if (one.id == id) return one.record;
    }
    return nullptr;
  }

  void Add(uint64_t id, const std::shared_ptr<ThreadRecords::List>& list, ThreadRecord* record) {
    std::erase_if(held_, [](const Held& one) { return one.list.expired(); });
    held_.push_back({id, list, record});
  }

 private:
  struct Held {
    uint64_t id;
    std::weak_ptr<ThreadRecords::List> list;
    ThreadRecord* record;
  };
  std::vector<Held> held_;
};

// --- All records of a cache

thread_local constinit ThreadRecords::LastUsed ThreadRecords::last_used_;

ThreadRecords::ThreadRecords() : id_(NextId()), list_(std::make_shared<List>()) {}

ThreadRecords::List::~List() {
  ThreadRecord* record = first.load(std::memory_order_relaxed);
  while (record != nullptr) delete std::exchange(record, record->next_);
}

ThreadRecord& ThreadRecords::FindMine() {
  if (thread_has_ended) {
    // From a destructor of the thread or the program that runs later: a record for each call, kept
    // in use for ever.
    return *Claim(*list_);
  }
  static thread_local RecordsOfThread mine;
  ThreadRecord* record = mine.Find(id_);
  if (record == nullptr) {
    record = Claim(*list_);
    mine.Add(id_, list_, record);
  }
  last_used_ = {id_, record};
  return *record;
}

ThreadRecord* ThreadRecords::Claim(List& list) {
  for (ThreadRecord* record = list.first.load(std::memory_order_acquire); record != nullptr;
       record = record->next_) {
    // Acquire: with what the thread before has counted.
    bool free = false;
    if (record->in_use_.compare_exchange_strong(free, true, std::memory_order_acquire)) {
      return record;
    }
  }
  auto* record = new ThreadRecord;
  record->in_use_.store(true, std::memory_order_relaxed);
  record->next_ = list.first.load(std::memory_order_relaxed);
  while (!list.first.compare_exchange_weak(record->next_, record, std::memory_order_release,
                                           std::memory_order_relaxed)) {
  }
  return record;
}

}  // namespace trivet::engine
