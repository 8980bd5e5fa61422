// What is compared between operations: figures, rows, scans, internals.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/cache_internals.h"
#include "tests/support/twin_cache.h"

namespace trivet::testing {

void TwinCache::CheckAll(size_t items_max) {
  CheckStats();
  CheckRows();
  for (int space = 0; space < kSpaces; ++space) CheckScan(space, items_max);
  CheckInvariants(*cache_);
}

void TwinCache::CheckStats() {
  uint64_t entries = 0;
  for (int space = 0; space < kSpaces; ++space) {
    const Stats actual = SpaceOf(space).stats();
    const Stats& expected = CountersOf(space);
    Same(actual.hits, expected.hits, "Stats.hits");
    Same(actual.misses, expected.misses, "Stats.misses");
    Same(actual.sets, expected.sets, "Stats.sets");
    Same(actual.removed_explicit, expected.removed_explicit, "Stats.removed_explicit");
    Same(actual.replaced, expected.replaced, "Stats.replaced");
    Same(actual.expired, expected.expired, "Stats.expired");
    Same(actual.evicted, expected.evicted, "Stats.evicted");
    Same(actual.invalidated, expected.invalidated, "Stats.invalidated");
    Same(actual.oversize, expected.oversize, "Stats.oversize");
    Same(actual.loads, expected.loads, "Stats.loads");
    Same(actual.load_failures, expected.load_failures, "Stats.load_failures");
    Same(actual.load_joins, expected.load_joins, "Stats.load_joins");
    Same(actual.loads_fenced, expected.loads_fenced, "Stats.loads_fenced");
    Same(actual.store_reads, expected.store_reads, "Stats.store_reads");
    Same(actual.store_hits, expected.store_hits, "Stats.store_hits");
    Same(actual.store_writes, expected.store_writes, "Stats.store_writes");
    Same(actual.store_errors, expected.store_errors, "Stats.store_errors");
    Same(actual.entries, memory_.SizeOf(space), "Stats.entries");
    Same(actual.bytes > 0, actual.entries > 0, "Stats.bytes while there are entries");
    entries += actual.entries;
  }
  const Stats total = cache_->stats();
  Same(total.entries, entries, "Stats.entries of all");
  Same(total.memory_bytes, total.bytes + total.index_bytes + total.pinned_bytes,
       "Stats.memory_bytes");
  if (pins_.empty()) Same(total.pinned_bytes, uint64_t{0}, "Stats.pinned_bytes without pins");
}

// The model's rows are those of the store; and what memory holds of the store is what it holds now.
void TwinCache::CheckRows() {
  if (!options_.store) return;
  for (int space = 0; space < 2; ++space) {
    for (int key = 0; key < options_.keys; ++key) {
      const Name name{space, key};
      const auto stored = *rows_behind_->Read(SpaceOf(space).name(), KeyOf(name));
      const Row* row = FindRow(name);
      Same(stored.has_value(), row != nullptr, "a row");
      const ModelEntry* entry = memory_.FindLive(name);
      const bool is_copy = entry != nullptr && !entry->from_loader;
      Check(!is_copy || row != nullptr, "memory holds what the store does not");
      if (!stored.has_value() || row == nullptr) continue;
      Same(stored->value, row->value, "the value of a row");
      Same(stored->version, row->version, "the version of a row");
      Same(stored->expires_at, row->expires_at, "the expiry of a row");
      Same(TagBits(stored->tags), row->tags, "the tags of a row");
      if (!is_copy) continue;
      Same(entry->bytes, row->value, "memory's copy of a row");
      Same(entry->version, row->version, "the version of memory's copy of a row");
    }
  }
}

void TwinCache::CheckScan(int space, size_t items_max) {
  std::map<Name, std::string> seen;
  ScanCursor cursor;
  while (!cursor.done) cursor = ScanSome(space, cursor, items_max, &seen);
  size_t live = 0;
  memory_.ForEach([&](Name name, const ModelEntry& entry) {
    if (name.space == space && memory_.IsLive(entry)) ++live;
  });
  Same(seen.size(), live, "how many entries Scan gave");
  size_t visited = 0;
  const absl::Status status = SpaceOf(space).ForEach([&](std::string_view, std::string_view) {
    ++visited;
    return true;
  });
  Check(status.ok() && visited == live, "ForEach saw as many as Scan");
}

void TwinCache::ScanWhile(int space, size_t items_max, const std::function<void()>& meanwhile) {
  Begin("ScanWhile", {space, 0});
  std::map<Name, ModelEntry> before;
  memory_.ForEach([&](Name name, const ModelEntry& entry) {
    if (name.space == space && memory_.IsLive(entry)) before.emplace(name, entry);
  });
  std::map<Name, std::string> seen;
  ScanCursor cursor;
  while (!cursor.done && !failed_) {
    cursor = ScanSome(space, cursor, items_max, &seen);
    meanwhile();
  }
  for (const auto& [name, old] : before) {
    const ModelEntry* entry = memory_.FindLive(name);
    if (entry == nullptr || entry->serial != old.serial) continue;
    const auto found = seen.find(name);
    Check(found != seen.end() && found->second == old.bytes,
          "Scan missed an entry that was there all the time");
  }
  End();
}

// One page, added to `*seen`.
ScanCursor TwinCache::ScanSome(int space, ScanCursor cursor, size_t items_max,
                               std::map<Name, std::string>* seen) {
  const absl::StatusOr<ScanPage> page = SpaceOf(space).Scan(cursor, items_max);
  if (!page.ok()) {
    Check(false, "Scan");
    return {.done = true};
  }
  for (const ScanPage::Item& item : page->items) {
    const Name name{space, std::stoi(item.key.substr(1))};
    Check(seen->emplace(name, item.value.bytes()).second, "Scan gave a key twice");
    const ModelEntry* entry = memory_.FindLive(name);
    Check(entry != nullptr && entry->bytes == item.value.bytes() && entry->version == item.version,
          "Scan gave what is not there");
  }
  return page->next;
}

void TwinCache::Check(bool holds, std::string_view what) {
  if (holds || failed_) return;
  failed_ = true;
  ADD_FAILURE() << what << "\nThe last operations:\n" << Trace();
}

std::string TwinCache::Trace() const {
  std::string trace;
  const size_t count = std::min(operations_, steps_.size());
  for (size_t i = operations_ - count; i < operations_; ++i) {
    const Step& step = steps_[i % steps_.size()];
    absl::StrAppend(&trace, std::string(2 * step.depth + 2, ' '), step.what, " s", step.name.space,
                    " k", step.name.key, " at ", step.now, " ms\n");
  }
  return trace;
}

}  // namespace trivet::testing
