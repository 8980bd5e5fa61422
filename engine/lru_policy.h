// The least recently used entry goes first, in exact order.
#ifndef TRIVET_ENGINE_LRU_POLICY_H_
#define TRIVET_ENGINE_LRU_POLICY_H_

#include "engine/entry_queues.h"
#include "engine/policy.h"

namespace trivet::engine {

// One queue, from the least recently used to the most; every use moves an entry to the end. All
// operations are O(1), amortised.
class LruPolicy final : public Policy {
 public:
  explicit LruPolicy(Arena& arena) : entries_(arena) {}

  void Insert(Entry* entry, uint64_t hash) override;
  bool wants_hits() const override { return true; }
  void Hit(Entry* entry) override;
  void Replace(Entry* old, Entry* fresh) override;
  void Move(Entry* old, Entry* fresh) override { entries_.Replace(old, fresh); }
  void Remove(Entry* entry) override;
  Entry* Victim() override { return entries_.Oldest(0); }
  size_t bytes() const override { return entries_.bytes(); }
  void MoveTables(TableMover* mover) override { entries_.MoveTables(mover); }
  void CheckInvariants(size_t entries) const override;

 private:
  EntryQueues entries_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_LRU_POLICY_H_
