// What a shard leaves to be done when its lock is gone.
#ifndef TRIVET_ENGINE_REMOVALS_H_
#define TRIVET_ENGINE_REMOVALS_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "engine/entry.h"
#include "engine/reclaimer.h"
#include "engine/tag_groups.h"
#include "trivet/removal.h"

namespace trivet::engine {

class NamespaceState;

// Nobody's code and no free runs under a shard's lock. A caller declares Removals before it takes
// the lock, so that they finish after it is released: listeners are called, holds on tags are given
// back, and memory goes to the Reclaimer.
class Removals {
 public:
  // `listener` may be null or empty; both outlive this object.
  Removals(Reclaimer* reclaimer, const RemovalListener* listener)
      : reclaimer_(reclaimer), listener_(listener) {}
  Removals(const Removals&) = delete;
  Removals& operator=(const Removals&) = delete;
  ~Removals() {
    if (!entries_.empty() || rare_ != nullptr) Finish();
  }

  // Takes over the shard's reference on an entry that was just unlinked. Under the shard's lock.
  void Add(Entry* entry, NamespaceState* space, RemovalCause cause);

  // The same for an entry that another one has taken the place of: nobody is told.
  void AddMoved(Entry* entry);

  // Takes over emptied tag groups of `space`, with their holds on tags. Under the shard's lock.
  void AddGroups(NamespaceState* space, std::vector<std::unique_ptr<TagGroup>> groups);

  // Does what is left. Not under a lock. Ends the program where a listener throws.
  void Finish() noexcept;

 private:
  struct ToTell {
    Entry* entry;
    NamespaceState* space;
    RemovalCause cause;
  };
  // What most writes have none of.
  struct Rare {
    std::vector<ToTell> to_tell;  // those of the entries that the listener hears of
    std::vector<std::unique_ptr<TagGroup>> groups;
    std::vector<NamespaceState*> spaces;  // of each group
  };
  Rare& MakeRare() {
    if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
    return *rare_;
  }
  void Tell(const Rare& rare);

  Reclaimer* const reclaimer_;
  const RemovalListener* const listener_;
  size_t bytes_ = 0;
  absl::InlinedVector<Entry*, 4> entries_;
  std::unique_ptr<Rare> rare_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_REMOVALS_H_
