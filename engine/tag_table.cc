#include "engine/tag_table.h"

#include <algorithm>

#include "engine/check.h"

namespace trivet::engine {

TagTable::Records::iterator TagTable::Find(std::string_view name) {
  const auto [begin, end] = records_.equal_range(StringHash()(name));
  const auto it =
      std::find_if(begin, end, [name](const auto& of) { return of.second->name() == name; });
  return it == end ? records_.end() : it;
}

TagRecords TagTable::AcquireSome(std::span<const std::string> names) {
  TagRecords records;
  MutexLock lock(mu_);
  for (const std::string& name : names) {
    auto it = Find(name);
    if (it == records_.end()) {
      it = records_.emplace(StringHash()(name), std::make_unique<TagRecord>(name, forgotten_));
    }
    TagRecord* record = it->second.get();
    if (std::find(records.begin(), records.end(), record) != records.end()) continue;
    ++record->holders_;
    records.push_back(record);
  }
  return records;
}

void TagTable::ReleaseSome(std::span<TagRecord* const> records) {
  MutexLock lock(mu_);
  for (TagRecord* record : records) {
    TRIVET_DCHECK(record->holders_ > 0, "released more often than held");
    --record->holders_;
    DropIfUnused(record);
  }
}

void TagTable::DropIfUnused(TagRecord* record) {
  if (record->holders_ > 0) return;
  forgotten_ = std::max(forgotten_, record->invalidated_at_.load(std::memory_order_relaxed));
  records_.erase(Find(record->name()));
}

TagRecord* TagTable::Invalidate(std::string_view name) {
  MutexLock lock(mu_);
  const TagTime time = clock_.load(std::memory_order_relaxed) + 1;
  TagRecord* held = nullptr;
  if (const auto it = Find(name); it != records_.end()) {
    held = it->second.get();
    ++held->holders_;
    held->invalidated_at_.store(time, std::memory_order_release);
  } else {
    forgotten_ = time;
  }
  // After the time of the tag: whoever reads the new time of the clock sees the tag's as well.
  clock_.store(time, std::memory_order_release);
  return held;
}

size_t TagTable::size() const {
  MutexLock lock(mu_);
  return records_.size();
}

}  // namespace trivet::engine
