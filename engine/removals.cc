#include "engine/removals.h"

#include "engine/namespace_state.h"

namespace trivet::engine {

void Removals::Add(Entry* entry, RemovalCause cause) {
  // Only while handles hold it does an entry outlive this object: then its bytes must stay counted.
  if (EntryLedger::IsPinned(entry)) ledger_->Retire(entry);
  entries_.push_back({entry, cause});
}

void Removals::AddTagHolds(NamespaceState* space, const std::vector<TagRecord*>& records) {
  for (TagRecord* record : records) tag_holds_.push_back({space, record});
}

void Removals::Finish() {
  for (const TagHold& hold : tag_holds_) hold.space->tags().Release({&hold.record, 1});
  tag_holds_.clear();
  const bool tell = listener_ != nullptr && *listener_ != nullptr;
  for (const Removed& removed : entries_) {
    if (!tell) {
      ledger_->Release(removed.entry);
      continue;
    }
    const Value value = ledger_->Adopt(removed.entry);
    (*listener_)({removed.entry->space()->name(), removed.entry->key(), value, removed.cause});
  }
  entries_.clear();
}

}  // namespace trivet::engine
