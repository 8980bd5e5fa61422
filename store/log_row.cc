#include "store/log_row.h"

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "absl/time/clock.h"
#include "store/limits.h"
#include "store/queries.h"
#include "store/row_time.h"
#include "store/sqlite_status.h"

namespace trivet::store {
namespace {

absl::Status CheckName(LoggedChange::Kind kind, std::string_view name) {
  switch (kind) {
    case LoggedChange::Kind::kKey:
      return CheckKey(name);
    case LoggedChange::Kind::kTag:
      return CheckTag(name);
    case LoggedChange::Kind::kPattern:
      return CheckPattern(name);
    case LoggedChange::Kind::kClear:
      if (name.empty()) return absl::OkStatus();
      return absl::InvalidArgumentError("kClear has no name");
  }
  return absl::InvalidArgumentError("not a kind of change");
}

int BindBytes(sqlite3_stmt* statement, int parameter, std::string_view bytes) {
  // A null pointer would mean NULL, and an empty view may have one.
  const char* data = bytes.empty() ? "" : bytes.data();
  return sqlite3_bind_blob64(statement, parameter, data, bytes.size(), SQLITE_STATIC);
}

}  // namespace

int64_t RandomTicket() {
  std::random_device random;
  const uint64_t bits = uint64_t{random()} << 32 | random();
  return static_cast<int64_t>(bits >> 2 | 1);
}

absl::Status LogRow(sqlite3* database, std::string_view namespace_name, LoggedChange::Kind kind,
                    std::string_view name, int64_t ticket) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = CheckName(kind, name); !status.ok()) return status;
  if (sqlite3_get_autocommit(database) != 0) {
    return absl::FailedPreconditionError("a change is logged inside its transaction: none is open");
  }

  const SqlText& sql = TextOf(Sql::kLogChange);
  const char* const file = sqlite3_db_filename(database, "main");
  const std::string_view path = file == nullptr ? "" : file;
  sqlite3_stmt* prepared = nullptr;
  int code = sqlite3_prepare_v2(database, sql.text, -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
  if (code == SQLITE_ERROR) {  // our text is right, so that the table is not what it says
    return absl::FailedPreconditionError("\"" + std::string(path) + "\" has no change log");
  }

  const int64_t last_insert_id = sqlite3_last_insert_rowid(database);
  const auto bind = [&](int result) {
    if (code == SQLITE_OK) code = result;
  };
  if (code == SQLITE_OK) {
    bind(sqlite3_bind_int64(prepared, 1, ticket));
    bind(BindBytes(prepared, 2, namespace_name));
    bind(sqlite3_bind_int64(prepared, 3, static_cast<int64_t>(kind)));
    bind(BindBytes(prepared, 4, name));
    bind(sqlite3_bind_int64(prepared, 5, 0));  // its tables have no versions of ours
    bind(sqlite3_bind_int64(prepared, 6, ToRowNow(absl::Now())));
    if (code == SQLITE_OK) code = sqlite3_step(prepared);
  }
  if (code != SQLITE_DONE) {
    // The connection may not be set to extended result codes; SqliteError expects them.
    return SqliteError(sqlite3_extended_errcode(database), database, sql.purpose, path);
  }
  sqlite3_set_last_insert_rowid(database, last_insert_id);
  return absl::OkStatus();
}

}  // namespace trivet::store
