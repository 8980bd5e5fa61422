#include "engine/removals.h"

#include <utility>

#include "engine/namespace_state.h"

namespace trivet::engine {

void Removals::Add(Entry* entry, NamespaceState* space, RemovalCause cause) {
  AddMoved(entry);
  if (listener_ != nullptr && *listener_ != nullptr) to_tell_.push_back({entry, space, cause});
}

void Removals::AddMoved(Entry* entry) {
  bytes_ += entry->charge();
  entries_.push_back(entry);
}

void Removals::AddGroups(NamespaceState* space, std::vector<std::unique_ptr<TagGroup>> groups) {
  for (std::unique_ptr<TagGroup>& group : groups) {
    bytes_ += sizeof(TagGroup) + group->members.bytes();
    groups_.push_back(std::move(group));
    spaces_.push_back(space);
  }
}

void Removals::Tell() {
  // The listener may ask what is out.
  EntryLedger& ledger = reclaimer_->ledger();
  ledger.AddPinned(entries_.size(), bytes_);
  for (const auto& [entry, space, cause] : to_tell_) {
    const Value value = ledger.Pin(entry);
    (*listener_)({space->name(), entry->key(), value, cause});
  }
  ledger.RemovePinned(entries_.size(), bytes_);
}

void Removals::Finish() {
  for (size_t i = 0; i < groups_.size(); ++i) spaces_[i]->tags().Release({&groups_[i]->tag, 1});
  if (!to_tell_.empty()) Tell();
  if (entries_.empty() && groups_.empty()) return;
  reclaimer_->Retire(entries_, groups_, bytes_);
  entries_.clear();
  to_tell_.clear();
  groups_.clear();
  spaces_.clear();
  bytes_ = 0;
}

}  // namespace trivet::engine
