// What a shard leaves to be done when its lock is gone.
#ifndef TRIVET_ENGINE_REMOVALS_H_
#define TRIVET_ENGINE_REMOVALS_H_

#include <vector>

#include "absl/container/inlined_vector.h"
#include "engine/entry.h"
#include "engine/entry_ledger.h"
#include "engine/tag_table.h"
#include "trivet/removal.h"

namespace trivet::engine {

// Nobody's code and no free runs under a shard's lock. A caller declares Removals before it takes
// the lock, so that they finish after it is released: listeners are called, memory is freed, holds
// on tags are given back.
class Removals {
 public:
  // `listener` may be null or empty; both outlive this object.
  Removals(EntryLedger* ledger, const RemovalListener* listener)
      : ledger_(ledger), listener_(listener) {}
  Removals(const Removals&) = delete;
  Removals& operator=(const Removals&) = delete;
  ~Removals() { Finish(); }

  // Takes over the shard's reference on an entry that was just unlinked. Under the shard's lock.
  void Add(Entry* entry, RemovalCause cause);

  // Takes over holds on tags of `space`. Under the shard's lock.
  void AddTagHolds(NamespaceState* space, const std::vector<TagRecord*>& records);

  // Does what is left. Not under a lock.
  void Finish();

 private:
  struct Removed {
    Entry* entry;
    RemovalCause cause;
  };
  struct TagHold {
    NamespaceState* space;
    TagRecord* record;
  };

  EntryLedger* const ledger_;
  const RemovalListener* const listener_;
  absl::InlinedVector<Removed, 4> entries_;
  absl::InlinedVector<TagHold, 2> tag_holds_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_REMOVALS_H_
