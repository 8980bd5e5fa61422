// Renews the leases that this process has, and gives back those that nobody wants.
#ifndef TRIVET_ENGINE_LEASE_UPKEEP_H_
#define TRIVET_ENGINE_LEASE_UPKEEP_H_

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "engine/lease.h"
#include "engine/mutex.h"
#include "trivet/clock.h"
#include "trivet/lease_keeper.h"

namespace trivet::engine {

// One thread for all leases, which runs from the first one on and sleeps while there are none. It
// asks for one at a time: a keeper that hangs costs each of them a timeout, until it fails fast.
//
// Thread-safety: all methods may be called from any thread at any time, Stop from any but its own.
class LeaseUpkeep {
 public:
  // `keeper` and `clock` must outlive this. Commands to the keeper end after `timeout`. Without a
  // thread, Step is called from outside.
  LeaseUpkeep(LeaseKeeper& keeper, absl::Duration timeout, bool with_thread, const Clock& clock);
  LeaseUpkeep(const LeaseUpkeep&) = delete;
  LeaseUpkeep& operator=(const LeaseUpkeep&) = delete;
  ~LeaseUpkeep() { Stop(); }

  void Add(std::shared_ptr<Lease> lease);
  void Remove(const Lease& lease);

  // The keeper may have granted this, or still know of it, for `lease` from now on, and nobody
  // wants it: tries to release it.
  void Drop(const std::string& name, const LeaseOwner& owner, absl::Duration lease);

  // Does what is due. Returns when something may be due again, as a value of Clock::Elapsed().
  absl::Duration Step();

  // Waits for the work that is running; nothing runs afterwards. Idempotent.
  void Stop();

  // The deadline of a command that begins now and is of no use after `useful`.
  absl::Duration CommandDeadline(absl::Duration useful = absl::InfiniteDuration()) const;

 private:
  struct Unwanted {
    std::string name;
    LeaseOwner owner = {};
    absl::Duration over_at;  // of ElapsedWithSuspend: then it is over in any case
  };

  // Until nothing is due. Returns when to look again, of ElapsedWithSuspend.
  absl::Duration Attend(Lease& lease);
  void Renew(Lease& lease);
  // True: some are left, for the keeper does not answer.
  bool ReleaseUnwanted();
  void HurryThread() TRIVET_REQUIRES(mutex_);
  void Run();

  LeaseKeeper& keeper_;
  const absl::Duration timeout_;
  const bool with_thread_;
  const Clock& clock_;

  Mutex mutex_;
  CondVar changed_;
  bool stopped_ TRIVET_GUARDED_BY(mutex_) = false;
  bool hurry_ TRIVET_GUARDED_BY(mutex_) = false;  // there is something new for the thread
  std::vector<std::shared_ptr<Lease>> leases_ TRIVET_GUARDED_BY(mutex_);
  std::deque<Unwanted> unwanted_ TRIVET_GUARDED_BY(mutex_);
  bool started_ TRIVET_GUARDED_BY(mutex_) = false;

  Mutex join_mutex_;
  std::thread thread_ TRIVET_GUARDED_BY(join_mutex_);
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_LEASE_UPKEEP_H_
