#include "store/sqlite_status.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <string>

namespace trivet::store {
namespace {

struct Case {
  int code;
  absl::StatusCode in_statement;
  absl::StatusCode in_commit;
};

TEST(SqliteStatusTest, EveryCodeHasItsStatus) {
  using enum absl::StatusCode;
  const Case cases[] = {
      {SQLITE_BUSY, kUnavailable, kUnavailable},
      {SQLITE_BUSY_SNAPSHOT, kUnavailable, kUnavailable},
      {SQLITE_BUSY_RECOVERY, kUnavailable, kUnavailable},
      {SQLITE_LOCKED, kUnavailable, kUnknown},
      {SQLITE_PROTOCOL, kUnavailable, kUnknown},
      {SQLITE_FULL, kResourceExhausted, kResourceExhausted},
      {SQLITE_TOOBIG, kResourceExhausted, kUnknown},
      {SQLITE_NOMEM, kResourceExhausted, kUnknown},
      {SQLITE_IOERR_NOMEM, kResourceExhausted, kUnknown},
      {SQLITE_CORRUPT, kDataLoss, kUnknown},
      {SQLITE_CORRUPT_INDEX, kDataLoss, kUnknown},
      {SQLITE_NOTADB, kDataLoss, kUnknown},
      {SQLITE_IOERR_CORRUPTFS, kDataLoss, kUnknown},
      {SQLITE_CONSTRAINT_UNIQUE, kDataLoss, kUnknown},
      {SQLITE_READONLY, kPermissionDenied, kUnknown},
      {SQLITE_READONLY_DBMOVED, kPermissionDenied, kUnknown},
      {SQLITE_PERM, kPermissionDenied, kUnknown},
      {SQLITE_CANTOPEN, kNotFound, kUnknown},
      {SQLITE_CANTOPEN_FULLPATH, kNotFound, kUnknown},
      {SQLITE_IOERR, kInternal, kUnknown},
      {SQLITE_IOERR_READ, kInternal, kUnknown},
      {SQLITE_IOERR_FSYNC, kInternal, kUnknown},
      {SQLITE_MISUSE, kInternal, kUnknown},
      {SQLITE_ERROR, kInternal, kUnknown},
  };
  for (const Case& expected : cases) {
    SCOPED_TRACE(expected.code);
    const auto code_of = [&](During during) {
      return SqliteError(expected.code, nullptr, "read", "x.db", during).code();
    };
    EXPECT_EQ(code_of(During::kStatement), expected.in_statement);
    EXPECT_EQ(code_of(During::kCommit), expected.in_commit);
  }
}

TEST(SqliteStatusTest, OurStatementsFitOurSchemaSoAnErrorInOneIsADamagedFile) {
  EXPECT_TRUE(absl::IsDataLoss(SqliteError(SQLITE_ERROR, nullptr, "x", "y", During::kPrepare)));
  EXPECT_TRUE(absl::IsUnavailable(SqliteError(SQLITE_BUSY, nullptr, "x", "y", During::kPrepare)));
}

TEST(SqliteStatusTest, TheMessageNamesOperationFileAndCause) {
  const absl::Status status = SqliteError(SQLITE_BUSY, nullptr, "begin to write", "/data/x.db");
  EXPECT_EQ(std::string(status.message()),
            "cannot begin to write in \"/data/x.db\": database is locked (SQLite 5)");
}

TEST(SqliteStatusTest, ErrorsOfTheFileItselfHaveTheSameCodes) {
  using enum absl::StatusCode;
  EXPECT_EQ(FileError(ENOENT, "create", "x").code(), kNotFound);
  EXPECT_EQ(FileError(ENOTDIR, "create", "x").code(), kNotFound);
  EXPECT_EQ(FileError(EACCES, "create", "x").code(), kPermissionDenied);
  EXPECT_EQ(FileError(EROFS, "create", "x").code(), kPermissionDenied);
  EXPECT_EQ(FileError(ENOSPC, "create", "x").code(), kResourceExhausted);
  EXPECT_EQ(FileError(EMFILE, "create", "x").code(), kResourceExhausted);
  EXPECT_EQ(FileError(EISDIR, "create", "x").code(), kFailedPrecondition);
  EXPECT_EQ(FileError(EIO, "create", "x").code(), kInternal);
}

}  // namespace
}  // namespace trivet::store
