// The truth in an SQLite file.
#ifndef TRIVET_SQLITE_BACKING_H_
#define TRIVET_SQLITE_BACKING_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/backing.h"
#include "trivet/clock.h"

namespace trivet {

// What is chosen when a database file is opened.
struct SqliteOptions {
  // The file. Created if it is missing and `create` holds; its folder must exist. ":memory:" is
  // refused: readers and the writer are separate connections, which would not see each other.
  std::string path = {};

  // False: a missing file is NotFound.
  bool create = true;

  // True: no writes, no migration; every write answers PermissionDenied.
  bool read_only = false;

  // True: a commit survives power loss (synchronous=FULL), at about a tenth of the write rate.
  // False: it survives the death of the process, and power loss may take the newest commits
  // (synchronous=NORMAL in WAL mode).
  bool durable = false;

  // Connections for reading, 1 to 64. More threads than that wait for each other.
  size_t readers = 4;

  // How long a call waits for the locks of other processes before it answers Unavailable. Zero to
  // one minute.
  absl::Duration busy_timeout = absl::Seconds(5);

  // Null: the system's. Must outlive the backing.
  Clock* clock = nullptr;
};

// Opens or creates the database, in WAL mode, and brings its schema up to date. Errors:
// InvalidArgument names the option; NotFound (file or folder), PermissionDenied (read-only file),
// FailedPrecondition (a database of another program, or of a newer trivet), DataLoss (corrupt, or
// no database at all), Unavailable (locked), ResourceExhausted (disk full).
absl::StatusOr<std::unique_ptr<Backing>> OpenSqlite(const SqliteOptions& options);

}  // namespace trivet

#endif  // TRIVET_SQLITE_BACKING_H_
