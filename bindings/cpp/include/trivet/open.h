// One call that assembles a cache from a budget and the names of what stands behind it.
#ifndef TRIVET_OPEN_H_
#define TRIVET_OPEN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "trivet/cache.h"
#include "trivet/options.h"

namespace trivet {

// CacheOptions, with what stands behind memory by name.
struct OpenOptions {
  size_t memory_bytes = 0;
  size_t max_entries = 0;

  // "sqlite:PATH", or empty for memory alone. A missing file is created.
  std::string store = {};

  // The Redis server (7.0 or newer, or Valkey) that holds values for several processes, tells each
  // of what the others change and keeps the leases of their locks:
  // "redis://[user[:password]@]host[:port][/database]" or "unix:///path[?db=database]"; empty for
  // none. All processes that share a store must name the same server and database. How long others
  // may see what one changed is `cache.coherence.staleness_max`. See docs/redis.md; for other
  // settings of the connection make `cache.shared` with OpenRedisTier, and `cache.leases` with
  // OpenRedisLeaseKeeper.
  std::string redis = {};

  // Everything else. `memory_bytes` and `max_entries` above win where they are not 0;
  // `cache.backing` must be null if `store` is given, and `cache.shared` if `redis` is;
  // `cache.leases` stays where it is given.
  CacheOptions cache = {};
};

//   auto cache = trivet::Open({.memory_bytes = 512 << 20,
//                              .store = "sqlite:app.db",
//                              .redis = "redis://127.0.0.1:6379"});
//
// Does not wait for Redis, which may be down, then or later: reads go to the store meanwhile, and
// writes tell by Coherence::kDeferred that the others hear of them later.
//
// InvalidArgument names the option that is wrong, Unimplemented a URL of a kind that is not
// supported ("rediss:", TLS); neither repeats any part of the URL, which may hold a password.
// Otherwise the errors of OpenSqlite. No file is created where an option is wrong.
//
// Thread-safety: may be called from any thread.
absl::StatusOr<std::unique_ptr<Cache>> Open(OpenOptions options);

}  // namespace trivet

#endif  // TRIVET_OPEN_H_
