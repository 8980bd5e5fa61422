// Redis as the tier that all processes share.
#ifndef TRIVET_REDIS_TIER_H_
#define TRIVET_REDIS_TIER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/redis_options.h"
#include "trivet/shared_tier.h"

namespace trivet {

// See docs/redis.md.
struct RedisTierOptions {
  // Values that, with their tags, would not fit into RedisOptions::reply_bytes_max are not stored.
  // All processes should have the same limit there.
  RedisOptions redis = {};

  // Of each namespace. 1 to 1024; the same in all processes, which nothing checks: those that
  // differ do not hear of each other's changes. More than one only where a namespace is to be
  // spread over the nodes of a cluster: what concerns a whole namespace is told to each part.
  uint32_t parts = 1;

  // How long a claim or the mark of a write lasts if nobody ends it. Longer than nearly all loads
  // and commits: what comes later is not stored. More than zero, at most an hour.
  absl::Duration claim_life = absl::Seconds(10);

  // How long it is remembered of what version a key was when it was invalidated. It saves stores of
  // what is known to be old; nothing depends on it. More than zero, at most an hour.
  absl::Duration tomb_life = absl::Seconds(3);

  // Values without a TTL stay in Redis for so long, so that what became unreachable by Clear goes
  // away. 1 second to kTtlMax.
  absl::Duration lasting_life = absl::Hours(24);

  // How many tags of a part have a stamp of their own; each costs the server about 100 bytes. When
  // there are more, old ones are merged, and values older than those with tags unknown are loaded
  // again. 16 to 1,000,000.
  size_t stamps_max = 16'384;

  // A subscription that hears nothing for so long asks the server for a sign of life, and gives it
  // up after as long again. More than zero, at most ten minutes.
  absl::Duration silence_max = absl::Milliseconds(500);
};

// InvalidArgument naming the field, or OK. The URL is checked where it is used.
absl::Status Validate(const RedisTierOptions& options);

// Does not connect: the server may be down. InvalidArgument or Unimplemented for options it cannot
// work with.
//
//   auto tier = OpenRedisTier({.redis = {.url = "redis://127.0.0.1"}});
//   auto state = (*tier)->Fence({.space = "users"}, random, clock.Elapsed() + absl::Seconds(1));
absl::StatusOr<std::unique_ptr<SharedTier>> OpenRedisTier(const RedisTierOptions& options);

}  // namespace trivet

#endif  // TRIVET_REDIS_TIER_H_
