// The rows of the demo, how popular each is, and how new its value must be.
#ifndef TRIVET_BINDINGS_CLI_DEMO_DATA_H_
#define TRIVET_BINDINGS_CLI_DEMO_DATA_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/cli/zipf.h"

namespace trivet::cli {

// What readers may find in a row. A writer says Begin before it changes the row and Acknowledge
// when the change is done; in between readers may find the old value or the new one. A reader asks
// for acknowledged() before it reads and for begun() afterwards: an answer below the first is
// stale, one above the second cannot be.
//
// Thread-safety: any number of readers; one writer of a row at a time.
class DemoLedger {
 public:
  explicit DemoLedger(size_t rows) : rows_(rows) {}

  // The sequence number that the next change of the row has.
  uint64_t Begin(size_t row) { return rows_[row].begun.fetch_add(1) + 1; }
  void Acknowledge(size_t row, uint64_t sequence) { rows_[row].acknowledged.store(sequence); }

  uint64_t acknowledged(size_t row) const { return rows_[row].acknowledged.load(); }
  uint64_t begun(size_t row) const { return rows_[row].begun.load(); }

 private:
  struct Row {
    std::atomic<uint64_t> begun{0};
    std::atomic<uint64_t> acknowledged{0};
  };
  std::vector<Row> rows_;
};

enum class DemoAnswer { kRight, kStale, kWrong };

// Judges what was read from a row; see DemoLedger.
DemoAnswer JudgeDemoValue(size_t row, std::string_view value, uint64_t acknowledged_before,
                          uint64_t begun_after);

// Constant after construction, but for the ledger.
class DemoData {
 public:
  static constexpr double kSkew = 0.99;

  DemoData(size_t rows, uint64_t seed);

  size_t rows() const { return keys_.size(); }
  const std::string& key(size_t row) const { return keys_[row]; }
  DemoLedger& ledger() { return ledger_; }

  // A row by popularity. Popular rows lie anywhere.
  size_t Draw(std::mt19937_64& random) const { return row_of_rank_[zipf_(random)]; }

 private:
  std::vector<std::string> keys_;
  Zipf zipf_;
  std::vector<uint32_t> row_of_rank_;
  DemoLedger ledger_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_DATA_H_
