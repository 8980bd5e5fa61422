// The file below the database: its name, its permissions, whether it is there.
#ifndef TRIVET_STORE_DATABASE_FILE_H_
#define TRIVET_STORE_DATABASE_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace trivet::store {

// `path` in a form in which SQLite takes it for a file whatever it looks like ("file:x?mode=..." is
// a URI to it).
std::string FileName(const std::string& path);

// Makes sure that there is a file. A new one is empty and belongs to its owner alone (mode 0600);
// SQLite gives its companions, -wal and -shm, the same mode. Never creates a file at the end of a
// symbolic link. NotFound (also for the folder), PermissionDenied, ResourceExhausted;
// FailedPrecondition if the path is a folder; DataLoss if the file is shorter than any database but
// not empty (SQLite would take a file of one byte for an empty one).
absl::Status CreateFileIfMissing(const std::string& path);

// The same answers for a file that must be there.
absl::Status CheckFileExists(const std::string& path);

// Readers share memory through a file beside the database (-shm). PermissionDenied if there is none
// and the folder does not allow one: SQLite's own answer would be that the database is missing.
absl::Status CheckFolderForReaders(const std::string& path);

}  // namespace trivet::store

#endif  // TRIVET_STORE_DATABASE_FILE_H_
