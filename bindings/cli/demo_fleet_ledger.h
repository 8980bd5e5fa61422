// What several processes of the demo know of each other's changes, in memory that they share.
#ifndef TRIVET_BINDINGS_CLI_DEMO_FLEET_LEDGER_H_
#define TRIVET_BINDINGS_CLI_DEMO_FLEET_LEDGER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "bindings/cli/latency_histogram.h"

namespace trivet::cli {

// The tiers that an answer may come from.
enum class DemoTier { kMemory, kShared, kStore };
inline constexpr size_t kDemoTiers = 3;

// What one process counted. Plain bytes, for it lies in the shared memory.
struct FleetCounts {
  std::array<LatencyHistogram, kDemoTiers> read_ns = {};
  std::array<uint64_t, kDemoTiers> reads_without_redis = {};  // of these: while it was down

  uint64_t changes_applied = 0;   // Redis was told before the call returned
  uint64_t changes_deferred = 0;  // it could not be told

  // From the return of a Set to the first read of it elsewhere; 0 where that was earlier.
  LatencyHistogram applied_delay_ns = {};
  LatencyHistogram deferred_delay_ns = {};

  uint64_t behind = 0;         // reads of what had been replaced, not longer ago than is promised
  uint64_t overdue = 0;        // the same, longer ago: a promise is broken
  uint64_t forgotten = 0;      // reads of what this process itself had replaced: broken, too
  uint64_t wrong = 0;          // missing, damaged, of another row, or from the future
  uint64_t behind_max_ns = 0;  // how long ago that was, at most

  void Add(const FleetCounts& other);
};

// A row is changed by one process. That says Begin before the change and Acknowledge after it;
// others then may read what it replaces until `due_ns`. Times are those of the steady clock, which
// is the same for all processes of a machine.
//
// Thread-safety: all methods, from any thread of any process; one writer of a row at a time, and
// counts() of a process are its own until it has ended.
class FleetLedger {
 public:
  enum class Phase : uint32_t { kPreparing, kWithRedis, kWithoutRedis, kRedisIsBack, kOver };

  struct Change {
    uint64_t acknowledged_ns = 0;
    uint64_t due_ns = 0;
    bool deferred = false;
  };

  // Makes the file, or maps one that is there. Errors are those of the system.
  static absl::StatusOr<FleetLedger> Create(const std::string& file, size_t rows, size_t processes);
  static absl::StatusOr<FleetLedger> Open(const std::string& file);

  FleetLedger(FleetLedger&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_) {}
  FleetLedger& operator=(FleetLedger&&) = delete;
  ~FleetLedger();

  size_t rows() const;
  size_t processes() const;

  // Rows are shared out among the processes: who may change this one, and the row nearest to that
  // one which the process may change. REQUIRES: as many rows as processes.
  size_t OwnerOf(size_t row) const { return row % processes(); }
  size_t OwnRow(size_t process, size_t near) const;

  Phase phase() const;
  void Enter(Phase phase);
  void ReportReady();
  size_t ready() const;

  // The number of the next change of the row.
  uint64_t Begin(size_t row);
  void Acknowledge(size_t row, uint64_t sequence, const Change& change);
  uint64_t begun(size_t row) const;
  uint64_t acknowledged(size_t row) const;

  // nullopt: not acknowledged yet, or too long ago.
  std::optional<Change> Find(size_t row, uint64_t sequence) const;

  // A change after that one which nobody may read past at that time.
  bool IsOverdue(size_t row, uint64_t sequence, uint64_t at_ns) const;

  FleetCounts& counts(size_t process);

 private:
  struct Header;
  struct Row;

  FleetLedger(void* memory, size_t bytes) : memory_(memory), bytes_(bytes) {}
  static size_t BytesFor(size_t rows, size_t processes);
  static absl::StatusOr<FleetLedger> Map(const std::string& file, int flags, size_t bytes);

  Header& header() const;
  Row& row(size_t index) const;

  void* memory_;  // Header, FleetCounts of each process, rows; null: moved from
  size_t bytes_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_FLEET_LEDGER_H_
