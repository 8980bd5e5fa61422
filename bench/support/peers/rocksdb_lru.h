// RocksDB's LRUCache: a mutex per shard.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_LRU_H_
#define TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_LRU_H_

#include <string>
#include <string_view>

#include "bench/support/peers/peer.h"
#include "bench/support/peers/rocksdb_cache.h"

namespace trivet::bench {

class RocksDbLru : public RocksDbCache {
 public:
  static constexpr std::string_view kName = "RocksDB LRUCache";

  explicit RocksDbLru(const PeerOptions& options) : RocksDbCache(Open(options)) {}

  bool Get(const Key& key, std::string* out) const { return RocksDbCache::Get(key.view(), out); }
  void Set(const Key& key, std::string_view value) { Insert(key.view(), value); }

 private:
  static std::shared_ptr<rocksdb::Cache> Open(const PeerOptions& options) {
    rocksdb::LRUCacheOptions chosen;
    chosen.capacity = CapacityFor(options);
    chosen.num_shard_bits = kShardBits;
    chosen.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
    return rocksdb::NewLRUCache(chosen);
  }
};

static_assert(Peer<RocksDbLru>);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_LRU_H_
