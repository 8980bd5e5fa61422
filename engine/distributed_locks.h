// The locks of a cache that hold in all processes.
#ifndef TRIVET_ENGINE_DISTRIBUTED_LOCKS_H_
#define TRIVET_ENGINE_DISTRIBUTED_LOCKS_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/lease.h"
#include "engine/lease_upkeep.h"
#include "engine/local_locks.h"
#include "engine/release_waiters.h"
#include "trivet/clock.h"
#include "trivet/lease_keeper.h"
#include "trivet/lock.h"

namespace trivet::engine {

// Threads of this process that want the same name queue up for it here, so that one of them asks
// the keeper. That one asks again and again, after pauses that grow and are shortened at random,
// and at once when it hears of a release.
//
// Thread-safety: all methods may be called from any thread at any time, except the destructor.
class DistributedLocks {
 public:
  // `keeper` must outlive this. Commands to it end after `timeout`. Without a thread, Step is
  // called from outside.
  DistributedLocks(LeaseKeeper& keeper, absl::Duration timeout, bool with_thread,
                   const Clock& clock);
  DistributedLocks(const DistributedLocks&) = delete;
  DistributedLocks& operator=(const DistributedLocks&) = delete;

  // `name` as the keeper knows it. Errors: those of Namespace::Lock.
  absl::StatusOr<Lock> Acquire(const std::string& name, const LockOptions& options);

  // As Lock::Release.
  absl::Status Release(Lease& lease);

  // As LeaseUpkeep::Step.
  absl::Duration Step() { return upkeep_.Step(); }

  // Nothing is renewed any more, and who waits gets FailedPrecondition. Idempotent.
  void Stop();

  absl::Duration lease_max() const { return keeper_.lease_max(); }
  // How many locks are held, and how many calls wait for one.
  size_t users() const { return names_.users(); }
  // As LocalLocks::IsOwnProcess.
  bool IsOwnProcess() const { return names_.IsOwnProcess(); }

 private:
  // The name is held in this process. OK with null: others have it, or the server is in its grace,
  // and the time is over; `*last` says which.
  absl::StatusOr<std::shared_ptr<Lease>> AcquireLease(const std::string& name,
                                                      const LockOptions& options,
                                                      absl::Duration deadline, LeaseAnswer* last);

  LeaseKeeper& keeper_;
  const Clock& clock_;
  LocalLocks names_;
  ReleaseWaiters waiters_;
  LeaseUpkeep upkeep_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_DISTRIBUTED_LOCKS_H_
