#include "trivet/open.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
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

}  // namespace

absl::StatusOr<std::unique_ptr<Cache>> Open(OpenOptions options) {
  CacheOptions& cache = options.cache;
  if (options.memory_bytes != 0) cache.memory_bytes = options.memory_bytes;
  if (options.max_entries != 0) cache.max_entries = options.max_entries;
  // Before a file is created for nothing.
  if (absl::Status status = Validate(cache); !status.ok()) return status;
  if (!options.store.empty()) {
    if (cache.backing != nullptr) {
      return absl::InvalidArgumentError(
          "OpenOptions.store: must be empty where OpenOptions.cache.backing is given");
    }
    absl::StatusOr<std::shared_ptr<Backing>> backing = OpenStore(options.store, cache.clock);
    if (!backing.ok()) return backing.status();
    cache.backing = *std::move(backing);
  }
  return Cache::Open(std::move(cache));
}

}  // namespace trivet
