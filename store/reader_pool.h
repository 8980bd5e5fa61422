// The connections that readers take turns with.
#ifndef TRIVET_STORE_READER_POOL_H_
#define TRIVET_STORE_READER_POOL_H_

#include <memory>
#include <vector>

#include "engine/mutex.h"
#include "store/connection.h"

namespace trivet::store {

// A fixed number of connections, each lent to one thread at a time, the one that came back last
// first: its pages are warm. A thread that finds none waits until one comes back, which takes as
// long as the read it is lent for.
//
// Thread-safety: all methods may be called from any thread at any time. Leases must not outlive it.
class ReaderPool {
 public:
  // REQUIRES: there is one connection at least.
  explicit ReaderPool(std::vector<std::unique_ptr<Connection>> connections);
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  // Gives the connection back when it goes.
  class Lease {
   public:
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    Connection& operator*() const { return *connection_; }

   private:
    friend class ReaderPool;
    Lease(ReaderPool& pool, std::unique_ptr<Connection> connection);

    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  Lease Borrow();

 private:
  engine::Mutex mutex_;
  engine::CondVar returned_;
  std::vector<std::unique_ptr<Connection>> idle_ TRIVET_GUARDED_BY(mutex_);
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_READER_POOL_H_
