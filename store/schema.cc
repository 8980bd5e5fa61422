#include "store/schema.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "store/transaction.h"

namespace trivet::store {
namespace {

// Version 1.
//
// A namespace is a name with an id that is never used again (AUTOINCREMENT): clearing it takes the
// id away and puts it among the cleared ones, whose rows Sweep removes. Rows have an id of their
// own because values may be large: in a WITHOUT ROWID table they would fill the pages that a search
// for a key walks through. The tags of a row stand in the row for readers (tag_codec.h) and in
// trivet_tags for DeleteTag. Times are milliseconds since 1970, NULL is never.
constexpr char kVersion1[] =
    "CREATE TABLE trivet_versions ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  newest INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO trivet_versions (id, newest) VALUES (1, 0);"
    "CREATE TABLE trivet_namespaces ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name BLOB NOT NULL UNIQUE"
    ") STRICT;"
    "CREATE TABLE trivet_cleared ("
    "  namespace INTEGER PRIMARY KEY"
    ") STRICT;"
    "CREATE TABLE trivet_rows ("
    "  id INTEGER PRIMARY KEY,"
    "  namespace INTEGER NOT NULL,"
    "  key BLOB NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  expires_at INTEGER,"
    "  tags BLOB,"
    "  value BLOB NOT NULL,"
    "  UNIQUE (namespace, key)"
    ") STRICT;"
    "CREATE INDEX trivet_rows_expiry ON trivet_rows (expires_at) WHERE expires_at IS NOT NULL;"
    "CREATE TABLE trivet_tags ("
    "  namespace INTEGER NOT NULL,"
    "  tag BLOB NOT NULL,"
    "  row INTEGER NOT NULL,"
    "  PRIMARY KEY (namespace, tag, row)"
    ") STRICT, WITHOUT ROWID;";

// Version 2.
//
// The change log (trivet/backing.h). A new id is one more than the largest, which among the rows
// that are there is the order of the commits, since there is one writer at a time; AUTOINCREMENT
// would make each commit write one more page. A ticket is a random number, and not UNIQUE, so that
// no write fails for bad luck with it. The namespace has its name here, for it may be cleared
// before the row is told; `logged_at` is for people who wonder why rows stay.
constexpr char kVersion2[] =
    "CREATE TABLE trivet_changes ("
    "  id INTEGER PRIMARY KEY,"
    "  ticket INTEGER NOT NULL,"
    "  namespace BLOB NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  name BLOB NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  logged_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX trivet_changes_ticket ON trivet_changes (ticket);";

// Version 3.
//
// The greatest fencing token that was ever seen with each lock (trivet/write_fence.h). Rows stay
// for ever: without its row a lock would let an old holder write.
constexpr char kVersion3[] =
    "CREATE TABLE trivet_fence ("
    "  name BLOB PRIMARY KEY,"
    "  max_token INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;";

constexpr const char* kSteps[] = {kVersion1, kVersion2, kVersion3};

constexpr char kPurpose[] = "look at the schema";

absl::StatusOr<int64_t> AskNumber(Connection& connection, const char* sql) {
  absl::StatusOr<std::string> text = connection.Ask(sql, kPurpose);
  if (!text.ok()) return text.status();
  int64_t number = 0;
  if (!absl::SimpleAtoi(*text, &number)) return connection.Damaged("a number in its header");
  return number;
}

absl::Status Refused(const Connection& connection, const std::string& why) {
  return absl::FailedPreconditionError("\"" + connection.path() + "\" " + why);
}

// The version of a database that is empty or ours. REQUIRES: inside a transaction, so that the
// three answers belong together.
absl::StatusOr<size_t> VersionInTransaction(Connection& connection, size_t newest) {
  absl::StatusOr<int64_t> application = AskNumber(connection, "PRAGMA application_id");
  if (!application.ok()) return application.status();
  absl::StatusOr<int64_t> version = AskNumber(connection, "PRAGMA user_version");
  if (!version.ok()) return version.status();
  absl::StatusOr<int64_t> objects = AskNumber(connection, "SELECT count(*) FROM sqlite_schema");
  if (!objects.ok()) return objects.status();

  if (*application == 0 && *version == 0 && *objects == 0) return 0;
  if (*application != kApplicationId || *version < 1) {
    return Refused(connection, "is a database of another program");
  }
  if (static_cast<size_t>(*version) > newest) {
    return Refused(connection, "has schema version " + std::to_string(*version) +
                                   ", this trivet knows versions up to " + std::to_string(newest));
  }
  return static_cast<size_t>(*version);
}

absl::StatusOr<size_t> VersionOf(Connection& connection, size_t newest) {
  const Transaction snapshot(connection, Transaction::Kind::kRead);
  if (!snapshot.status().ok()) return snapshot.status();
  return VersionInTransaction(connection, newest);
}

// Two that switch at the same moment would wait for each other, so SQLite refuses one at once,
// without the wait for locks that other statements have. That one waits for its turn with a
// statement that has it and tries again, most likely to find that there is nothing left to do.
absl::Status SwitchToWal(Connection& connection) {
  constexpr char kSwitch[] = "switch to a write-ahead log";
  constexpr int kTriesMax = 100;  // more than there are processes that start at once
  absl::StatusOr<std::string> mode;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    mode = connection.Ask("PRAGMA journal_mode = WAL", kSwitch);
    if (!absl::IsUnavailable(mode.status())) break;
    absl::Status turn = connection.Run("BEGIN EXCLUSIVE; ROLLBACK", kSwitch);
    if (!turn.ok()) return turn;
  }
  if (!mode.ok()) return mode.status();
  if (*mode == "wal") return absl::OkStatus();
  return Refused(connection, "cannot have a write-ahead log: its file system lacks shared memory");
}

// One step, unless somebody else has just taken it. Returns the version that was reached.
absl::StatusOr<size_t> TakeStep(Connection& connection, std::span<const char* const> steps) {
  Transaction transaction(connection, Transaction::Kind::kWrite);
  if (!transaction.status().ok()) return transaction.status();
  absl::StatusOr<size_t> version = VersionInTransaction(connection, steps.size());
  if (!version.ok() || *version == steps.size()) return version;

  constexpr char kMigrate[] = "bring the schema up to date";
  const size_t next = *version + 1;
  const std::string identity = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                               "; PRAGMA user_version = " + std::to_string(next);
  if (absl::Status status = connection.Run(steps[*version], kMigrate); !status.ok()) return status;
  if (absl::Status status = connection.Run(identity.c_str(), kMigrate); !status.ok()) return status;
  if (absl::Status status = transaction.Commit(); !status.ok()) return status;
  return next;
}

}  // namespace

std::span<const char* const> SchemaSteps() { return kSteps; }

absl::Status BringUpToDate(Connection& connection, std::span<const char* const> steps) {
  absl::StatusOr<size_t> version = VersionOf(connection, steps.size());
  if (!version.ok()) return version.status();
  if (absl::Status status = SwitchToWal(connection); !status.ok()) return status;
  while (*version < steps.size()) {
    version = TakeStep(connection, steps);
    if (!version.ok()) return version.status();
  }
  return absl::OkStatus();
}

absl::Status CheckUpToDate(Connection& connection, std::span<const char* const> steps) {
  absl::StatusOr<size_t> version = VersionOf(connection, steps.size());
  if (!version.ok()) return version.status();
  if (*version == steps.size()) return absl::OkStatus();
  return Refused(connection, "has schema version " + std::to_string(*version) +
                                 ", which must be brought up to date: open it once for writing");
}

}  // namespace trivet::store
