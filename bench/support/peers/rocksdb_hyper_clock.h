// RocksDB's HyperClockCache: lock-free, with a table of fixed size.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_HYPER_CLOCK_H_
#define TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_HYPER_CLOCK_H_

#include <string>
#include <string_view>

#include "bench/support/peers/peer.h"
#include "bench/support/peers/rocksdb_cache.h"

namespace trivet::bench {

class RocksDbHyperClock : public RocksDbCache {
 public:
  static constexpr std::string_view kName = "RocksDB HyperClockCache";

  explicit RocksDbHyperClock(const PeerOptions& options)
      : RocksDbCache(rocksdb::HyperClockCacheOptions(CapacityFor(options),
                                                     ChargeOf(options.value_bytes), kShardBits,
                                                     /*_strict_capacity_limit=*/false, nullptr,
                                                     rocksdb::kDontChargeCacheMetadata)
                         .MakeSharedCache()) {}

  // It takes keys of 16 bytes and no others.
  bool Get(const Key& key, std::string* out) const { return RocksDbCache::Get(key.padded(), out); }

  // An insert does not replace what is there (as of 7.8), so a set is two steps, and a reader
  // between them misses.
  void Set(const Key& key, std::string_view value) {
    Erase(key.padded());
    Insert(key.padded(), value);
  }

  // Of a key that is not there: one step.
  void Add(const Key& key, std::string_view value) { Insert(key.padded(), value); }
};

static_assert(Peer<RocksDbHyperClock>);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_HYPER_CLOCK_H_
