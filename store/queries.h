// Every statement that runs on an open database, in one table.
#ifndef TRIVET_STORE_QUERIES_H_
#define TRIVET_STORE_QUERIES_H_

#include <cstddef>

namespace trivet::store {

// Names of the statements. Their parameters and columns are told beside their text, in queries.cc.
enum class Sql {
  kBegin,
  kBeginImmediate,
  kCommit,
  kRollback,
  kReadRow,
  kFindRow,
  kFindRowById,
  kInsertRow,
  kUpdateRow,
  kTouchRow,
  kDeleteRow,
  kInsertTag,
  kDeleteTag,
  kRowsOfTag,
  kFindNamespace,
  kInsertNamespace,
  kNamespaces,
  kForgetNamespace,
  kForgetNamespaces,
  kMarkCleared,
  kMarkAllCleared,
  kNextCleared,
  kUnmarkCleared,
  kClearedRows,
  kExpiredRows,
  kReserveVersions,
  kReadFence,
  kRaiseFence,
  kLogChange,
  kReadChanges,
  kTrimChanges,
  kCountRows,
};

inline constexpr size_t kSqlCount = static_cast<size_t>(Sql::kCountRows) + 1;

struct SqlText {
  const char* purpose;  // as in "cannot read a row in ..."
  const char* text;
};

const SqlText& TextOf(Sql sql);

}  // namespace trivet::store

#endif  // TRIVET_STORE_QUERIES_H_
