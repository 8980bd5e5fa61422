// The SQL store: the truth of every key, and the change log beside it.
//
// A truth is a version number that grows, and the tags that version carries. A commit also says
// what it ends: the (key, version) pairs that no cache may show any more once the change has been
// applied.
#ifndef TRIVET_TESTS_SIM_MODEL_STORE_H_
#define TRIVET_TESTS_SIM_MODEL_STORE_H_

#include <array>
#include <cstddef>
#include <vector>

#include "tests/sim/model_types.h"

namespace trivet::sim {

enum class ChangeKind : uint8_t { kKey, kTag, kClear, kPattern };

// What was committed and has to be told to Redis and to the processes.
struct Change {
  ChangeKind kind = ChangeKind::kKey;
  uint32_t key = 0;
  uint32_t tag = 0;
  KeySet keys = 0;             // of a pattern: all that match
  bool knows_version = false;  // of the key: the writer was told by the store
  bool logged = false;         // a row of the change log, in the same transaction

  // Filled by the store.
  Version version = 0;  // the new one, if it is known
  Tick committed = 0;
  PartSet untold = 0;  // parts of Redis that do not know yet
  std::array<VersionSet, kMaxKeys> ends = {};
};
using ChangeId = size_t;

class Store {
 public:
  explicit Store(const Settings& settings) : settings_(settings) { current_.fill(1); }

  Version Current(uint32_t key) const { return current_[key]; }
  TagSet TagsOf(uint32_t key, Version version) const;

  // One transaction: gives every key of `changed` a new version, and notes what has to be told.
  ChangeId Commit(Change change, KeySet changed, Tick now);
  const Change& change(ChangeId id) const { return changes_[id]; }

  // The part knows. True if it was the last one; the row of the log goes with it.
  bool Told(ChangeId id, uint32_t part);

  // Rows of the change log that some part does not know yet.
  const std::vector<ChangeId>& log() const { return log_; }
  // Whether a row that concerns this part has waited for longer than its writer may take.
  bool HasOverdue(uint32_t part, Tick now) const;

 private:
  const Settings& settings_;
  std::array<Version, kMaxKeys> current_ = {};
  std::vector<Change> changes_;
  std::vector<ChangeId> log_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_STORE_H_
