#include "store/reader_pool.h"

#include <utility>

#include "engine/check.h"

namespace trivet::store {

ReaderPool::ReaderPool(std::vector<std::unique_ptr<Connection>> connections)
    : idle_(std::move(connections)) {
  TRIVET_CHECK(!idle_.empty(), "readers would wait for ever");
}

ReaderPool::Lease::Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
    : pool_(pool), connection_(std::move(connection)) {}

ReaderPool::Lease::~Lease() {
  {
    engine::MutexLock lock(pool_.mutex_);
    pool_.idle_.push_back(std::move(connection_));
  }
  pool_.returned_.Signal();
}

ReaderPool::Lease ReaderPool::Borrow() {
  engine::MutexLock lock(mutex_);
  while (idle_.empty()) returned_.Wait(mutex_);
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return Lease(*this, std::move(connection));
}

}  // namespace trivet::store
