// Tells other processes of a change that a program makes in tables of its own.
#ifndef TRIVET_APPEND_CHANGE_H_
#define TRIVET_APPEND_CHANGE_H_

#include <string_view>

#include "absl/status/status.h"
#include "trivet/backing.h"

struct sqlite3;

namespace trivet {

// Adds a row to the change log within the transaction that is open on `database`, a connection of
// the program to the file of a store (as its main database). The row is committed with the change
// it tells of, or not at all; any process that has the store and a shared tier tells it to the
// others and removes it, also when this program dies right after its COMMIT.
//
//   BEGIN IMMEDIATE; UPDATE products SET name = 'torch' WHERE id = 1
//   AppendChange(database, "products", LoggedChange::Kind::kKey, "1");
//   COMMIT
//
// Call it after the change, or in a transaction that is IMMEDIATE: whoever waits for the lock of
// writers then waits as always. On error nothing was added; roll back, for a COMMIT would make the
// change without the row (and SQLite may have rolled back already, as after any failed statement).
// The busy timeout is that of the connection. sqlite3_last_insert_rowid() stays as it was,
// sqlite3_changes() does not.
//
// Errors: InvalidArgument says what is wrong with which argument (`name` is a key, a tag or a
// pattern within the limits of trivet/options.h, and empty for kClear); FailedPrecondition if no
// transaction is open, or the database has no change log: it is not a store, or one that no trivet
// of this version has opened yet; Unavailable if it is locked; else as Backing.
//
// Thread-safety: that of the connection.
absl::Status AppendChange(sqlite3* database, std::string_view namespace_name,
                          LoggedChange::Kind kind, std::string_view name = {});

}  // namespace trivet

#endif  // TRIVET_APPEND_CHANGE_H_
