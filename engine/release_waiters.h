// Threads that wait until somebody, in whichever process, releases a lease.
#ifndef TRIVET_ENGINE_RELEASE_WAITERS_H_
#define TRIVET_ENGINE_RELEASE_WAITERS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/clock.h"
#include "trivet/lease_keeper.h"

namespace trivet::engine {

// Listens to the keeper from the first wait on. Messages may be lost: who waits looks for itself
// now and then.
//
// Thread-safety: all methods may be called from any thread at any time.
class ReleaseWaiters final : private LeaseListener {
 public:
  // Both must outlive this.
  ReleaseWaiters(LeaseKeeper& keeper, const Clock& clock) : keeper_(keeper), clock_(clock) {}
  ReleaseWaiters(const ReleaseWaiters&) = delete;
  ReleaseWaiters& operator=(const ReleaseWaiters&) = delete;
  ~ReleaseWaiters() override { Stop(); }

  // While it lives, a release of the name is noticed. REQUIRES: one at a time for each name.
  class Waiter {
   public:
    Waiter(ReleaseWaiters& all, const std::string& name);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    // Until a release is noticed that no earlier call returned for, until `deadline`, a value of
    // Clock::Elapsed(), or until Stop.
    void Wait(absl::Duration deadline);

   private:
    ReleaseWaiters& all_;
    const std::string name_;
  };

  // Ends all waiting, for good.
  void Stop();
  bool stopped() const;

 private:
  void OnReleased(std::string_view name) override;
  void Listen();

  LeaseKeeper& keeper_;
  const Clock& clock_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopped_ TRIVET_GUARDED_BY(mutex_) = false;
  std::map<std::string, bool, std::less<>> released_ TRIVET_GUARDED_BY(mutex_);  // of each waiter

  Mutex watch_mutex_;
  bool listened_ TRIVET_GUARDED_BY(watch_mutex_) = false;
  std::unique_ptr<LeaseWatch> watch_ TRIVET_GUARDED_BY(watch_mutex_);
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_RELEASE_WAITERS_H_
