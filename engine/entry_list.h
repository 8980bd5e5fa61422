// A doubly linked list of entries, for eviction policies.
#ifndef TRIVET_ENGINE_ENTRY_LIST_H_
#define TRIVET_ENGINE_ENTRY_LIST_H_

#include "engine/check.h"
#include "engine/entry.h"

namespace trivet::engine {

// Linked through Entry::policy_prev and policy_next; owns nothing. All operations are O(1).
class EntryList {
 public:
  Entry* first() const { return first_; }
  Entry* last() const { return last_; }

  void PushFront(Entry* entry) {
    entry->policy_prev = nullptr;
    entry->policy_next = first_;
    (first_ == nullptr ? last_ : first_->policy_prev) = entry;
    first_ = entry;
  }

  void Remove(Entry* entry) {
    (entry == first_ ? first_ : entry->policy_prev->policy_next) = entry->policy_next;
    (entry == last_ ? last_ : entry->policy_next->policy_prev) = entry->policy_prev;
    entry->policy_prev = entry->policy_next = nullptr;
  }

  void MoveToFront(Entry* entry) {
    if (entry == first_) return;
    Remove(entry);
    PushFront(entry);
  }

  // `fresh` takes the place of `old`.
  void Replace(Entry* old, Entry* fresh) {
    fresh->policy_prev = old->policy_prev;
    fresh->policy_next = old->policy_next;
    (old == first_ ? first_ : old->policy_prev->policy_next) = fresh;
    (old == last_ ? last_ : old->policy_next->policy_prev) = fresh;
    old->policy_prev = old->policy_next = nullptr;
  }

  // Aborts if a link does not lead back. For tests.
  void CheckInvariants() const {
    const Entry* previous = nullptr;
    for (const Entry* entry = first_; entry != nullptr; entry = entry->policy_next) {
      TRIVET_CHECK(entry->policy_prev == previous, "a list of entries is broken");
      previous = entry;
    }
    TRIVET_CHECK(last_ == previous, "a list of entries has another end");
  }

 private:
  Entry* first_ = nullptr;
  Entry* last_ = nullptr;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ENTRY_LIST_H_
