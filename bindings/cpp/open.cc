#include "trivet/open.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "trivet/redis_lease_keeper.h"
#include "trivet/redis_tier.h"
#include "trivet/sqlite_backing.h"

namespace trivet {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite:";

absl::StatusOr<std::shared_ptr<Backing>> OpenStore(std::string_view store, Clock* clock) {
  if (!store.starts_with(kSqliteScheme) || store.size() == kSqliteScheme.size()) {
    return absl::InvalidArgumentError("OpenOptions.store: must be \"sqlite:PATH\" or empty");
  }
  SqliteOptions options;
  options.path = store.substr(kSqliteScheme.size());
  options.clock = clock;
  absl::StatusOr<std::unique_ptr<Backing>> backing = OpenSqlite(options);
  if (!backing.ok()) return backing.status();
  return std::shared_ptr<Backing>(*std::move(backing));
}

// The errors of a URL name the part that is wrong and repeat nothing of it.
absl::Status NamingRedis(const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("OpenOptions.redis: ", status.message()));
}

// The tier, and the locks unless the program keeps them elsewhere.
absl::Status OpenShared(std::string url, CacheOptions& cache) {
  RedisTierOptions options;
  options.redis.url = std::move(url);
  options.redis.clock = cache.clock;
  absl::StatusOr<std::unique_ptr<SharedTier>> tier = OpenRedisTier(options);
  if (!tier.ok()) return NamingRedis(tier.status());
  cache.shared = *std::move(tier);
  if (cache.leases != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<LeaseKeeper>> keeper =
      OpenRedisLeaseKeeper({.redis = options.redis});
  if (!keeper.ok()) return NamingRedis(keeper.status());
  cache.leases = *std::move(keeper);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Cache>> Open(OpenOptions options) {
  CacheOptions& cache = options.cache;
  if (options.memory_bytes != 0) cache.memory_bytes = options.memory_bytes;
  if (options.max_entries != 0) cache.max_entries = options.max_entries;
  // Before a file is created for nothing.
  if (absl::Status status = Validate(cache); !status.ok()) return status;
  if (!options.store.empty() && cache.backing != nullptr) {
    return absl::InvalidArgumentError(
        "OpenOptions.store: must be empty where OpenOptions.cache.backing is given");
  }
  if (!options.redis.empty()) {
    if (cache.shared != nullptr) {
      return absl::InvalidArgumentError(
          "OpenOptions.redis: must be empty where OpenOptions.cache.shared is given");
    }
    if (absl::Status status = OpenShared(std::move(options.redis), cache); !status.ok()) {
      return status;
    }
  }
  if (!options.store.empty()) {
    absl::StatusOr<std::shared_ptr<Backing>> backing = OpenStore(options.store, cache.clock);
    if (!backing.ok()) return backing.status();
    cache.backing = *std::move(backing);
  }
  return Cache::Open(std::move(cache));
}

}  // namespace trivet
