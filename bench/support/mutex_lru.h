// The cache that people write themselves: the baseline of our benchmarks.
#ifndef TRIVET_BENCH_SUPPORT_MUTEX_LRU_H_
#define TRIVET_BENCH_SUPPORT_MUTEX_LRU_H_

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace trivet::bench {

// A mutex, a list in order of use, and a map into it. Counts entries, has no TTL, and copies values
// out under its lock. Thread-safe.
class MutexLru {
 public:
  explicit MutexLru(size_t capacity) : capacity_(capacity) { map_.reserve(capacity); }

  bool Get(std::string_view key, std::string* out) {
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end()) return false;
    list_.splice(list_.begin(), list_, found->second);
    *out = found->second->second;
    return true;
  }

  void Set(std::string_view key, std::string_view value) {
    const std::lock_guard lock(mutex_);
    if (const auto found = map_.find(key); found != map_.end()) {
      found->second->second = value;
      list_.splice(list_.begin(), list_, found->second);
      return;
    }
    if (map_.size() == capacity_) {
      map_.erase(list_.back().first);
      list_.pop_back();
    }
    list_.emplace_front(key, value);
    map_.emplace(list_.front().first, list_.begin());
  }

  bool Erase(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end()) return false;
    const auto entry = found->second;
    map_.erase(found);
    list_.erase(entry);
    return true;
  }

 private:
  using List = std::list<std::pair<const std::string, std::string>>;

  const size_t capacity_;
  std::mutex mutex_;
  List list_;                                                 // most recently used first
  std::unordered_map<std::string_view, List::iterator> map_;  // the keys lie in the list
};

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_MUTEX_LRU_H_
