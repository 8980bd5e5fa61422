#include "engine/local_locks.h"

#include <unistd.h>

#include "absl/hash/hash.h"
#include "engine/check.h"

namespace trivet::engine {

LocalLocks::LocalLocks(const Clock& clock) : clock_(clock), process_(getpid()) {}

bool LocalLocks::IsOwnProcess() const { return getpid() == process_; }

LocalLocks::Stripe& LocalLocks::StripeOf(const std::string& name) {
  return stripes_[absl::HashOf(name) % kStripes];
}

bool LocalLocks::Acquire(std::string_view name, absl::Duration deadline) {
  const std::string owned(name);
  Stripe& stripe = StripeOf(owned);
  users_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(stripe.mutex);
  std::unique_ptr<Slot>& place = stripe.slots[owned];
  if (place == nullptr) place = std::make_unique<Slot>();
  Slot& slot = *place;  // stays where it is, whatever becomes of the table
  ++slot.waiting;
  // Whoever is woken takes it, late or not: the signal would be lost otherwise.
  while (slot.held && clock_.Elapsed() < deadline) {
    slot.released.WaitFor(stripe.mutex, clock_.WaitSlice(deadline));
  }
  --slot.waiting;
  if (slot.held) {
    users_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  slot.held = true;
  return true;
}

void LocalLocks::Release(std::string_view name) {
  const std::string owned(name);
  Stripe& stripe = StripeOf(owned);
  MutexLock lock(stripe.mutex);
  const auto found = stripe.slots.find(owned);
  TRIVET_CHECK(found != stripe.slots.end() && found->second->held, "released once");
  found->second->held = false;
  found->second->released.Signal();
  if (found->second->waiting == 0) stripe.slots.erase(found);
  users_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace trivet::engine
