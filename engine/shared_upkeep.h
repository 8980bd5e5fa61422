// What a cache does in the background so that its copies of shared values can be trusted.
#ifndef TRIVET_ENGINE_SHARED_UPKEEP_H_
#define TRIVET_ENGINE_SHARED_UPKEEP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/change_relay.h"
#include "engine/maintenance_thread.h"
#include "engine/memory_tier.h"
#include "engine/mutex.h"
#include "engine/namespace_state.h"
#include "engine/shared_space.h"
#include "trivet/backing.h"
#include "trivet/clock.h"
#include "trivet/options.h"
#include "trivet/shared_tier.h"

namespace trivet::engine {

// Owns the shared namespaces. Shakes hands, tells what could not be told, looks at the change log,
// and asks for proofs.
//
// Thread-safety: all methods, on any thread.
class SharedUpkeep {
 public:
  // `backing` may be null. All must outlive the upkeep.
  SharedUpkeep(SharedTier& tier, Backing* backing, const CoherenceOptions& options,
               const Clock& clock, MemoryTier& memory);
  SharedUpkeep(const SharedUpkeep&) = delete;
  SharedUpkeep& operator=(const SharedUpkeep&) = delete;
  ~SharedUpkeep();

  // Shares a namespace that nobody uses yet.
  absl::Status Attach(NamespaceState& state);

  // Has Step called by a thread of its own, until Stop, which also ends all listening, and makes a
  // last attempt to tell what could not be told.
  void Start();
  void Stop();

  // What is due now. Does not write to the store.
  void Step();

  // Takes rows out of the change log that all know of; may wait for other writers of the store.
  // False: it has failed, and is to be tried again later.
  bool TrimLog();

  // The writer told the tier of its rows in the change log.
  void ToldLogged(uint64_t first_ticket, size_t rows);

  // Changes that the tier could not be told yet, a part at a time.
  size_t untold() const;

 private:
  std::vector<SharedSpace*> Spaces() const;
  void ForgetAfterSuspend() TRIVET_REQUIRES(step_mu_);
  // Returns whether a proof is due although the last one is young.
  bool Mend();
  void Beat(absl::Duration asked, const Overdue& overdue);

  SharedTier& tier_;
  const CoherenceOptions options_;
  const Clock& clock_;
  MemoryTier& memory_;
  std::unique_ptr<ChangeRelay> relay_;  // null without a store

  Mutex step_mu_;
  absl::Duration next_beat_ TRIVET_GUARDED_BY(step_mu_);
  absl::Duration suspended_ TRIVET_GUARDED_BY(step_mu_);

  Mutex stop_mu_;
  mutable Mutex mu_;
  std::vector<std::unique_ptr<SharedSpace>> spaces_ TRIVET_GUARDED_BY(mu_);

  MaintenanceThread thread_;  // last: uses the others
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SHARED_UPKEEP_H_
