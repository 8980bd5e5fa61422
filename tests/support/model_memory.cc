#include "tests/support/model_memory.h"

#include <algorithm>
#include <utility>

namespace trivet::testing {
namespace {

Ms Sum(Ms time, Ms duration) { return duration == kForever ? kForever : time + duration; }

}  // namespace

Ms CeilMs(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return kForever;
  const Ms floor = absl::ToInt64Milliseconds(duration);
  return absl::Milliseconds(floor) < duration ? floor + 1 : floor;
}

absl::Duration FromMs(Ms ms) {
  return ms == kForever ? absl::InfiniteDuration() : absl::Milliseconds(ms);
}

bool ModelMemory::IsExpired(const ModelEntry& entry) const {
  const Ms idle_end =
      entry.idle == kForever ? kForever : Sum(Sum(entry.stamp, entry.idle), entry.idle / 16);
  return now_ >= std::min(entry.expires, idle_end);
}

ModelEntry* ModelMemory::Find(Name name) {
  const auto found = slots_.find(name);
  return found == slots_.end() ? nullptr : &found->second.entry;
}

ModelEntry* ModelMemory::FindLive(Name name) {
  ModelEntry* entry = Find(name);
  return entry != nullptr && IsLive(*entry) ? entry : nullptr;
}

void ModelMemory::Install(Name name, ModelEntry entry) {
  entry.serial = ++installed_;
  by_use_.push_front(name);
  slots_.emplace(name, Slot{std::move(entry), by_use_.begin()});
}

void ModelMemory::Erase(Name name) {
  const auto found = slots_.find(name);
  by_use_.erase(found->second.use);
  slots_.erase(found);
}

void ModelMemory::Use(Name name) {
  Slot& slot = slots_.find(name)->second;
  by_use_.splice(by_use_.begin(), by_use_, slot.use);
  // The stamp moves when a sixteenth of the idle TTL has passed, or a millisecond.
  if (now_ - slot.entry.stamp >= std::max<Ms>(slot.entry.idle / 16, 1)) slot.entry.stamp = now_;
}

void ModelMemory::KillTag(int space, int tag) {
  for (auto& [name, slot] : slots_) {
    if (name.space == space && (slot.entry.tags >> tag & 1) != 0) slot.entry.killed = true;
  }
}

void ModelMemory::KillSpace(int space) {
  for (auto& [name, slot] : slots_) {
    if (name.space == space) slot.entry.killed = true;
  }
}

size_t ModelMemory::SizeOf(int space) const {
  return static_cast<size_t>(std::count_if(slots_.begin(), slots_.end(), [space](const auto& slot) {
    return slot.first.space == space;
  }));
}

}  // namespace trivet::testing
