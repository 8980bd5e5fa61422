// Plays a trace through a cache and counts.
#ifndef TRIVET_BINDINGS_CLI_REPLAY_H_
#define TRIVET_BINDINGS_CLI_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bindings/cli/latency_histogram.h"
#include "bindings/cli/trace_reader.h"
#include "trivet/stats.h"

namespace trivet::cli {

struct ReplayOptions {
  // The budget: bytes, entries or both. Both 0: kReplayMemoryBytes.
  size_t memory_bytes = 0;
  size_t entries = 0;

  std::string policy = "";  // empty: the engine's default
  // One by default: a replay has one thread, and its figures then repeat exactly.
  size_t shards = 1;

  // For entries to which the trace gives no TTL. Runs by the trace's time if it has one.
  std::optional<absl::Duration> ttl = std::nullopt;

  // Take the trace as if it had no such field.
  bool ignore_size = false;
  bool ignore_ttl = false;

  // A database file behind the cache; empty: none. Created if missing.
  std::string db = "";
};

inline constexpr size_t kReplayMemoryBytes = 64 << 20;

struct ReplayFigures {
  uint64_t requests = 0;
  uint64_t hits = 0;        // answered by memory
  uint64_t store_hits = 0;  // answered by the database
  uint64_t refused = 0;     // values that the cache did not take: too large for its budget
  bool has_sizes = false;   // the two below mean something
  uint64_t bytes_requested = 0;
  uint64_t bytes_hit = 0;
  LatencyHistogram get_ns;
  uint64_t memory_peak_bytes = 0;  // looked at now and then
  absl::Duration time;             // of the whole replay, reading the trace included
  Stats stats;                     // at the end

  double hit_ratio() const { return Ratio(hits, requests); }
  double byte_hit_ratio() const { return Ratio(bytes_hit, bytes_requested); }
  double requests_per_second() const {
    return static_cast<double>(requests) / absl::ToDoubleSeconds(time);
  }

 private:
  static double Ratio(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

// Each request is a get; a miss is followed by a set of a value of the request's size that lives as
// long as its TTL says. No request is left out for warming up. If the trace has times the cache
// lives by them, and what has expired is freed before the next request. Errors are those of the
// trace, of the options and of the database; none of them leaves figures.
absl::StatusOr<ReplayFigures> Replay(TraceReader& trace, const ReplayOptions& options);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_REPLAY_H_
