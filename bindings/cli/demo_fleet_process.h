// One of the processes that the demo runs over one Redis and one database.
#ifndef TRIVET_BINDINGS_CLI_DEMO_FLEET_PROCESS_H_
#define TRIVET_BINDINGS_CLI_DEMO_FLEET_PROCESS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trivet/options.h"

namespace trivet::cli {

// What the demo's caches promise each other: a change is read everywhere so long after its call
// returned, and this longer if Redis could not be told at once. Half of the usual bound, so that a
// short outage outlasts it.
struct FleetPromise {
  absl::Duration bound = absl::Seconds(1);
  absl::Duration relay = absl::Milliseconds(500);

  CoherenceOptions coherence() const {
    return {.staleness_max = bound, .heartbeat = bound / 4, .relay_max = relay};
  }
};

struct FleetProcessOptions {
  std::string db = {};
  std::string redis = {};
  std::string ledger = {};
  size_t process = 0;  // its number
  size_t memory_bytes = 512 << 10;
  uint64_t seed = 1;
};

// Opens a cache as any program would, says that it is ready, and reads and writes from the phase
// kWithRedis on until kOver; one thread each, and one that watches for changes of others. All
// answers are checked, and what was counted is left in the ledger. Errors are those of the cache:
// without Redis there must be none.
absl::Status RunFleetProcess(const FleetProcessOptions& options);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_FLEET_PROCESS_H_
