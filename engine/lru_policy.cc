#include "engine/lru_policy.h"

#include "engine/check.h"

namespace trivet::engine {

void LruPolicy::Insert(Entry* entry) { entries_.PushFront(entry); }

void LruPolicy::Remove(Entry* entry) { entries_.Remove(entry); }

void LruPolicy::Hit(Entry* entry) { entries_.MoveToFront(entry); }

void LruPolicy::Replace(Entry* old, Entry* fresh) {
  entries_.Remove(old);
  entries_.PushFront(fresh);
}

void LruPolicy::CheckInvariants(size_t entries) const {
  entries_.CheckInvariants();
  size_t seen = 0;
  for (const Entry* entry = entries_.first(); entry != nullptr; entry = entry->policy_next) ++seen;
  TRIVET_CHECK(seen == entries, "the LRU list miscounts");
}

}  // namespace trivet::engine
