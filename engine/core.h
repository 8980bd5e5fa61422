// What a cache is made of.
#ifndef TRIVET_ENGINE_CORE_H_
#define TRIVET_ENGINE_CORE_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/distributed_locks.h"
#include "engine/local_locks.h"
#include "engine/maintenance_thread.h"
#include "engine/memory_tier.h"
#include "engine/namespace_state.h"
#include "engine/shared_upkeep.h"
#include "trivet/backing.h"
#include "trivet/clock.h"
#include "trivet/options.h"

namespace trivet::engine {

// The parts, shared by the Cache and its views. Cache owns it and decides when it ends.
class Core {
 public:
  // REQUIRES: `options` are valid.
  explicit Core(CacheOptions options);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  const CacheOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }
  NamespaceTable& spaces() { return spaces_; }
  MemoryTier& memory() { return memory_; }

  // The store, if there is one and the namespace uses it; otherwise null.
  Backing* StoreOf(const NamespaceState* space) const {
    return space->options().use_backing ? options_.backing.get() : nullptr;
  }

  // What says what other processes do; null where there is no shared tier.
  SharedUpkeep* sharing() { return sharing_.get(); }

  LocalLocks& local_locks() { return local_locks_; }
  // Null where there is no keeper of leases.
  DistributedLocks* locks() { return locks_.get(); }

  // The end of a wait that begins now.
  absl::Duration JoinDeadline() const { return clock_.Elapsed() + options_.join_timeout; }

  // FailedPrecondition once Close was called.
  absl::Status CheckOpen() const;
  bool IsOpen() const { return !closed_.load(std::memory_order_acquire); }

  // As Cache::Maintain and Cache::Close.
  bool Maintain(size_t budget);
  absl::Status Close();

 private:
  // Frees at most `rows_max` rows of the store that nobody sees any more. True: there may be more.
  bool SweepStore(size_t rows_max);
  // One round of the background thread.
  bool MaintainInBackground();
  // What writes to the store, and so may wait for other writers.
  void MaintainStore(absl::Duration now);

  const CacheOptions options_;
  const Clock& clock_;
  NamespaceTable spaces_;
  MemoryTier memory_;
  std::atomic<bool> closed_{false};
  LocalLocks local_locks_;
  std::unique_ptr<DistributedLocks> locks_;
  std::unique_ptr<SharedUpkeep> sharing_;  // uses those above
  // Of the background thread alone.
  absl::Duration next_sweep_ = absl::ZeroDuration();
  absl::Duration next_trim_ = absl::ZeroDuration();
  MaintenanceThread maintenance_;  // last: it uses the rest
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_CORE_H_
