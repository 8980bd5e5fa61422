#include "engine/untold_changes.h"

#include <algorithm>

namespace trivet::engine {

using Kind = SharedRecord::Kind;

bool UntoldChanges::Add(std::span<const SharedRecord> changes) {
  MutexLock lock(mu_);
  const bool was_empty = changes_.empty();
  ++added_;
  for (const SharedRecord& change : changes) {
    Name name(change.kind, change.name);
    // Patterns, too: a walk over all keys there would hold up who tells later.
    const bool is_all = change.kind == Kind::kClear || change.kind == Kind::kPattern;
    if (is_all || (changes_.size() >= kUntoldMax && !changes_.contains(name))) {
      // Whatever else there is, is in it.
      changes_.clear();
      name = {Kind::kClear, ""};
    } else if (changes_.contains({Kind::kClear, ""})) {
      name = {Kind::kClear, ""};
    }
    const auto [at, is_new] = changes_.try_emplace(std::move(name));
    Change& known = at->second;
    // A version that nobody knows is newer than any.
    const bool is_known = change.version != 0 && (is_new || known.version != 0);
    known = {.version = is_known ? std::max(known.version, change.version) : 0, .added = added_};
  }
  size_.store(changes_.size(), std::memory_order_release);
  return was_empty;
}

UntoldChanges::Batch UntoldChanges::All() const {
  MutexLock lock(mu_);
  Batch batch{.changes = {}, .newest = added_};
  batch.changes.reserve(changes_.size());
  for (const auto& [name, change] : changes_) {
    batch.changes.push_back(
        {.kind = name.first, .version = change.version, .token = 0, .name = name.second});
  }
  return batch;
}

void UntoldChanges::Remove(const Batch& batch) {
  MutexLock lock(mu_);
  std::erase_if(changes_, [&](const auto& item) { return item.second.added <= batch.newest; });
  size_.store(changes_.size(), std::memory_order_release);
}

}  // namespace trivet::engine
