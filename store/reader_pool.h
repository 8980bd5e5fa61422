// The connections that readers take turns with.
#ifndef TRIVET_STORE_READER_POOL_H_
#define TRIVET_STORE_READER_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "engine/mutex.h"
#include "store/connection.h"

namespace trivet::store {

// A fixed number of connections, each lent to one thread at a time, the one that came back last
// first: its pages are warm. A thread that finds none waits until one comes back, which takes as
// long as the read it is lent for, or until the pause is over that the writer has asked for.
//
// Nothing can wait in a circle: who has borrowed a connection reads and gives it back, and waits
// for no lock of ours meanwhile, neither for another connection nor for the writer.
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

  // While it lives nobody borrows, and if it is complete nobody reads.
  class Pause {
   public:
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause();
    bool complete() const { return complete_; }

   private:
    friend class ReaderPool;
    Pause(ReaderPool& pool, bool complete) : pool_(pool), complete_(complete) {}

    ReaderPool& pool_;
    const bool complete_;
  };

  // Waits until all connections are back, at most that long; none is lent meanwhile.
  // REQUIRES: there is no other pause, and the caller has borrowed nothing.
  Pause PauseReaders(absl::Duration wait_max);

 private:
  const size_t size_;
  engine::Mutex mutex_;
  engine::CondVar may_borrow_;
  engine::CondVar all_back_;  // only who pauses waits for it
  bool paused_ TRIVET_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Connection>> idle_ TRIVET_GUARDED_BY(mutex_);
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_READER_POOL_H_
