// One lease as the process sees it that has it.
#ifndef TRIVET_ENGINE_LEASE_H_
#define TRIVET_ENGINE_LEASE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/clock.h"
#include "trivet/lease_keeper.h"
#include "trivet/lock.h"

namespace trivet::engine {

//   held ──Release──► released
//    │ the time is over, or the keeper says that another one has it
//    ▼
//   lost                            for good: no answer of the keeper brings it back
//
// Times are values of Clock::ElapsedWithSuspend(). A lease is believed for less than the server
// grants it: it counts from before the question was sent, and ends 1 % and 2 ms early, for clocks
// that go at different speeds and in steps.
//
// Thread-safety: all methods may be called from any thread at any time.
class Lease {
 public:
  // What has to be done for it in the background.
  enum class Due { kNothing, kRenew, kTellLost };

  // Granted in answer to what was sent at `asked`.
  Lease(std::string name, const LeaseOwner& owner, uint64_t token, absl::Duration asked,
        const LockOptions& options, const Clock& clock);
  // One of this process alone, which never ends.
  Lease(std::string name, const Clock& clock);

  // For how long a lease is believed.
  static absl::Duration Believed(absl::Duration lease);

  const std::string& name() const { return name_; }
  const LeaseOwner& owner() const { return owner_; }
  uint64_t token() const { return token_; }
  LockScope scope() const { return scope_; }
  absl::Duration length() const { return options_.lease; }

  LockState state() const;
  absl::Duration valid_for() const;

  // What is due now, and else when to look again. kTellLost is answered once.
  Due TakeDue(absl::Duration* look_again);

  // What came of a renewal that was sent at `asked`. Too late is as bad as never.
  void Renewed(absl::Duration asked);
  void NotRenewed();  // nobody knows: it will be tried again
  void TakenAway();

  // Calls LockOptions::on_lost, unless released.
  void TellLost();

  // Ends it, waits for TellLost (unless that is what calls), and returns what it was before;
  // nullopt: it was ended before.
  std::optional<LockState> Release();

  // False in a process that was forked since: there it is lost, and nobody may lock anything.
  bool IsOwnProcess() const;

 private:
  LockState StateAt(absl::Duration now) const TRIVET_REQUIRES(mutex_);

  const std::string name_;
  const LeaseOwner owner_;
  const uint64_t token_;
  const LockScope scope_;
  const LockOptions options_;
  const Clock& clock_;
  const absl::Duration hold_until_;
  const pid_t process_;

  mutable Mutex mutex_;
  mutable LockState state_ TRIVET_GUARDED_BY(mutex_) = LockState::kHeld;
  absl::Duration valid_until_ TRIVET_GUARDED_BY(mutex_);
  absl::Duration renew_at_ TRIVET_GUARDED_BY(mutex_);
  bool told_ TRIVET_GUARDED_BY(mutex_) = false;        // or about to be
  bool released_ TRIVET_GUARDED_BY(mutex_) = false;    // by the holder, held or lost
  std::thread::id telling_ TRIVET_GUARDED_BY(mutex_);  // who calls on_lost
  CondVar told_changed_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_LEASE_H_
