// One run of a prepared statement.
#ifndef TRIVET_STORE_QUERY_H_
#define TRIVET_STORE_QUERY_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "store/connection.h"
#include "store/queries.h"

namespace trivet::store {

// Binds parameters, yields rows, and leaves the statement reset and without parameters. The first
// error is kept: after it nothing is done, Next() is false, and status() tells it.
//
//   Query query(connection, Sql::kRowsOfTag);
//   query.Bind(1, namespace_id).BorrowBytes(2, tag);
//   while (query.Next()) rows.push_back(query.Int(0));
//   return query.status();
//
// Not thread-safe; one Query per statement and connection at a time.
class Query {
 public:
  Query(Connection& connection, Sql sql);
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  Query& Bind(int parameter, int64_t number);
  Query& Bind(int parameter, std::optional<int64_t> number);
  // Without a copy: the bytes must stay where they are while the Query lives.
  Query& BorrowBytes(int parameter, std::string_view bytes);

  // True: there is a row, whose columns may be read until the next call.
  bool Next();
  const absl::Status& status() const { return status_; }

  // Next() for statements whose rows are of no interest, to the end.
  absl::Status Run();

  // Columns of the row, from 0. REQUIRES: Next() returned true.
  int64_t Int(int column) const;
  std::optional<int64_t> IntOrNull(int column) const;
  std::string_view Bytes(int column) const;  // valid until Next(); empty for NULL

 private:
  void Keep(int code);

  Connection& connection_;
  const Sql sql_;
  sqlite3_stmt* statement_ = nullptr;
  absl::Status status_;
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_QUERY_H_
