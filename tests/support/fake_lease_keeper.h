// A LeaseKeeper in memory, which loses requests and replies when told.
#ifndef TRIVET_TESTS_SUPPORT_FAKE_LEASE_KEEPER_H_
#define TRIVET_TESTS_SUPPORT_FAKE_LEASE_KEEPER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/clock.h"
#include "trivet/lease_keeper.h"

namespace trivet::testing {

// The server, for any number of keepers ("processes"), and its faults. Its time is that of a clock,
// moved on by whatever Age was told. Listeners are called by the thread that releases.
//
// Thread-safety: all methods may be called from any thread at any time.
class FakeLeaseServer {
 public:
  // `clock` must outlive the server.
  explicit FakeLeaseServer(const Clock* clock, absl::Duration lease_max = absl::Seconds(30))
      : clock_(*clock), lease_max_(lease_max) {}

  // Forgets everything.
  void Flush();
  void TakeSnapshot();
  // Another server takes over with the last snapshot.
  void FailOver();
  void SetFull(bool full);
  // The server's clock runs ahead.
  void Age(absl::Duration by);
  // As if locks had been in use for long: the grace is over.
  void EndGrace();

  absl::Duration lease_max() const { return lease_max_; }

  // Who has the name; nullopt: nobody.
  std::optional<LeaseOwner> OwnerOf(std::string_view name);

 private:
  friend class FakeLeaseKeeper;
  class Watch;

  struct Lease {
    LeaseOwner owner = {};
    uint64_t token = 0;
    absl::Duration until;
  };
  struct Data {
    uint64_t run = 0;  // under which the grace was decided; 0: nothing was
    absl::Duration grace_until;
    std::map<std::string, uint64_t, std::less<>> tokens = {};
    std::map<std::string, Lease, std::less<>> leases = {};
  };

  absl::Duration Now() const TRIVET_REQUIRES(mutex_) { return clock_.Elapsed() + ahead_; }
  // Null: nobody has it.
  Lease* Find(std::string_view name) TRIVET_REQUIRES(mutex_);
  bool IsFull();
  LeaseAnswer Acquire(std::string_view name, const LeaseOwner& owner, absl::Duration lease);
  bool Renew(std::string_view name, const LeaseOwner& owner, absl::Duration lease);
  bool Release(std::string_view name, const LeaseOwner& owner);

  const Clock& clock_;
  const absl::Duration lease_max_;
  engine::Mutex mutex_;
  Data data_ TRIVET_GUARDED_BY(mutex_);
  Data snapshot_ TRIVET_GUARDED_BY(mutex_);
  uint64_t run_ TRIVET_GUARDED_BY(mutex_) = 1;
  absl::Duration ahead_ TRIVET_GUARDED_BY(mutex_);
  bool full_ TRIVET_GUARDED_BY(mutex_) = false;
  engine::Mutex calling_mutex_;  // held while listeners are called
  std::set<LeaseListener*> listeners_ TRIVET_GUARDED_BY(calling_mutex_);
};

// One process's way to the server, which must outlive it.
//
//   FakeLeaseKeeper keeper(&server);
//   keeper.LoseReply(2);
//   keeper.Renew(...);  // passes
//   keeper.Renew(...);  // DeadlineExceeded; the server has renewed it
//
// Every call counts, except Watch.
//
// Thread-safety: all methods may be called from any thread at any time.
class FakeLeaseKeeper final : public LeaseKeeper {
 public:
  explicit FakeLeaseKeeper(FakeLeaseServer* server) : server_(*server) {}

  // The nth call from now (1: the next one) ends in DeadlineExceeded, without effect or with it.
  // One fault is armed at a time: the last one.
  void LoseRequest(size_t nth);
  void LoseReply(size_t nth);
  // Every call answers `error`, without effect, until it is OkStatus().
  void FailAll(absl::Status error);
  // Called at the beginning of every call, and when the server has been asked, on its thread,
  // without a lock. Null: nothing.
  void OnCall(std::function<void()> hook);
  void OnReply(std::function<void()> hook);
  // How many calls there were, those that failed included.
  size_t calls() const;
  // How many watches there are now.
  size_t watches() const;

  absl::Duration lease_max() const override { return server_.lease_max_; }
  absl::StatusOr<LeaseAnswer> Acquire(std::string_view name, const LeaseOwner& owner,
                                      absl::Duration lease, absl::Duration deadline) override;
  absl::StatusOr<bool> Renew(std::string_view name, const LeaseOwner& owner, absl::Duration lease,
                             absl::Duration deadline) override;
  absl::StatusOr<bool> Release(std::string_view name, const LeaseOwner& owner,
                               absl::Duration deadline) override;
  absl::StatusOr<std::unique_ptr<LeaseWatch>> Watch(LeaseListener& listener) override;

 private:
  // What happens to one call.
  struct Fate {
    absl::Status before = {};  // not OK: the answer, and the server was not asked
    absl::Status after = {};   // not OK: the answer, after the server was asked
    std::function<void()> reply_hook = nullptr;
  };
  Fate NextFate(absl::Duration deadline);
  void Arm(size_t nth, Fate fate);

  template <typename Answer>
  absl::StatusOr<Answer> Pass(absl::Duration deadline,
                              absl::FunctionRef<absl::StatusOr<Answer>()> ask) {
    const Fate fate = NextFate(deadline);
    if (!fate.before.ok()) return fate.before;
    absl::StatusOr<Answer> answer = ask();
    if (fate.reply_hook) fate.reply_hook();
    if (!fate.after.ok()) return fate.after;
    return answer;
  }

  FakeLeaseServer& server_;
  mutable engine::Mutex mutex_;
  size_t calls_ TRIVET_GUARDED_BY(mutex_) = 0;
  size_t calls_to_fault_ TRIVET_GUARDED_BY(mutex_) = 0;  // 0: none is armed
  Fate fault_ TRIVET_GUARDED_BY(mutex_);
  absl::Status all_ TRIVET_GUARDED_BY(mutex_);
  std::function<void()> hook_ TRIVET_GUARDED_BY(mutex_);
  std::function<void()> reply_hook_ TRIVET_GUARDED_BY(mutex_);
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_FAKE_LEASE_KEEPER_H_
