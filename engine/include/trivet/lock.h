// Locks: of this process, and of all processes.
#ifndef TRIVET_LOCK_H_
#define TRIVET_LOCK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trivet/write_fence.h"

namespace trivet {

class Cache;
class Namespace;

namespace engine {
class DistributedLocks;
class Lease;
class LocalLocks;
}  // namespace engine

// What Lock does while the keeper of the leases cannot be asked, or must not grant any (see the
// grace in trivet/lease_keeper.h).
enum class OnUnavailable {
  kFail,          // Unavailable
  kProcessLocal,  // a lock that excludes the threads of this process only; Lock::scope() says so
};

// What may differ from one Lock to the next.
struct LockOptions {
  // How long the others wait if this process dies. It is renewed in the background whenever a third
  // of it has passed, so it need not be as long as the work; longer leases survive longer hiccups
  // of the server. 100 ms to LeaseKeeper::lease_max().
  absl::Duration lease = absl::Seconds(10);

  // How long to wait while others have it; zero: ask once. Zero to an hour. The round trips to the
  // server come on top, each at most CoherenceOptions::timeout.
  absl::Duration wait = absl::ZeroDuration();

  // Renewals end so long after it was acquired, and then the lock is lost: a holder that hangs does
  // not keep it for ever. `lease` to a day.
  absl::Duration max_hold = absl::Minutes(10);

  OnUnavailable on_unavailable = OnUnavailable::kFail;

  // Called once if the lock is lost before it is released; may be empty. On the thread that renews
  // all locks, so it should be short; it may release the lock, must not throw, and is not called
  // any more once Release has returned or the Lock is gone.
  std::function<void()> on_lost = nullptr;
};

// InvalidArgument naming the field, or OK.
absl::Status Validate(const LockOptions& options, absl::Duration lease_max);

enum class LockState {
  kHeld,
  kLost,      // it was not renewed in time, or somebody took it away; stays so, also when released
  kReleased,  // by the holder
};

enum class LockScope { kAllProcesses, kThisProcess };

// Holds a name in all processes that use the same keeper of leases, until it is released, destroyed
// or lost. Made by Namespace::Lock and Cache::Lock:
//
//   absl::StatusOr<trivet::Lock> lock = users.Lock("rebuild", {.wait = absl::Seconds(1)});
//   if (!lock.ok()) return lock.status();
//   while (lock->state() == trivet::LockState::kHeld && !Done()) DoSome();
//
// What it promises: nobody else holds the name while valid_for() is not zero, provided that the
// server loses nothing it acknowledged, and that clocks differ by less than 1 % in speed. A program
// may still be stopped between looking at it and doing what it protects; a write that must not
// happen then carries the fencing token. See docs/locks.md.
//
// A lost lock is never acquired again behind the holder's back. Threads of one process exclude each
// other for as long as the object lives, also after it was lost. Not re-entrant: who asks for what
// it holds waits in vain. A process that was forked has none of its parent's locks: there the
// object is lost and does nothing.
//
// Must not outlive its Cache. Movable; one that was moved from is released.
//
// Thread-safety: all methods but moves and the destructor may be called from any thread at any
// time; a lock belongs to no thread.
class [[nodiscard]] Lock {
 public:
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;
  // Releases, at best: see Release.
  ~Lock();

  // By the clock of this process, suspended time included. Well under a microsecond: asks the
  // system for the time and for the process it is in.
  LockState state() const;

  // For how long it is certainly held, if it is not renewed: infinite where scope() is
  // kThisProcess, else at most the lease. Zero unless held. Costs as state().
  absl::Duration valid_for() const;

  // Greater than that of every earlier holder of the name, as far as the server remembers or its
  // clock goes: docs/locks.md. 0 where scope() is kThisProcess: then nothing is promised to others.
  uint64_t token() const { return token_; }

  // For writes that must not happen once a later holder has written (trivet/write_fence.h). Where
  // scope() is kThisProcess they are refused.
  WriteFence fence() const;

  LockScope scope() const { return scope_; }

  // Ends the lease at the server, at the cost of a round trip, and lets other threads in. Aborted
  // if it had been lost; Unavailable if the server did not answer: then it ends by itself, at the
  // latest when the lease is over, and is tried again in the background. Idempotent: OK when
  // released already. In a forked process Aborted.
  absl::Status Release();

 private:
  friend class engine::DistributedLocks;
  Lock(engine::DistributedLocks* locks, std::shared_ptr<engine::Lease> lease);

  uint64_t token_ = 0;
  LockScope scope_ = LockScope::kThisProcess;
  engine::DistributedLocks* locks_ = nullptr;
  std::shared_ptr<engine::Lease> lease_;  // null: moved from
};

// Holds a name in this process alone: no lease, no server, no losing. Has nothing to do with a Lock
// of the same name. Made by Namespace::LockLocally and Cache::LockLocally. Not re-entrant. Must not
// outlive its Cache; in a forked process it does nothing.
//
// Thread-safety: one thread at a time; any may release.
class [[nodiscard]] LocalLock {
 public:
  LocalLock(LocalLock&& other) noexcept;
  LocalLock& operator=(LocalLock&& other) noexcept;
  ~LocalLock() { Release(); }

  bool held() const { return locks_ != nullptr; }
  // Idempotent.
  void Release();

 private:
  friend class Cache;
  friend class Namespace;
  LocalLock(engine::LocalLocks* locks, std::string name) : locks_(locks), name_(std::move(name)) {}

  engine::LocalLocks* locks_ = nullptr;  // null: released
  std::string name_;
};

}  // namespace trivet

#endif  // TRIVET_LOCK_H_
