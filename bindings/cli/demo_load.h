// Readers and writers that work on a target for a while and check every answer.
#ifndef TRIVET_BINDINGS_CLI_DEMO_LOAD_H_
#define TRIVET_BINDINGS_CLI_DEMO_LOAD_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bindings/cli/demo_data.h"
#include "bindings/cli/demo_target.h"
#include "bindings/cli/latency_histogram.h"

namespace trivet::cli {

struct DemoLoadOptions {
  absl::Duration duration = absl::Seconds(1);
  size_t readers = 2;
  uint64_t seed = 1;
  // Of each of the two writers, one of which goes through the target and one behind it.
  absl::Duration write_pause = absl::Milliseconds(1);
};

struct DemoLoadFigures {
  LatencyHistogram read_ns;
  uint64_t reads = 0;
  uint64_t stale = 0;  // older than a change that was acknowledged before the read began
  uint64_t wrong = 0;  // missing, damaged, of another row, or from the future
  uint64_t writes = 0;
  uint64_t writes_behind = 0;
  absl::Duration time = absl::ZeroDuration();

  // Adds what another run on the same target counted.
  void Add(const DemoLoadFigures& other);

  double reads_per_second() const {
    return static_cast<double>(reads) / absl::ToDoubleSeconds(time);
  }
};

// Fills the store with the first value of each row. `progress` is told the part that is done.
// Cancelled if the program was interrupted; otherwise the errors of the store.
absl::Status FillStore(Backing& store, DemoData& data, absl::FunctionRef<void(double)> progress);

// Reads and writes of the two writers go to rows by popularity; each row has one writer. Every
// answer is checked. Errors as in FillStore, from any of the threads. REQUIRES: at least two rows.
absl::StatusOr<DemoLoadFigures> RunLoad(DemoTarget& target, DemoData& data,
                                        const DemoLoadOptions& options,
                                        absl::FunctionRef<void(double)> progress);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_LOAD_H_
