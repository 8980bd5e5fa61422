#include "engine/removals.h"

#include <span>
#include <utility>

#include "engine/namespace_state.h"

namespace trivet::engine {

void Removals::Add(Entry* entry, NamespaceState* space, RemovalCause cause) {
  AddMoved(entry);
  if (listener_ != nullptr && *listener_ != nullptr) {
    MakeRare().to_tell.push_back({entry, space, cause});
  }
}

void Removals::AddMoved(Entry* entry) {
  bytes_ += entry->charge();
  entries_.push_back(entry);
}

void Removals::AddGroups(NamespaceState* space, std::vector<std::unique_ptr<TagGroup>> groups) {
  for (std::unique_ptr<TagGroup>& group : groups) {
    bytes_ += sizeof(TagGroup) + group->members.bytes();
    Rare& rare = MakeRare();
    rare.groups.push_back(std::move(group));
    rare.spaces.push_back(space);
  }
}

void Removals::Tell(const Rare& rare) {
  // The listener may ask what is out.
  EntryLedger& ledger = reclaimer_->ledger();
  ledger.AddPinned(entries_.size(), bytes_);
  for (const auto& [entry, space, cause] : rare.to_tell) {
    const Value value = ledger.Pin(entry);
    (*listener_)({space->name(), entry->key(), value, cause});
  }
  ledger.RemovePinned(entries_.size(), bytes_);
}

void Removals::Finish() noexcept {
  const std::unique_ptr<Rare> rare = std::move(rare_);
  std::span<std::unique_ptr<TagGroup>> groups;
  if (rare != nullptr) [[unlikely]] {
    groups = rare->groups;
    for (size_t i = 0; i < groups.size(); ++i) {
      rare->spaces[i]->tags().Release({&groups[i]->tag, 1});
    }
    if (!rare->to_tell.empty()) Tell(*rare);
  }
  if (entries_.empty() && groups.empty()) return;
  reclaimer_->Retire(entries_, groups, bytes_);
  entries_.clear();
  bytes_ = 0;
}

}  // namespace trivet::engine
