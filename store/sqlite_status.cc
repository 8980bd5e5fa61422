#include "store/sqlite_status.h"

#include <sqlite3.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace trivet::store {
namespace {

bool IsDiskFull(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

absl::StatusCode CodeOfErrno(int error) {
  if (IsDiskFull(error)) return absl::StatusCode::kResourceExhausted;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::StatusCode::kResourceExhausted;
    case EISDIR:
    case ELOOP:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::StatusCode CodeOfStatement(int code, int system_error) {
  if (code == SQLITE_IOERR_NOMEM) return absl::StatusCode::kResourceExhausted;
  if (code == SQLITE_IOERR_CORRUPTFS) return absl::StatusCode::kDataLoss;
  switch (code & 0xff) {  // the primary code
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:  // lost the race for the locks of the write-ahead log too often
      return absl::StatusCode::kUnavailable;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:  // our statements keep the constraints of tables that are sound
    case SQLITE_MISMATCH:
      return absl::StatusCode::kDataLoss;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_CANTOPEN: {
      const absl::StatusCode cause = CodeOfErrno(system_error);
      return cause == absl::StatusCode::kInternal ? absl::StatusCode::kNotFound : cause;
    }
    case SQLITE_IOERR:
      return IsDiskFull(system_error) ? absl::StatusCode::kResourceExhausted
                                      : absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kInternal;
  }
}

// COMMIT appends the pages to the write-ahead log, the last one with the mark that makes them
// count, syncs the log if the database is durable, and tells the other connections. Where any of
// this but the appending itself fails, the mark may be in the file: this process and its peers
// ignore it and write over it, but a process that opens the file after all of them died would
// honour it.
absl::StatusCode CodeOfCommit(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_BUSY:  // a lock was refused before anything was written
    case SQLITE_FULL:  // a page could not be appended, so the mark was not either
      return CodeOfStatement(code, system_error);
    default:
      return absl::StatusCode::kUnknown;
  }
}

std::string Message(std::string_view purpose, std::string_view path, std::string_view cause) {
  std::string message("cannot ");
  message.append(purpose).append(" in \"").append(path).append("\": ").append(cause);
  return message;
}

}  // namespace

absl::Status SqliteError(int code, sqlite3* connection, std::string_view purpose,
                         std::string_view path, During during) {
  const int system_error = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  // sqlite3_errmsg() could quote what came with a statement, sqlite3_errstr() has fixed texts.
  std::string cause(sqlite3_errstr(code));
  cause.append(" (SQLite ").append(std::to_string(code)).append(")");
  const int primary = code & 0xff;
  const bool from_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  if (from_system && system_error != 0) {
    cause.append(", ").append(std::generic_category().message(system_error));
  }
  absl::StatusCode status_code = during == During::kCommit ? CodeOfCommit(code, system_error)
                                                           : CodeOfStatement(code, system_error);
  if (during == During::kPrepare && primary == SQLITE_ERROR) {
    status_code = absl::StatusCode::kDataLoss;
    cause.append(", the tables are not as they should be");
  }
  return absl::Status(status_code, Message(purpose, path, cause));
}

absl::Status FileError(int error, std::string_view purpose, std::string_view path) {
  return absl::Status(CodeOfErrno(error),
                      Message(purpose, path, std::generic_category().message(error)));
}

}  // namespace trivet::store
