#include "engine/removals.h"

#include <utility>

#include "engine/namespace_state.h"

namespace trivet::engine {

void Removals::Add(Entry* entry, NamespaceState* space, RemovalCause cause) {
  reclaimer_->ledger().Retire(entry);
  reclaimer_->ledger().AddWaiting(entry->charge());
  bytes_ += entry->charge();
  entries_.push_back(entry);
  causes_.push_back(cause);
  entry_spaces_.push_back(space);
}

void Removals::AddMoved(Entry* entry) {
  reclaimer_->ledger().Retire(entry);
  reclaimer_->ledger().AddWaiting(entry->charge());
  bytes_ += entry->charge();
  entries_.push_back(entry);
  causes_.push_back(std::nullopt);
  entry_spaces_.push_back(nullptr);
}

void Removals::AddGroups(NamespaceState* space, std::vector<std::unique_ptr<TagGroup>> groups) {
  for (std::unique_ptr<TagGroup>& group : groups) {
    bytes_ += sizeof(TagGroup) + group->members.capacity() * sizeof(uint32_t);
    groups_.push_back(std::move(group));
    spaces_.push_back(space);
  }
}

void Removals::Finish() {
  for (size_t i = 0; i < groups_.size(); ++i) spaces_[i]->tags().Release({&groups_[i]->tag, 1});
  if (listener_ != nullptr && *listener_ != nullptr) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!causes_[i].has_value()) continue;
      const Value value = reclaimer_->ledger().Pin(entries_[i]);
      (*listener_)({entry_spaces_[i]->name(), entries_[i]->key(), value, *causes_[i]});
    }
  }
  if (entries_.empty() && groups_.empty()) return;
  reclaimer_->Retire(entries_, groups_, bytes_);
  entries_.clear();
  causes_.clear();
  entry_spaces_.clear();
  groups_.clear();
  spaces_.clear();
  bytes_ = 0;
}

}  // namespace trivet::engine
