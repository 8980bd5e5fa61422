// What several processes see of each other over one Redis and one database, also when Redis dies.
#ifndef TRIVET_BINDINGS_CLI_DEMO_FLEET_H_
#define TRIVET_BINDINGS_CLI_DEMO_FLEET_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bindings/cli/console.h"
#include "bindings/cli/demo_fleet_ledger.h"
#include "bindings/cli/demo_fleet_process.h"

namespace trivet::cli {

struct FleetOptions {
  size_t processes = 4;
  absl::Duration seconds = absl::Seconds(5);
  size_t rows = 5000;               // about 1.4 MB of values
  size_t memory_bytes = 512 << 10;  // of each process: room for about a third of them
  uint64_t seed = 1;
};

struct FleetFigures {
  // Redis was there for so long, was away, and was there again.
  absl::Duration with_redis;
  absl::Duration without_redis;
  absl::Duration redis_is_back;
  FleetCounts counts;  // of all processes

  bool passed() const { return counts.overdue + counts.forgotten + counts.wrong == 0; }
};

// Starts a redis-server and processes of this program, kills the server after two fifths of the
// time and starts it again after three. Everything lies in a temporary folder. nullopt: there is no
// redis-server on the PATH. Errors: Cancelled (Ctrl-C), Internal (a process failed; it has said why
// on standard error), and those of the store and the server. A broken promise is no error: see
// FleetFigures::passed. REQUIRES: at least two processes, and as many rows; this is the only
// thread.
absl::StatusOr<std::optional<FleetFigures>> RunFleet(const FleetOptions& options, Console& console);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_FLEET_H_
