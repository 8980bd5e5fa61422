#include "engine/lru_policy.h"

#include "engine/check.h"

namespace trivet::engine {

void LruPolicy::Insert(Entry* entry, uint64_t) { entries_.Push(0, entry); }

void LruPolicy::Remove(Entry* entry) { entries_.Remove(entry); }

void LruPolicy::Hit(Entry* entry) {
  entries_.Remove(entry);
  entries_.Push(0, entry);
}

void LruPolicy::Replace(Entry* old, Entry* fresh) {
  entries_.Remove(old);
  entries_.Push(0, fresh);
}

void LruPolicy::CheckInvariants(size_t entries) const {
  entries_.CheckInvariants();
  TRIVET_CHECK(entries_.size(0) == entries, "the LRU queue miscounts");
}

}  // namespace trivet::engine
