#include "tests/sim/model_store.h"

#include <algorithm>
#include <utility>

namespace trivet::sim {

TagSet Store::TagsOf(uint32_t key, Version version) const {
  const uint64_t mixed = (settings_.tag_salt + key * 64 + version) * 0x9E3779B97F4A7C15ULL;
  return static_cast<TagSet>(mixed >> 61) & ((1U << kTagCount) - 1);
}

ChangeId Store::Commit(Change change, KeySet changed, Tick now) {
  for (uint32_t key = 0; key < settings_.keys; ++key) {
    if (Has(changed, key) && current_[key] < kMaxVersion) ++current_[key];
  }
  change.committed = now;
  change.version = change.knows_version ? current_[change.key] : 0;
  for (uint32_t key = 0; key < settings_.keys; ++key) {
    for (Version version = 1; version < current_[key]; ++version) {
      const bool ends = change.kind == ChangeKind::kKey       ? key == change.key
                        : change.kind == ChangeKind::kPattern ? Has(change.keys, key)
                        : change.kind == ChangeKind::kTag ? Has(TagsOf(key, version), change.tag)
                                                          : true;
      if (ends) change.ends[key] |= VersionSet{1} << version;
    }
  }
  change.untold = change.kind == ChangeKind::kKey ? 1U << settings_.PartOf(change.key)
                                                  : (1U << settings_.parts) - 1;
  changes_.push_back(change);
  const ChangeId id = changes_.size() - 1;
  if (change.logged && settings_.Keep(Rule::kChangeLog)) log_.push_back(id);
  return id;
}

bool Store::Told(ChangeId id, uint32_t part) {
  Change& change = changes_[id];
  const PartSet before = std::exchange(change.untold, change.untold & ~(1U << part));
  if (before == 0 || change.untold != 0) return false;
  std::erase(log_, id);
  return true;
}

bool Store::HasOverdue(uint32_t part, Tick now) const {
  return std::any_of(log_.begin(), log_.end(), [&](ChangeId id) {
    const Change& row = changes_[id];
    return Has(row.untold, part) && now - row.committed >= settings_.relay_after;
  });
}

}  // namespace trivet::sim
