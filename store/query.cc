#include "store/query.h"

#include <sqlite3.h>

#include <cstddef>

#include "engine/check.h"

namespace trivet::store {

Query::Query(Connection& connection, Sql sql) : connection_(connection), sql_(sql) {
  absl::StatusOr<sqlite3_stmt*> statement = connection.Prepared(sql);
  if (!statement.ok()) {
    status_ = statement.status();
    return;
  }
  statement_ = *statement;
  TRIVET_DCHECK(sqlite3_stmt_busy(statement_) == 0, "two runs of one statement");
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);           // repeats the error that Next() reported
  sqlite3_clear_bindings(statement_);  // what was borrowed may go now
}

void Query::Keep(int code) {
  if (code != SQLITE_OK) status_ = connection_.Error(code, TextOf(sql_).purpose);
}

Query& Query::Bind(int parameter, int64_t number) {
  if (status_.ok()) Keep(sqlite3_bind_int64(statement_, parameter, number));
  return *this;
}

Query& Query::Bind(int parameter, std::optional<int64_t> number) {
  if (number.has_value()) return Bind(parameter, *number);
  if (status_.ok()) Keep(sqlite3_bind_null(statement_, parameter));
  return *this;
}

Query& Query::BorrowBytes(int parameter, std::string_view bytes) {
  // A null pointer would mean NULL, and an empty view may have one.
  const char* data = bytes.empty() ? "" : bytes.data();
  if (status_.ok()) {
    Keep(sqlite3_bind_blob64(statement_, parameter, data, bytes.size(), SQLITE_STATIC));
  }
  return *this;
}

bool Query::Next() {
  if (!status_.ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    const During during = sql_ == Sql::kCommit ? During::kCommit : During::kStatement;
    status_ = connection_.Error(code, TextOf(sql_).purpose, during);
  }
  return false;
}

absl::Status Query::Run() {
  while (Next()) {
  }
  return status_;
}

int64_t Query::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<int64_t> Query::IntOrNull(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Int(column);
}

std::string_view Query::Bytes(int column) const {
  // The pointer first: asking for it may change the size, not the other way round.
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

}  // namespace trivet::store
