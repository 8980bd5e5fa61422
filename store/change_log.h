// The change log: what was changed and has to be told to other processes.
#ifndef TRIVET_STORE_CHANGE_LOG_H_
#define TRIVET_STORE_CHANGE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/connection.h"
#include "trivet/backing.h"

namespace trivet::store {

// A row to be logged. The views are valid during the call.
struct ChangeToLog {
  uint64_t ticket = kUnlogged;
  std::string_view namespace_name = {};
  LoggedChange::Kind kind = LoggedChange::Kind::kKey;
  std::string_view name = {};
  uint64_t version = 0;
};

// Adds a row, unless the ticket is kUnlogged. `now` as in row_time.h. REQUIRES: inside the write
// transaction that makes the change.
absl::Status LogChange(Connection& connection, const ChangeToLog& change, int64_t now);

// As Backing has them, the second without the transaction.
absl::StatusOr<std::vector<LoggedChange>> ReadChangeLog(Connection& connection, size_t rows_max);
absl::Status TrimChangeLog(Connection& connection, std::span<const uint64_t> tickets);

}  // namespace trivet::store

#endif  // TRIVET_STORE_CHANGE_LOG_H_
