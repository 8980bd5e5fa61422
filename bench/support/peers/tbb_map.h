// oneTBB's concurrent_hash_map: no cache, but safe for threads, with a lock per entry.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_TBB_MAP_H_
#define TRIVET_BENCH_SUPPORT_PEERS_TBB_MAP_H_

#include <tbb/concurrent_hash_map.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "bench/support/peers/peer.h"

namespace trivet::bench {

class TbbMap {
 public:
  static constexpr std::string_view kName = "tbb::concurrent_hash_map";
  static constexpr bool kThreadSafe = true;
  static constexpr bool kEvicts = false;

  explicit TbbMap(const PeerOptions& options) : map_(options.entries) {}

  bool Get(const Key& key, std::string* out) {
    Map::const_accessor entry;
    if (!map_.find(entry, key.view())) return false;
    *out = entry->second;
    return true;
  }

  void Set(const Key& key, std::string_view value) {
    Map::accessor entry;
    map_.insert(entry, key.view());
    entry->second = value;
  }

 private:
  struct HashCompare {
    using is_transparent = void;
    size_t hash(std::string_view key) const { return std::hash<std::string_view>()(key); }
    bool equal(std::string_view a, std::string_view b) const { return a == b; }
  };
  using Map = tbb::concurrent_hash_map<std::string, std::string, HashCompare>;

  Map map_;
};

static_assert(Peer<TbbMap>);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_TBB_MAP_H_
