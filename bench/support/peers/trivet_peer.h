// trivet, by its public headers.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_TRIVET_PEER_H_
#define TRIVET_BENCH_SUPPORT_PEERS_TRIVET_PEER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bench/support/peers/peer.h"
#include "bench/support/require.h"
#include "trivet/cache.h"

namespace trivet::bench {

class TrivetPeer {
 public:
  static constexpr std::string_view kName = "trivet";
  static constexpr bool kThreadSafe = true;
  static constexpr bool kEvicts = true;

  explicit TrivetPeer(const PeerOptions& options) : TrivetPeer(options, NamespaceOptions()) {}
  TrivetPeer(const PeerOptions& options, const NamespaceOptions& of_namespace)
      : cache_(OpenCache(OptionsFor(options))), view_(cache_->In("bench", of_namespace)) {}

  bool Get(const Key& key, std::string* out) const { return view_.FindInto(key.view(), out); }
  void Set(const Key& key, std::string_view value) {
    Require(view_.Set(key.view(), value).status());
  }

  Cache& cache() { return *cache_; }
  Namespace& view() { return view_; }

  static CacheOptions OptionsFor(const PeerOptions& options) {
    CacheOptions chosen;
    if (options.evicts) {
      chosen.max_entries = options.entries;
    } else {
      // Twice what an entry has ever been seen to take.
      chosen.memory_bytes = (64 << 20) + options.entries * (options.value_bytes * 5 / 4 + 400);
    }
    if (!options.policy.empty()) chosen.policy = options.policy;
    return chosen;
  }

  static std::unique_ptr<Cache> OpenCache(CacheOptions options) {
    auto cache = Cache::Open(std::move(options));
    Require(cache.status());
    return *std::move(cache);
  }

 private:
  std::unique_ptr<Cache> cache_;
  Namespace view_;
};

static_assert(Peer<TrivetPeer>);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_TRIVET_PEER_H_
