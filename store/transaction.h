// A transaction that is rolled back unless it was committed.
#ifndef TRIVET_STORE_TRANSACTION_H_
#define TRIVET_STORE_TRANSACTION_H_

#include "absl/status/status.h"
#include "store/connection.h"

namespace trivet::store {

//   Transaction transaction(connection, Transaction::Kind::kWrite);
//   if (!transaction.status().ok()) return transaction.status();
//   ...
//   return transaction.Commit();
class Transaction {
 public:
  enum class Kind {
    kRead,   // a snapshot, from the first statement on
    kWrite,  // takes the lock of writers at once, so that nothing it reads can change under it
  };

  // REQUIRES: the connection is in no transaction.
  Transaction(Connection& connection, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  // Whether it has begun. Otherwise Unavailable, most likely.
  const absl::Status& status() const { return status_; }

  // On error nothing is committed, except that nobody knows after kUnknown.
  absl::Status Commit();

 private:
  Connection& connection_;
  absl::Status status_;
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_TRANSACTION_H_
