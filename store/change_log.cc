#include "store/change_log.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "engine/check.h"
#include "store/query.h"

namespace trivet::store {
namespace {

bool IsKind(int64_t number) {
  return number >= static_cast<int64_t>(LoggedChange::Kind::kKey) &&
         number <= static_cast<int64_t>(LoggedChange::Kind::kClear);
}

}  // namespace

absl::Status LogChange(Connection& connection, const ChangeToLog& change, int64_t now) {
  if (change.ticket == kUnlogged) return absl::OkStatus();
  // The last one of a call may be a little larger than the first one is allowed to be.
  TRIVET_DCHECK(change.ticket < uint64_t{1} << 63, "a ticket too large for the table");
  Query query(connection, Sql::kLogChange);
  query.Bind(1, static_cast<int64_t>(change.ticket)).BorrowBytes(2, change.namespace_name);
  query.Bind(3, static_cast<int64_t>(change.kind)).BorrowBytes(4, change.name);
  query.Bind(5, static_cast<int64_t>(change.version)).Bind(6, now);
  return query.Run();
}

absl::StatusOr<std::vector<LoggedChange>> ReadChangeLog(Connection& connection, size_t rows_max) {
  constexpr size_t kLimitMax = std::numeric_limits<int64_t>::max();
  std::vector<LoggedChange> changes;
  Query query(connection, Sql::kReadChanges);
  query.Bind(1, static_cast<int64_t>(std::min(rows_max, kLimitMax)));
  while (query.Next()) {
    if (!IsKind(query.Int(2))) return connection.Damaged("a logged change of an unknown kind");
    changes.push_back({.ticket = static_cast<uint64_t>(query.Int(0)),
                       .namespace_name = std::string(query.Bytes(1)),
                       .kind = static_cast<LoggedChange::Kind>(query.Int(2)),
                       .name = std::string(query.Bytes(3)),
                       .version = static_cast<uint64_t>(query.Int(4))});
  }
  if (!query.status().ok()) return query.status();
  return changes;
}

absl::Status TrimChangeLog(Connection& connection, std::span<const uint64_t> tickets) {
  for (const uint64_t ticket : tickets) {
    Query query(connection, Sql::kTrimChanges);
    query.Bind(1, static_cast<int64_t>(ticket));
    if (absl::Status status = query.Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace trivet::store
