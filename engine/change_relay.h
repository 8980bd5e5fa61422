// Tells the shared tier what the change log says that nobody has told yet.
#ifndef TRIVET_ENGINE_CHANGE_RELAY_H_
#define TRIVET_ENGINE_CHANGE_RELAY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/backing.h"
#include "trivet/clock.h"
#include "trivet/options.h"
#include "trivet/shared_tier.h"

namespace trivet::engine {

// A writer tells the tier itself and takes its rows away. The rows that stay are those of writers
// that died, or could not: after a while any process tells them.
//
// How old a row is, is measured here and by one clock, from the last look that did not see it: the
// clocks of processes may differ.
//
// Thread-safety: Told on any thread; LookAround on one at a time.
class ChangeRelay {
 public:
  // All must outlive the relay.
  ChangeRelay(Backing& backing, SharedTier& tier, const CoherenceOptions& options,
              const Clock& clock);

  // The tier knows of the rows with the tickets `first`, `first` + 1, ...: they may go.
  void Told(uint64_t first, size_t rows);

  // Takes told rows away, and tells those that have waited for long. True: the log was read, and no
  // row in it is older than CoherenceOptions::relay_max.
  bool LookAround();

 private:
  // Those that cannot be taken away now stay told.
  void TakeAwayTold();
  bool IsTold(uint64_t ticket) const { return still_there_.contains(ticket); }
  // Rows of one namespace that nobody else tells, and that are not told yet.
  struct Due {
    std::vector<SharedRecord> changes = {};
    std::vector<uint64_t> tickets = {};
  };
  // Tells every part that the changes concern.
  absl::Status Tell(std::string_view namespace_name, std::span<const SharedRecord> changes);

  Backing& backing_;
  SharedTier& tier_;
  const CoherenceOptions options_;
  const Clock& clock_;
  // Different in each process, so that not all tell the same rows.
  const absl::Duration patience_;

  Mutex told_mu_;
  std::vector<uint64_t> told_ TRIVET_GUARDED_BY(told_mu_);

  // Of LookAround: told rows that could not be taken away.
  absl::flat_hash_set<uint64_t> still_there_;
  // No row was committed before its time here.
  absl::flat_hash_map<uint64_t, absl::Duration> since_;
  absl::Duration unseen_since_ = -absl::InfiniteDuration();  // of rows that were not seen before
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_CHANGE_RELAY_H_
