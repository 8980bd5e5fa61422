// What tests do to a lease keeper from outside, whichever it is.
#ifndef TRIVET_TESTS_SUPPORT_LEASE_KEEPER_RIG_H_
#define TRIVET_TESTS_SUPPORT_LEASE_KEEPER_RIG_H_

#include <functional>
#include <memory>
#include <string_view>

#include "absl/time/time.h"
#include "trivet/lease_keeper.h"

namespace trivet::testing {

// A server and the ways to it. Faults happen while nobody else asks.
class LeaseKeeperRig {
 public:
  virtual ~LeaseKeeperRig() = default;

  // One more process. Ends before the rig.
  virtual std::unique_ptr<LeaseKeeper> Connect() = 0;
  // For calls that are to succeed.
  virtual absl::Duration Deadline() = 0;

  // The server forgets everything.
  virtual void Flush() = 0;
  // Another server takes the place of this one, with what the last snapshot holds.
  virtual void TakeSnapshot() = 0;
  virtual void FailOver() = 0;
  // No memory is left, until there is some again.
  virtual void SetFull(bool full) = 0;
  // So much time passes for all that expires, grace included.
  virtual void Age(absl::Duration by) = 0;
};

// Makes a rig with a server that knows nothing.
struct LeaseKeeperRigMaker {
  std::function<std::unique_ptr<LeaseKeeperRig>()> make;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_LEASE_KEEPER_RIG_H_
