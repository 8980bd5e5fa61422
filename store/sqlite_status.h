// The one place where result codes of SQLite become statuses.
#ifndef TRIVET_STORE_SQLITE_STATUS_H_
#define TRIVET_STORE_SQLITE_STATUS_H_

#include <string_view>

#include "absl/status/status.h"

struct sqlite3;

namespace trivet::store {

// When it failed, which tells what a failure may mean.
enum class During {
  kStatement,  // nothing is committed by it: whatever was done is rolled back
  kPrepare,    // the same; our statements fit our schema, so an error in one is one in the file
  kCommit,     // most failures of COMMIT leave open whether the next process finds the change
};

// The status for `code`, an extended result code that is not SQLITE_OK, SQLITE_ROW or SQLITE_DONE.
// The message names what was being done, the file, and SQLite's own text for the code; never a key
// or a value. `connection` adds the error of the operating system; may be null.
absl::Status SqliteError(int code, sqlite3* connection, std::string_view purpose,
                         std::string_view path, During during = During::kStatement);

// The status for an errno from a call on the file itself.
absl::Status FileError(int error, std::string_view purpose, std::string_view path);

}  // namespace trivet::store

#endif  // TRIVET_STORE_SQLITE_STATUS_H_
