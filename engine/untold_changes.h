// Changes that a part of the shared tier could not be told yet.
#ifndef TRIVET_ENGINE_UNTOLD_CHANGES_H_
#define TRIVET_ENGINE_UNTOLD_CHANGES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/mutex.h"
#include "trivet/shared_messages.h"

namespace trivet::engine {

// Each change once, however often it happened. A pattern, and more than kUntoldMax, become one
// change: all is over.
//
// Thread-safety: all methods, on any thread; empty() costs a load.
class UntoldChanges {
 public:
  static constexpr size_t kUntoldMax = 4096;

  bool empty() const { return size_.load(std::memory_order_acquire) == 0; }
  size_t size() const { return size_.load(std::memory_order_acquire); }

  // Records of the kinds kKey, kTag, kPattern and kClear. True: there were none before.
  bool Add(std::span<const SharedRecord> changes);

  // What is there, to be told.
  struct Batch {
    std::vector<SharedRecord> changes = {};
    uint64_t newest = 0;
  };
  Batch All() const;

  // The batch was told. What happened again meanwhile stays.
  void Remove(const Batch& batch);

 private:
  using Name = std::pair<SharedRecord::Kind, std::string>;
  struct Change {
    uint64_t version = 0;
    uint64_t added = 0;
  };

  mutable Mutex mu_;
  std::map<Name, Change> changes_ TRIVET_GUARDED_BY(mu_);
  uint64_t added_ TRIVET_GUARDED_BY(mu_) = 0;  // counts Add
  std::atomic<size_t> size_{0};                // written under mu_
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_UNTOLD_CHANGES_H_
