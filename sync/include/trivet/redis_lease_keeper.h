// Redis as the keeper of leases.
#ifndef TRIVET_REDIS_LEASE_KEEPER_H_
#define TRIVET_REDIS_LEASE_KEEPER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/lease_keeper.h"
#include "trivet/redis_options.h"

namespace trivet {

// See docs/locks.md.
struct RedisLeaseKeeperOptions {
  RedisOptions redis = {};

  // The longest lease, and so for how long a server that is new, or has forgotten what it knew,
  // grants none (LeaseKeeper). 100 ms to an hour; the same in all processes.
  absl::Duration lease_max = absl::Seconds(30);

  // A server that knows nothing of locks at all is believed to be new, and grants at once. The
  // first lock on a new server then need not wait for `lease_max`; but a server that lost
  // everything, by FLUSHALL or by a start without its file, may grant what another process still
  // holds. For tests, and where locks only save work.
  bool trust_empty = false;

  // A watch that hears nothing for so long asks the server for a sign of life, and gives it up
  // after as long again. More than zero, at most ten minutes.
  absl::Duration silence_max = absl::Seconds(2);
};

// InvalidArgument naming the field, or OK. The URL is checked where it is used.
absl::Status Validate(const RedisLeaseKeeperOptions& options);

// Does not connect: the server may be down. InvalidArgument or Unimplemented for options it cannot
// work with.
//
//   auto keeper = OpenRedisLeaseKeeper({.redis = {.url = "redis://127.0.0.1"}});
//   auto cache = Cache::Open({.memory_bytes = 64 << 20, .leases = *std::move(keeper)});
absl::StatusOr<std::unique_ptr<LeaseKeeper>> OpenRedisLeaseKeeper(
    const RedisLeaseKeeperOptions& options);

}  // namespace trivet

#endif  // TRIVET_REDIS_LEASE_KEEPER_H_
