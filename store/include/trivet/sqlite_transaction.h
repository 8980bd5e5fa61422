// A transaction of the program on its own tables that ends the copies of what it changes.
#ifndef TRIVET_SQLITE_TRANSACTION_H_
#define TRIVET_SQLITE_TRANSACTION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trivet/backing.h"
#include "trivet/namespace.h"
#include "trivet/result.h"

struct sqlite3;

namespace trivet {

// What is named here is invalidated once the transaction has been committed, in this process and in
// all others, and by them also if this one dies right after its COMMIT. Nothing is invalidated if
// it is rolled back.
//
//   auto transaction = SqliteTransaction::Begin(database);
//   ... UPDATE products SET name = 'torch' WHERE id = 1 ...
//   transaction->InvalidateOnCommit(products, "1");
//   absl::Status status = transaction->Commit();
//
// `database` is a connection of the program to the file of a store. Where a namespace is shared
// with other processes, a row of the change log is committed together with the change; see
// AppendChange.
//
// Thread-safety: that of the connection. The cache must outlive the transaction.
class SqliteTransaction {
 public:
  // BEGIN IMMEDIATE: waits for other writers as long as the connection's busy timeout says, then
  // Unavailable. FailedPrecondition if a transaction is open.
  static absl::StatusOr<SqliteTransaction> Begin(sqlite3* database);

  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  // Rolls back what was not committed.
  ~SqliteTransaction();

  // Errors: those of AppendChange, and of a view that answers nothing. The transaction should be
  // rolled back then: a COMMIT would make the change without telling of it.
  absl::Status InvalidateOnCommit(const Namespace& view, std::string_view key);
  absl::Status InvalidateTagOnCommit(const Namespace& view, std::string_view tag);
  // As Namespace::Clear does.
  absl::Status ClearOnCommit(const Namespace& view);

  // OK: it is committed, and this process shows nothing older; `*told`, unless null, says how far
  // other processes are (kDeferred: they will find the rows in the log). Unavailable: the database
  // is locked, and Commit may be tried again. Any other error: nobody knows; what it names is
  // invalidated in case it is committed, and the transaction is over.
  absl::Status Commit(Coherence* told = nullptr);
  // Nothing has happened. It is over after that.
  void Rollback();

 private:
  struct Change {
    Namespace view;
    LoggedChange::Kind kind;
    std::string name;
    int64_t ticket = 0;  // of its row in the log; 0: it has none
  };

  explicit SqliteTransaction(sqlite3* database) : database_(database) {}

  absl::Status Add(const Namespace& view, LoggedChange::Kind kind, std::string_view name);
  // Returns how far the others are.
  Coherence InvalidateAll();
  void RemoveRows();

  sqlite3* database_;  // null: it is over
  std::vector<Change> changes_;
};

}  // namespace trivet

#endif  // TRIVET_SQLITE_TRANSACTION_H_
