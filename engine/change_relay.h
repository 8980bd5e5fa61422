// Tells the shared tier what the change log says that nobody has told yet.
#ifndef TRIVET_ENGINE_CHANGE_RELAY_H_
#define TRIVET_ENGINE_CHANGE_RELAY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "engine/untold_changes.h"
#include "trivet/backing.h"
#include "trivet/clock.h"
#include "trivet/options.h"
#include "trivet/shared_tier.h"

namespace trivet::engine {

// The namespaces of which the log has rows that are older than CoherenceOptions::relay_max and are
// not told.
class Overdue {
 public:
  bool Contains(std::string_view namespace_name) const {
    return may_be_any_ || names_.contains(namespace_name);
  }

  void Add(std::string_view namespace_name) { names_.emplace(namespace_name); }
  void Remove(std::string_view namespace_name) {
    if (const auto it = names_.find(namespace_name); it != names_.end()) names_.erase(it);
  }
  // Where nobody knows.
  void AddAll() { may_be_any_ = true; }

 private:
  std::set<std::string, std::less<>> names_;
  bool may_be_any_ = false;
};

// A writer tells the tier itself and takes its rows away. The rows that stay are those of writers
// that died, or could not: after a while any process tells them.
//
// How old a row is, is measured here and by one clock, from the last look that did not see it: the
// clocks of processes may differ.
//
// Rows are taken away apart from the looks at the log, which proofs wait for: whoever holds the
// write lock of the store must not hold those up.
//
// Thread-safety: Told and TakeAwayTold on any thread; LookAround on one at a time.
class ChangeRelay {
 public:
  // All must outlive the relay.
  ChangeRelay(Backing& backing, SharedTier& tier, const CoherenceOptions& options,
              const Clock& clock);

  // The tier knows of the rows with the tickets `first`, `first` + 1, ...: they may go.
  void Told(uint64_t first, size_t rows);

  // Tells rows that have waited for long; what is overdue after that. Writes nothing to the store.
  Overdue LookAround();

  // Takes told rows out of the log, which may wait for other writers of the store. False: those
  // that are left stay told, and are to be tried again later.
  bool TakeAwayTold();

 private:
  void NoteTold(uint64_t ticket) TRIVET_REQUIRES(told_mu_);
  // A new look begins; returns its number.
  uint64_t BeginLook();
  bool IsTold(uint64_t ticket) const;
  // The log was seen as a whole: what was told before that look, and is not in it, is gone.
  void ForgetGone(const absl::flat_hash_map<uint64_t, absl::Duration>& there, uint64_t look);
  // Rows of one namespace that nobody else tells, and that are not told yet.
  struct Due {
    UntoldChanges changes;
    std::vector<uint64_t> tickets = {};
  };
  // What came of a look at the oldest rows.
  struct Look {
    Overdue overdue;
    bool goes_on = false;  // the log does, with rows that may have to be told, and can be
  };
  Look LookAtOldest(size_t rows_max, uint64_t look);
  // Tells every part that the changes concern.
  absl::Status Tell(std::string_view namespace_name, std::span<const SharedRecord> changes);

  Backing& backing_;
  SharedTier& tier_;
  const CoherenceOptions options_;
  const Clock& clock_;
  // Different in each process, so that not all tell the same rows.
  const absl::Duration patience_;

  mutable Mutex told_mu_;
  uint64_t looks_ TRIVET_GUARDED_BY(told_mu_) = 0;
  // Tickets of told rows that may be in the log, with the number of the last look before.
  absl::flat_hash_map<uint64_t, uint64_t> told_ TRIVET_GUARDED_BY(told_mu_);
  std::vector<uint64_t> to_take_away_ TRIVET_GUARDED_BY(told_mu_);

  // Of LookAround. No row was committed before its time here.
  absl::flat_hash_map<uint64_t, absl::Duration> since_;
  absl::Duration unseen_since_ = -absl::InfiniteDuration();  // of rows that were not seen before
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_CHANGE_RELAY_H_
