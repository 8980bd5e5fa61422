// One SQLite connection, hardened, with its prepared statements.
#ifndef TRIVET_STORE_CONNECTION_H_
#define TRIVET_STORE_CONNECTION_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/queries.h"
#include "store/sqlite_status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace trivet::store {

// A connection trusts the file as little as SQLite allows: no triggers, no views, no extensions, no
// writable schema, no functions with side effects, no strings in double quotes.
//
// Thread-safety: one thread at a time.
class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  // The file must exist. Nothing is read from it yet.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Mode mode,
                                                          absl::Duration busy_timeout);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  // Runs statements that return nothing of interest. `sql` is a text of ours, never made of what
  // came from outside.
  absl::Status Run(const char* sql, std::string_view purpose);

  // The first column of the first row of `sql`, as text; empty if there is no row.
  absl::StatusOr<std::string> Ask(const char* sql, std::string_view purpose);

  // The statement, prepared by the first call. REQUIRES: no Query on it is alive.
  absl::StatusOr<sqlite3_stmt*> Prepared(Sql sql);

  // Copies of the write-ahead log into the database what no reader needs there any more to see the
  // database as it was. Readers and writers go on meanwhile.
  absl::Status CopyLog();

  // Copies the rest, too, and waits, at most that long, until nobody reads from the log any more,
  // so that the next commit begins it anew. Unavailable if somebody still does.
  absl::Status RestartLog(absl::Duration wait_max);

  // Pages in the log after the last commit of this connection; 0 before the first.
  int log_pages() const { return log_pages_; }

  int64_t last_insert_id() const;
  bool in_transaction() const;
  bool read_only() const;  // also if the file refused to be opened for writing

  absl::Status Error(int code, std::string_view purpose, During during = During::kStatement) const {
    return SqliteError(code, database_.get(), purpose, path_, during);
  }
  // DataLoss: the file holds what we never write.
  absl::Status Damaged(std::string_view what) const;
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  Connection(std::string path, sqlite3* database, absl::Duration busy_timeout)
      : path_(std::move(path)), busy_timeout_(busy_timeout), database_(database) {}

  absl::Status Harden();
  void WaitForLocks(absl::Duration wait_max);
  absl::Status Checkpoint(int mode);
  absl::StatusOr<Statement> Prepare(const char* sql, std::string_view purpose, bool keep);

  const std::string path_;
  const absl::Duration busy_timeout_;
  int log_pages_ = 0;
  std::unique_ptr<sqlite3, Close> database_;
  std::array<Statement, kSqlCount> statements_;  // after database_: finalized before it closes
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_CONNECTION_H_
