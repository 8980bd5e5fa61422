#include "tests/live/chaos_pages.h"

#include "engine/check.h"
#include "tests/live/chaos_board.h"
#include "trivet/append_change.h"

namespace trivet::testing {
namespace {

constexpr int kBusyMillis = 10'000;

absl::Status Failed(sqlite3* database) { return absl::UnavailableError(sqlite3_errmsg(database)); }

}  // namespace

ChaosPages::ChaosPages(const std::string& path) {
  sqlite3* database = nullptr;
  TRIVET_CHECK(sqlite3_open(path.c_str(), &database) == SQLITE_OK, "no database");
  database_.reset(database);
  sqlite3_busy_timeout(database, kBusyMillis);
  Do("CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY, team INTEGER, version INTEGER)")
      .IgnoreError();
  Do("PRAGMA synchronous = NORMAL").IgnoreError();
  read_ = Prepare("SELECT version FROM pages WHERE id = ?");
  change_ = Prepare("UPDATE pages SET version = version + 1 WHERE id = ? RETURNING id, version");
  change_group_ =
      Prepare("UPDATE pages SET version = version + 1 WHERE team = ? RETURNING id, version");
}

ChaosPages::Statement ChaosPages::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  TRIVET_CHECK(sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr) == SQLITE_OK,
               sqlite3_errmsg(database_.get()));
  return Statement(statement);
}

absl::Status ChaosPages::Do(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Failed(database_.get());
}

void ChaosPages::Create() {
  TRIVET_CHECK(Do("BEGIN IMMEDIATE").ok(), "no transaction");
  const Statement insert = Prepare("INSERT OR REPLACE INTO pages VALUES (?, ?, 1)");
  for (size_t key = 0; key < kChaosKeys; ++key) {
    sqlite3_bind_int64(insert.get(), 1, static_cast<int64_t>(key));
    sqlite3_bind_int64(insert.get(), 2, static_cast<int64_t>(key % kChaosGroups));
    TRIVET_CHECK(sqlite3_step(insert.get()) == SQLITE_DONE, sqlite3_errmsg(database_.get()));
    sqlite3_reset(insert.get());
  }
  TRIVET_CHECK(Do("COMMIT").ok(), "no commit");
}

absl::StatusOr<uint64_t> ChaosPages::Read(size_t key) {
  sqlite3_bind_int64(read_.get(), 1, static_cast<int64_t>(key));
  const bool found = sqlite3_step(read_.get()) == SQLITE_ROW;
  const uint64_t version = found ? static_cast<uint64_t>(sqlite3_column_int64(read_.get(), 0)) : 0;
  sqlite3_reset(read_.get());
  if (!found) return Failed(database_.get());
  return version;
}

absl::StatusOr<ChaosChanges> ChaosPages::Change(size_t key, bool logged) {
  return ChangeAll(change_.get(), key, false, logged);
}

absl::StatusOr<ChaosChanges> ChaosPages::ChangeGroup(size_t group, bool logged) {
  return ChangeAll(change_group_.get(), group, true, logged);
}

absl::StatusOr<ChaosChanges> ChaosPages::ChangeAll(sqlite3_stmt* statement, size_t argument,
                                                   bool is_group, bool logged) {
  if (absl::Status status = Do("BEGIN IMMEDIATE"); !status.ok()) return status;
  ChaosChanges changed;
  sqlite3_bind_int64(statement, 1, static_cast<int64_t>(argument));
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    changed.emplace_back(sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
  }
  sqlite3_reset(statement);
  absl::Status status = code == SQLITE_DONE ? absl::OkStatus() : Failed(database_.get());
  if (status.ok() && logged) {
    status = AppendChange(database_.get(), "pages",
                          is_group ? LoggedChange::Kind::kTag : LoggedChange::Kind::kKey,
                          (is_group ? "g" : "k") + std::to_string(argument));
  }
  if (status.ok()) status = Do("COMMIT");
  if (!status.ok()) {
    Do("ROLLBACK").IgnoreError();
    return status;
  }
  return changed;
}

}  // namespace trivet::testing
