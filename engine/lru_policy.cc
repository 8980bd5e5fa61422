#include "engine/lru_policy.h"

#include "engine/check.h"

namespace trivet::engine {

void LruPolicy::Insert(Entry* entry) {
  entry->policy_prev = nullptr;
  entry->policy_next = first_;
  (first_ == nullptr ? last_ : first_->policy_prev) = entry;
  first_ = entry;
}

void LruPolicy::Remove(Entry* entry) {
  (entry == first_ ? first_ : entry->policy_prev->policy_next) = entry->policy_next;
  (entry == last_ ? last_ : entry->policy_next->policy_prev) = entry->policy_prev;
  entry->policy_prev = entry->policy_next = nullptr;
}

void LruPolicy::Hit(Entry* entry) {
  if (entry == first_) return;
  Remove(entry);
  Insert(entry);
}

void LruPolicy::Replace(Entry* old, Entry* fresh) {
  Remove(old);
  Insert(fresh);
}

void LruPolicy::CheckInvariants(size_t entries) const {
  size_t seen = 0;
  const Entry* previous = nullptr;
  for (const Entry* entry = first_; entry != nullptr; entry = entry->policy_next) {
    TRIVET_CHECK(entry->policy_prev == previous, "the LRU list is broken");
    previous = entry;
    ++seen;
  }
  TRIVET_CHECK(last_ == previous, "the LRU list has another end");
  TRIVET_CHECK(seen == entries, "the LRU list miscounts");
}

}  // namespace trivet::engine
