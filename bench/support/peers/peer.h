// What the benchmarks ask of a cache that takes part in them.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_PEER_H_
#define TRIVET_BENCH_SUPPORT_PEERS_PEER_H_

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "bench/support/key.h"

namespace trivet::bench {

struct PeerOptions {
  size_t entries = 0;
  size_t value_bytes = 0;
  // False: there is room for all entries, also where shards fill unevenly. True: `entries` is what
  // may be held at a time.
  bool evicts = false;
  std::string policy{};  // of trivet; empty: its default
};

// Shards of the peers that have to be told: more than there will be threads.
inline constexpr int kShardBits = 4;

// Entries to make room for so that none of n is evicted, in whichever shards they are.
inline size_t Roomy(size_t n) { return n + n / 4 + 1024; }

// One cache with bytes as keys and values. There are no virtual calls here: each measured loop is
// compiled for one peer.
template <typename P>
concept Peer = std::constructible_from<P, const PeerOptions&> &&
    requires(P peer, const Key& key, std::string_view value, std::string* out) {
  { P::kName } -> std::convertible_to<std::string_view>;
  // Whether several threads may set at once. All may get at once.
  { P::kThreadSafe } -> std::convertible_to<bool>;
  // Whether it keeps to a capacity.
  { P::kEvicts } -> std::convertible_to<bool>;
  // Copies the value into `*out`. False: it is not there.
  { peer.Get(key, out) } -> std::same_as<bool>;
  // Inserts or overwrites.
  peer.Set(key, value);
};

// A set of a key that is not there; some peers have a cheaper way for that.
template <Peer P>
void AddTo(P& peer, const Key& key, std::string_view value) {
  if constexpr (requires { peer.Add(key, value); }) {
    peer.Add(key, value);
  } else {
    peer.Set(key, value);
  }
}

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_PEER_H_
