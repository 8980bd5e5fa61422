#include "store/connection.h"

#include <sqlite3.h>

#include <cstddef>
#include <utility>

namespace trivet::store {

void Connection::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

void Connection::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Mode mode,
                                                             absl::Duration busy_timeout) {
  // A thread that uses a connection has it for itself, so SQLite need not lock it once more.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  // Also after a failure, to be closed.
  std::unique_ptr<Connection> connection(new Connection(path, database, busy_timeout));
  if (code != SQLITE_OK) return connection->Error(code, "open the database");
  if (absl::Status status = connection->Harden(); !status.ok()) return status;
  return connection;
}

absl::Status Connection::Harden() {
  sqlite3* const database = database_.get();
  WaitForLocks(busy_timeout_);
  // In place of SQLite's own hook, which would copy the log whenever it has a certain length.
  const auto keep_log_pages = [](void* connection, sqlite3*, const char*, int pages) {
    static_cast<Connection*>(connection)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database, keep_log_pages, this);
  const std::pair<int, int> settings[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
  };
  for (const auto& [setting, value] : settings) {
    const int code = sqlite3_db_config(database, setting, value, nullptr);
    if (code != SQLITE_OK) return Error(code, "set up the connection");
  }
  // Temporary files would lie where nobody looks after their permissions.
  return Run("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON", "set up the connection");
}

absl::Status Connection::Run(const char* sql, std::string_view purpose) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, purpose);
}

absl::StatusOr<std::string> Connection::Ask(const char* sql, std::string_view purpose) {
  absl::StatusOr<Statement> statement = Prepare(sql, purpose, /*keep=*/false);
  if (!statement.ok()) return statement.status();
  const int code = sqlite3_step(statement->get());
  if (code == SQLITE_DONE) return std::string();
  if (code != SQLITE_ROW) return Error(code, purpose);
  const unsigned char* text = sqlite3_column_text(statement->get(), 0);
  return std::string(text == nullptr ? "" : reinterpret_cast<const char*>(text));
}

absl::StatusOr<sqlite3_stmt*> Connection::Prepared(Sql sql) {
  Statement& slot = statements_[static_cast<size_t>(sql)];
  if (slot == nullptr) {
    absl::StatusOr<Statement> prepared =
        Prepare(TextOf(sql).text, TextOf(sql).purpose, /*keep=*/true);
    if (!prepared.ok()) return prepared.status();
    slot = *std::move(prepared);
  }
  return slot.get();
}

absl::StatusOr<Connection::Statement> Connection::Prepare(const char* sql, std::string_view purpose,
                                                          bool keep) {
  sqlite3_stmt* statement = nullptr;
  const unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
  const int code = sqlite3_prepare_v3(database_.get(), sql, -1, flags, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code, purpose, During::kPrepare);
  return Statement(statement);
}

void Connection::WaitForLocks(absl::Duration wait_max) {
  sqlite3_busy_timeout(database_.get(), static_cast<int>(absl::ToInt64Milliseconds(wait_max)));
}

absl::Status Connection::Checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), "main", mode, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, "copy the write-ahead log");
}

absl::Status Connection::CopyLog() { return Checkpoint(SQLITE_CHECKPOINT_PASSIVE); }

absl::Status Connection::RestartLog(absl::Duration wait_max) {
  WaitForLocks(wait_max);
  absl::Status status = Checkpoint(SQLITE_CHECKPOINT_RESTART);
  WaitForLocks(busy_timeout_);
  return status;
}

int64_t Connection::last_insert_id() const { return sqlite3_last_insert_rowid(database_.get()); }

bool Connection::read_only() const { return sqlite3_db_readonly(database_.get(), "main") == 1; }

absl::Status Connection::Damaged(std::string_view what) const {
  std::string message("\"");
  message.append(path_).append("\" is damaged: ").append(what);
  return absl::DataLossError(message);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

}  // namespace trivet::store
