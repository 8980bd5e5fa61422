// The seam between locks and the server that grants their leases.
#ifndef TRIVET_LEASE_KEEPER_H_
#define TRIVET_LEASE_KEEPER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivet {

// Who asks: random bytes of the system's, new for each attempt to get a lock. Whoever knows them
// can renew and release the lease, so they go to the keeper and nowhere else.
using LeaseOwner = std::array<char, 16>;

// What became of LeaseKeeper::Acquire.
struct LeaseAnswer {
  enum class State {
    kAcquired,
    kBusy,   // somebody else has it
    kGrace,  // somebody may have it: the server is another one than before, or knows nothing
  };
  State state = State::kBusy;
  // The fencing token, of kAcquired only: greater than that of every earlier lease of this name,
  // and less than 2^53.
  uint64_t token = 0;
  // Of kAcquired: the lease, as it was asked for. Else after how long it may be free, as the server
  // sees it: a hint, and never less than zero.
  absl::Duration remaining = absl::ZeroDuration();

  friend bool operator==(const LeaseAnswer&, const LeaseAnswer&) = default;
};

// Told of leases that end early.
//
// Called on a thread of the keeper's, one call at a time, which must not call the keeper.
class LeaseListener {
 public:
  virtual ~LeaseListener() = default;

  // `name` is valid during the call. Calls may be missing, or come for nothing.
  virtual void OnReleased(std::string_view name) = 0;
};

// While it lives the listener is told. Its destructor waits for the call that is running; none
// comes afterwards. It must not run on the thread that calls.
class LeaseWatch {
 public:
  virtual ~LeaseWatch() = default;
};

// A server that gives each name to one owner at a time, for the length of a *lease*. Leases end by
// the server's clock. Implementations: trivet/redis_lease_keeper.h, and an in-memory fake in the
// tests. All of them pass tests/contract/lease_keeper_contract.h. What a program sees of it are the
// locks of trivet/lock.h.
//
// A server that takes the place of another one, or has forgotten what it knew, may lack leases that
// were granted. It grants none for lease_max(): by then all of those are over (the *grace*). It
// goes on renewing and releasing those that it does know.
//
// REQUIRES, of all methods: names of 1 to 1024 bytes, any bytes; leases of 1 ms to lease_max(), in
// whole milliseconds or rounded down to them. Callers check.
//
// Errors. Nothing was done: kUnavailable, kResourceExhausted (no memory left there; renewing and
// releasing still work), kUnauthenticated, kPermissionDenied, kFailedPrecondition (the server is
// too old, or something else uses its keys). Nobody knows, the command may have been executed all
// the same, now or later: kDeadlineExceeded, kUnknown, kInternal.
//
// `deadline` is a value of Clock::Elapsed(); calls end by it.
//
// Thread-safety: all methods may be called from any thread at any time. Cost: a round trip.
class LeaseKeeper {
 public:
  virtual ~LeaseKeeper() = default;

  // The longest lease it grants; constant. All processes must agree.
  virtual absl::Duration lease_max() const = 0;

  // Grants the name to `owner` if it is free. Said again by the owner that has it, the lease begins
  // anew and the token is the same: so an attempt whose answer was lost may be repeated.
  virtual absl::StatusOr<LeaseAnswer> Acquire(std::string_view name, const LeaseOwner& owner,
                                              absl::Duration lease, absl::Duration deadline) = 0;

  // Begins the lease anew if `owner` has it. False: it has not (any more), nothing was done.
  virtual absl::StatusOr<bool> Renew(std::string_view name, const LeaseOwner& owner,
                                     absl::Duration lease, absl::Duration deadline) = 0;

  // Ends the lease, and tells listeners, if `owner` has it. False: it has not (any more), nothing
  // was done.
  virtual absl::StatusOr<bool> Release(std::string_view name, const LeaseOwner& owner,
                                       absl::Duration deadline) = 0;

  // Tells `listener`, which must outlive the watch, of releases by any process. Costs a connection
  // and a thread. Begins to listen at some time after it returns, and may lose messages.
  virtual absl::StatusOr<std::unique_ptr<LeaseWatch>> Watch(LeaseListener& listener) = 0;
};

}  // namespace trivet

#endif  // TRIVET_LEASE_KEEPER_H_
