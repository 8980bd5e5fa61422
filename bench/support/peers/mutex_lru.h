// The cache that people write themselves.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_MUTEX_LRU_H_
#define TRIVET_BENCH_SUPPORT_PEERS_MUTEX_LRU_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/support/peers/peer.h"

namespace trivet::bench {

// A mutex, a list in order of use, and a map into it, sixteen times over. Counts entries, has no
// TTL, and copies values out under a lock. Thread-safe.
class MutexLru {
 public:
  static constexpr std::string_view kName = "sharded mutex LRU";
  static constexpr bool kThreadSafe = true;
  static constexpr bool kEvicts = true;

  explicit MutexLru(const PeerOptions& options) {
    const size_t capacity = options.evicts ? options.entries : Roomy(options.entries);
    for (size_t i = 0; i < kShards; ++i) {
      shards_.push_back(std::make_unique<Shard>(std::max<size_t>(1, capacity / kShards)));
    }
  }

  bool Get(const Key& key, std::string* out) { return ShardOf(key).Get(key.view(), out); }
  void Set(const Key& key, std::string_view value) { ShardOf(key).Set(key.view(), value); }

 private:
  static constexpr size_t kShards = size_t{1} << kShardBits;

  class Shard {
   public:
    explicit Shard(size_t capacity) : capacity_(capacity) { map_.reserve(capacity); }

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

   private:
    using List = std::list<std::pair<const std::string, std::string>>;

    const size_t capacity_;
    std::mutex mutex_;
    List list_;                                                 // most recently used first
    std::unordered_map<std::string_view, List::iterator> map_;  // the keys lie in the list
  };

  // The upper bits: the lower ones choose the bucket in the shard's map.
  Shard& ShardOf(const Key& key) {
    return *shards_[std::hash<std::string_view>()(key.view()) >> (64 - kShardBits)];
  }

  std::vector<std::unique_ptr<Shard>> shards_;
};

static_assert(Peer<MutexLru>);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_MUTEX_LRU_H_
