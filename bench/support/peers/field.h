// Everybody who takes part, and how a peer is filled.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_FIELD_H_
#define TRIVET_BENCH_SUPPORT_PEERS_FIELD_H_

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "bench/support/machine.h"
#include "bench/support/peers/absl_map.h"
#include "bench/support/peers/mutex_lru.h"
#include "bench/support/peers/peer.h"
#include "bench/support/peers/trivet_peer.h"
#include "bench/support/session.h"
#ifdef TRIVET_BENCH_ROCKSDB
#include "bench/support/peers/rocksdb_hyper_clock.h"
#include "bench/support/peers/rocksdb_lru.h"
#endif
#ifdef TRIVET_BENCH_TBB
#include "bench/support/peers/tbb_map.h"
#endif

namespace trivet::bench {

// Calls `visit(std::type_identity<P>())` for each peer but trivet, the most important ones first.
template <typename Visit>
void ForEachOther(Visit visit) {
  visit(std::type_identity<AbslMap>());
#ifdef TRIVET_BENCH_ROCKSDB
  visit(std::type_identity<RocksDbHyperClock>());
  visit(std::type_identity<RocksDbLru>());
#endif
#ifdef TRIVET_BENCH_TBB
  visit(std::type_identity<TbbMap>());
#endif
  visit(std::type_identity<MutexLru>());
}

// The same with trivet at the head.
template <typename Visit>
void ForEachPeer(Visit visit) {
  visit(std::type_identity<TrivetPeer>());
  ForEachOther(visit);
}

template <Peer P>
void Fill(P& peer, const PeerOptions& options) {
  const std::string value(options.value_bytes, 'v');
  for (size_t i = 0; i < options.entries; ++i) AddTo(peer, KeyOf(i), value);
}

// Whether so many entries, and as much again for what comes with them, fit beside all that is
// there.
inline bool HasMemoryFor(std::string_view peer, const PeerOptions& options) {
  const size_t needed = options.entries * (options.value_bytes * 5 / 4 + 200);
  const size_t spare = size_t{1} << 30;
  if (AvailableBytes() == 0 || needed + spare < AvailableBytes()) return true;
  std::fprintf(stderr, "no memory for %s with %zu keys of %zu bytes: left out\n",
               std::string(peer).c_str(), options.entries, options.value_bytes);
  return false;
}

// A peer with keys 0 to entries-1 in it; null if the session does not want it or memory lacks.
template <Peer P>
std::shared_ptr<P> OpenFull(const Session& session, PeerOptions options) {
  if (!session.Wants(P::kName) || !HasMemoryFor(P::kName, options)) return nullptr;
  options.policy = session.settings().policy;
  auto peer = std::make_shared<P>(options);
  Fill(*peer, options);
  return peer;
}

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_FIELD_H_
