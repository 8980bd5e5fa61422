#include "trivet/sqlite_transaction.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "store/log_row.h"
#include "store/queries.h"
#include "store/sqlite_status.h"

namespace trivet {
namespace {

// What SQLite says of the last call on that connection.
absl::Status LastError(sqlite3* database, const char* purpose) {
  const char* const file = sqlite3_db_filename(database, "main");
  return store::SqliteError(sqlite3_extended_errcode(database), database, purpose,
                            file == nullptr ? "" : file);
}

absl::Status Run(sqlite3* database, const char* sql, const char* purpose) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return absl::OkStatus();
  return LastError(database, purpose);
}

}  // namespace

absl::StatusOr<SqliteTransaction> SqliteTransaction::Begin(sqlite3* database) {
  if (sqlite3_get_autocommit(database) == 0) {
    return absl::FailedPreconditionError("a transaction is open on this connection");
  }
  if (absl::Status status = Run(database, "BEGIN IMMEDIATE", "begin"); !status.ok()) return status;
  return SqliteTransaction(database);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), changes_(std::move(other.changes_)) {}

SqliteTransaction::~SqliteTransaction() { Rollback(); }

absl::Status SqliteTransaction::InvalidateOnCommit(const Namespace& view, std::string_view key) {
  return Add(view, LoggedChange::Kind::kKey, key);
}

absl::Status SqliteTransaction::InvalidateTagOnCommit(const Namespace& view, std::string_view tag) {
  return Add(view, LoggedChange::Kind::kTag, tag);
}

absl::Status SqliteTransaction::ClearOnCommit(const Namespace& view) {
  return Add(view, LoggedChange::Kind::kClear, {});
}

absl::Status SqliteTransaction::Add(const Namespace& view, LoggedChange::Kind kind,
                                    std::string_view name) {
  if (database_ == nullptr) return absl::FailedPreconditionError("the transaction is over");
  if (!view.status().ok()) return view.status();
  Change change{.view = view, .kind = kind, .name = std::string(name)};
  if (view.IsShared()) {
    change.ticket = store::RandomTicket();
    absl::Status status = store::LogRow(database_, view.name(), kind, name, change.ticket);
    if (!status.ok()) return status;
  }
  changes_.push_back(std::move(change));
  return absl::OkStatus();
}

absl::Status SqliteTransaction::Commit(Coherence* told) {
  if (told != nullptr) *told = Coherence::kLocal;
  if (database_ == nullptr) return absl::FailedPreconditionError("the transaction is over");
  const absl::Status status = Run(database_, "COMMIT", "commit");
  if (absl::IsUnavailable(status) && sqlite3_get_autocommit(database_) == 0) return status;
  const Coherence coherence = InvalidateAll();
  if (told != nullptr) *told = coherence;
  if (status.ok() && coherence == Coherence::kApplied) RemoveRows();
  Rollback();
  return status;
}

void SqliteTransaction::Rollback() {
  if (database_ == nullptr) return;
  if (sqlite3_get_autocommit(database_) == 0) Run(database_, "ROLLBACK", "roll back").IgnoreError();
  database_ = nullptr;
  changes_.clear();
}

Coherence SqliteTransaction::InvalidateAll() {
  Coherence worst = Coherence::kLocal;
  for (Change& change : changes_) {
    Coherence told = Coherence::kLocal;
    // An error: the cache is closed, and its memory gone.
    switch (change.kind) {
      case LoggedChange::Kind::kKey:
        change.view.Invalidate(change.name, &told).IgnoreError();
        break;
      case LoggedChange::Kind::kTag:
        change.view.InvalidateTag(change.name, &told).IgnoreError();
        break;
      default:
        change.view.Clear(&told).IgnoreError();
    }
    // Its row is there, and nobody was told.
    if (change.ticket != 0 && told == Coherence::kLocal) told = Coherence::kDeferred;
    worst = std::max(worst, told);
  }
  return worst;
}

// The rows say what everybody knows by now. What stays is told once more, by anybody.
void SqliteTransaction::RemoveRows() {
  sqlite3_stmt* statement = nullptr;
  const char* const sql = store::TextOf(store::Sql::kTrimChanges).text;
  if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) == SQLITE_OK) {
    for (const Change& change : changes_) {
      if (change.ticket == 0) continue;
      sqlite3_bind_int64(statement, 1, change.ticket);
      sqlite3_step(statement);
      sqlite3_reset(statement);
    }
  }
  sqlite3_finalize(statement);
}

}  // namespace trivet
