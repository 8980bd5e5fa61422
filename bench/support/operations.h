// The operations that several benchmarks measure, as contenders.
#ifndef TRIVET_BENCH_SUPPORT_OPERATIONS_H_
#define TRIVET_BENCH_SUPPORT_OPERATIONS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bench/support/peers/peer.h"
#include "bench/support/session.h"
#include "bench/support/turn.h"

namespace trivet::bench {

// Gets: the value is copied into a reused string and touched.
template <Peer P>
Contender Gets(std::shared_ptr<P> peer, std::string_view name = P::kName) {
  return {std::string(name), [peer = std::move(peer)](Turn& turn) {
            std::string out;
            turn.Run([&](const Key& key) {
              if (!peer->Get(key, &out)) return Outcome::kMiss;
              TouchLast(out);
              return Outcome::kHit;
            });
          }};
}

// Sets of keys that are there.
template <Peer P>
Contender Sets(std::shared_ptr<P> peer, size_t value_bytes) {
  return {std::string(P::kName), [peer = std::move(peer), value_bytes](Turn& turn) {
            const std::string value(value_bytes, 'w');
            turn.Run([&](const Key& key) {
              peer->Set(key, value);
              return Outcome::kSet;
            });
          }};
}

// Both, in the workload's proportion.
template <Peer P>
Contender GetsAndSets(std::shared_ptr<P> peer, size_t value_bytes) {
  return {std::string(P::kName), [peer = std::move(peer), value_bytes](Turn& turn) {
            const std::string value(value_bytes, 'w');
            std::string out;
            turn.Run([&](const Key& key) {
              if (turn.NextIsSet()) {
                peer->Set(key, value);
                return Outcome::kSet;
              }
              if (!peer->Get(key, &out)) return Outcome::kMiss;
              TouchLast(out);
              return Outcome::kHit;
            });
          }};
}

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_OPERATIONS_H_
