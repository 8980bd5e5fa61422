// The least recently used entry goes first, in exact order.
#ifndef TRIVET_ENGINE_LRU_POLICY_H_
#define TRIVET_ENGINE_LRU_POLICY_H_

#include "engine/entry_list.h"
#include "engine/policy.h"

namespace trivet::engine {

// A doubly linked list from the most recently used to the least; every use moves an entry to the
// front. All operations are O(1).
class LruPolicy final : public Policy {
 public:
  void Insert(Entry* entry) override;
  bool wants_hits() const override { return true; }
  void Hit(Entry* entry) override;
  void Replace(Entry* old, Entry* fresh) override;
  void Move(Entry* old, Entry* fresh) override { entries_.Replace(old, fresh); }
  void Remove(Entry* entry) override;
  Entry* Victim() override { return entries_.last(); }
  void CheckInvariants(size_t entries) const override;

 private:
  EntryList entries_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_LRU_POLICY_H_
