// One call that assembles a cache from a budget and the names of what stands behind it.
#ifndef TRIVET_OPEN_H_
#define TRIVET_OPEN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "trivet/cache.h"
#include "trivet/options.h"

namespace trivet {

// CacheOptions, with the store by name.
struct OpenOptions {
  size_t memory_bytes = 0;
  size_t max_entries = 0;

  // "sqlite:PATH", or empty for memory alone. A missing file is created.
  std::string store = {};

  // Everything else. `memory_bytes` and `max_entries` above win where they are not 0, and
  // `cache.backing` must be null if `store` is given.
  CacheOptions cache = {};
};

//   auto cache = trivet::Open({.memory_bytes = 512 << 20, .store = "sqlite:app.db"});
//
// InvalidArgument names the option that is wrong; otherwise the errors of OpenSqlite.
absl::StatusOr<std::unique_ptr<Cache>> Open(OpenOptions options);

}  // namespace trivet

#endif  // TRIVET_OPEN_H_
