// What a cache does for a program that reads from SQLite, shown on generated data.
#ifndef TRIVET_BINDINGS_CLI_DEMO_H_
#define TRIVET_BINDINGS_CLI_DEMO_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bindings/cli/console.h"
#include "bindings/cli/demo_load.h"
#include "trivet/stats.h"

namespace trivet::cli {

struct DemoOptions {
  size_t rows = 150'000;                      // about 43 MB of values
  size_t memory_bytes = 32 << 20;             // room for about half of them
  absl::Duration seconds = absl::Seconds(3);  // of each of the two runs
  size_t readers = 2;
  uint64_t seed = 1;
  std::string db = "";  // kept; must not exist. Empty: a temporary file
};

struct DemoFigures {
  uint64_t value_bytes = 0;
  absl::Duration fill_time;
  DemoLoadFigures store;  // SQLite alone
  DemoLoadFigures cache;  // the same through trivet
  Stats stats;            // of trivet

  // Every answer of both runs was right.
  bool passed() const { return store.stale + store.wrong + cache.stale + cache.wrong == 0; }
};

// Fills a database, then runs the same load against it alone and through a cache that holds a part
// of it. Errors: InvalidArgument (an option), AlreadyExists (the file), Cancelled (Ctrl-C), and
// those of the store. A stale or wrong answer is no error: see DemoFigures::passed.
absl::StatusOr<DemoFigures> RunDemo(const DemoOptions& options, Console& console);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_H_
