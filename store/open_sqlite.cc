// OpenSqlite: from options to connections.
#include <sqlite3.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/connection.h"
#include "store/database_file.h"
#include "store/schema.h"
#include "store/sqlite_backing.h"
#include "trivet/sqlite_backing.h"

namespace trivet {
namespace {

using store::Connection;

constexpr size_t kReadersMax = 64;
constexpr absl::Duration kBusyTimeoutMax = absl::Minutes(1);

// A log that a burst has made longer is cut back to what log_keeper.h lets it have, 16 MiB.
constexpr char kLogSettings[] = "PRAGMA journal_size_limit = 16777216";

absl::Status Validate(const SqliteOptions& options) {
  if (options.path.empty()) return absl::InvalidArgumentError("path: is empty");
  if (options.path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("path: contains a zero byte");
  }
  if (options.path == ":memory:") {
    return absl::InvalidArgumentError(
        "path: \":memory:\" has no file that connections could share");
  }
  if (options.readers < 1 || options.readers > kReadersMax) {
    return absl::InvalidArgumentError("readers: must be 1 to " + std::to_string(kReadersMax));
  }
  if (options.busy_timeout < absl::ZeroDuration() || options.busy_timeout > kBusyTimeoutMax) {
    return absl::InvalidArgumentError("busy_timeout: must be zero to one minute");
  }
  return absl::OkStatus();
}

// The connection for writing, on a database that is ours and up to date.
absl::StatusOr<std::unique_ptr<Connection>> OpenWriter(const SqliteOptions& options,
                                                       const std::string& file) {
  absl::StatusOr<std::unique_ptr<Connection>> writer =
      Connection::Open(file, Connection::Mode::kReadWrite, options.busy_timeout);
  if (!writer.ok()) return writer;
  if ((*writer)->read_only()) {
    return absl::PermissionDeniedError("cannot open \"" + file + "\" for writing");
  }
  // With a write-ahead log NORMAL syncs only when the log is copied into the database.
  const char* const sync =
      options.durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
  for (const char* const setting : {sync, kLogSettings}) {
    if (absl::Status status = (*writer)->Run(setting, "set up the connection"); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = store::BringUpToDate(**writer, store::SchemaSteps()); !status.ok()) {
    return status;
  }
  return writer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Backing>> OpenSqlite(const SqliteOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  if (sqlite3_threadsafe() == 0) {
    return absl::FailedPreconditionError("this SQLite library was built without threads");
  }
  const std::string file = store::FileName(options.path);
  const bool create = options.create && !options.read_only;
  const absl::Status found =
      create ? store::CreateFileIfMissing(file) : store::CheckFileExists(file);
  if (!found.ok()) return found;
  if (absl::Status status = store::CheckFolderForReaders(file); !status.ok()) return status;

  std::unique_ptr<Connection> writer;
  if (!options.read_only) {
    absl::StatusOr<std::unique_ptr<Connection>> opened = OpenWriter(options, file);
    if (!opened.ok()) return opened.status();
    writer = *std::move(opened);
  }
  std::vector<std::unique_ptr<Connection>> readers;
  for (size_t i = 0; i < options.readers; ++i) {
    absl::StatusOr<std::unique_ptr<Connection>> reader =
        Connection::Open(file, Connection::Mode::kReadOnly, options.busy_timeout);
    if (!reader.ok()) return reader.status();
    readers.push_back(*std::move(reader));
  }
  if (options.read_only) {
    absl::Status status = store::CheckUpToDate(*readers.front(), store::SchemaSteps());
    if (!status.ok()) return status;
  }
  const Clock* const clock = options.clock != nullptr ? options.clock : Clock::System();
  return std::make_unique<store::SqliteBacking>(std::move(writer), std::move(readers), clock);
}

}  // namespace trivet
