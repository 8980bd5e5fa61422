// What RocksDB's two block caches have in common: pointers to objects under keys, with a charge.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_CACHE_H_
#define TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_CACHE_H_

#include <rocksdb/cache.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bench/support/peers/peer.h"
#include "bench/support/require.h"

namespace trivet::bench {

// The objects are strings, as a program would keep them. The charge is what they take, so that the
// caches' own rules about small capacities hold as intended; their table comes on top.
class RocksDbCache {
 public:
  static constexpr bool kThreadSafe = true;
  static constexpr bool kEvicts = true;

  static size_t ChargeOf(size_t value_bytes) { return sizeof(std::string) + value_bytes; }
  static size_t CapacityFor(const PeerOptions& options) {
    return (options.evicts ? options.entries : Roomy(options.entries)) *
           ChargeOf(options.value_bytes);
  }

  explicit RocksDbCache(std::shared_ptr<rocksdb::Cache> cache) : cache_(std::move(cache)) {}

  bool Get(std::string_view key, std::string* out) const {
    rocksdb::Cache::Handle* handle = cache_->Lookup(SliceOf(key));
    if (handle == nullptr) return false;
    *out = *static_cast<const std::string*>(cache_->Value(handle));
    cache_->Release(handle);
    return true;
  }

  void Insert(std::string_view key, std::string_view value) {
    auto object = std::make_unique<std::string>(value);
    const rocksdb::Status status =
        cache_->Insert(SliceOf(key), object.get(), ChargeOf(value.size()), &Delete);
    Require(status.ok(), "insert into RocksDB's cache");
    object.release();  // NOLINT(bugprone-unused-return-value): the cache owns it now
  }

  void Erase(std::string_view key) { cache_->Erase(SliceOf(key)); }

 private:
  static rocksdb::Slice SliceOf(std::string_view key) { return {key.data(), key.size()}; }
  static void Delete(const rocksdb::Slice&, void* object) {
    delete static_cast<std::string*>(object);
  }

  std::shared_ptr<rocksdb::Cache> cache_;
};

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_ROCKSDB_CACHE_H_
