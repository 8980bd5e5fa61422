// Which entry of a shard goes when room is needed.
#ifndef TRIVET_ENGINE_POLICY_H_
#define TRIVET_ENGINE_POLICY_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/entry.h"
#include "engine/table_mover.h"

namespace trivet::engine {

// What a shard may hold, as its policy weighs entries: by Entry::charge(), or each as 1.
struct PolicyCapacity {
  size_t weight = 0;
  bool in_bytes = false;
};

// One policy object per shard, told of every change under the lock of the shard. It may use
// `queue_slot` and `uses` of the entries it was told of, and owns none.
class Policy {
 public:
  virtual ~Policy() = default;

  // Called first, and when the budget changes.
  virtual void SetCapacity(PolicyCapacity) {}

  // The entry is new in the shard; `hash` is that of its key.
  virtual void Insert(Entry* entry, uint64_t hash) = 0;
  // Whether Hit wants to be told of reads, under the lock. Others need no lock for a read: they
  // look at Entry::uses, which counts them.
  virtual bool wants_hits() const { return false; }
  // The entry was read.
  virtual void Hit(Entry*) {}
  // `fresh` holds the key now, in place of `old`. Counts as a use.
  virtual void Replace(Entry* old, Entry* fresh) = 0;
  // `fresh` takes exactly the place of `old`: the entry was moved in memory.
  virtual void Move(Entry* old, Entry* fresh) = 0;
  // The entry leaves, for a reason that is not the policy's.
  virtual void Remove(Entry* entry) = 0;
  // The entry is evicted: mostly because Victim named it. `hash` is that of its key.
  virtual void Evict(Entry* victim, uint64_t /*hash*/) { Remove(victim); }

  // The entry that should go next; null if there is none. The shard evicts it, or not.
  virtual Entry* Victim() = 0;

  // What the policy takes beside the entries.
  virtual size_t bytes() const { return 0; }
  // Shows the mover the tables of the policy.
  virtual void MoveTables(TableMover*) {}

  // Aborts if the structure is broken or does not hold `entries` entries. For tests.
  virtual void CheckInvariants(size_t entries) const = 0;
};

// Whether there is a policy of that name: "lru" and "s3fifo" there are.
bool IsPolicy(std::string_view name);

// REQUIRES: IsPolicy(name).
// `arena` outlives it.
std::unique_ptr<Policy> MakePolicy(std::string_view name, Arena& arena);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_POLICY_H_
