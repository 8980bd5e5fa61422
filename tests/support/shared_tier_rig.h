// What tests do to a shared tier from outside, whichever it is.
#ifndef TRIVET_TESTS_SUPPORT_SHARED_TIER_RIG_H_
#define TRIVET_TESTS_SUPPORT_SHARED_TIER_RIG_H_

#include <functional>
#include <memory>
#include <string_view>

#include "absl/time/time.h"
#include "trivet/shared_tier.h"

namespace trivet::testing {

// A server and the ways to it. Faults happen while nobody else asks.
class SharedTierRig {
 public:
  virtual ~SharedTierRig() = default;

  // One more process. Ends before the rig.
  virtual std::unique_ptr<SharedTier> Connect() = 0;
  // For calls that are to succeed.
  virtual absl::Duration Deadline() = 0;

  // The server forgets everything; one key.
  virtual void Flush() = 0;
  virtual void Evict(const SharedPart& part, std::string_view key) = 0;
  // Another server takes the place of this one, with what the last snapshot holds.
  virtual void TakeSnapshot() = 0;
  virtual void FailOver() = 0;
  // No memory is left, until there is some again.
  virtual void SetFull(bool full) = 0;
  // So much time passes for all that expires.
  virtual void Age(absl::Duration by) = 0;
};

// Makes a rig with an empty server; lives as in the defaults of RedisTierOptions.
struct SharedTierRigMaker {
  std::function<std::unique_ptr<SharedTierRig>(uint32_t parts)> make;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_SHARED_TIER_RIG_H_
