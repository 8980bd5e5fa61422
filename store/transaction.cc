#include "store/transaction.h"

#include "engine/check.h"
#include "store/queries.h"
#include "store/query.h"

namespace trivet::store {

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
  TRIVET_DCHECK(!connection.in_transaction(), "a transaction inside a transaction");
  status_ = Query(connection, kind == Kind::kRead ? Sql::kBegin : Sql::kBeginImmediate).Run();
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself.
  if (connection_.in_transaction()) Query(connection_, Sql::kRollback).Run().IgnoreError();
}

absl::Status Transaction::Commit() { return Query(connection_, Sql::kCommit).Run(); }

}  // namespace trivet::store
