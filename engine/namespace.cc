// The views: checks, memory-only reads, invalidation and scans. Reads through the tiers are in
// read_through.cc, writes in write_through.cc.
#include "trivet/namespace.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "engine/announcement.h"
#include "engine/core.h"
#include "engine/glob.h"
#include "engine/memory_invalidation.h"
#include "engine/memory_scan.h"
#include "engine/names.h"
#include "engine/shared_space.h"

namespace trivet {

using engine::Announcement;
using engine::CheckName;

namespace {

// What MFindInto looks up together: as many waits for memory as a processor can have under way,
// several times over.
constexpr size_t kFindBatch = 64;

// As assign(), but inlined where the size stays the same.
inline void CopyInto(std::string* out, std::string_view bytes) {
  if (out->size() != bytes.size()) out->resize(bytes.size());
  std::memcpy(out->data(), bytes.data(), bytes.size());
}

}  // namespace

std::string_view Namespace::name() const {
  return state_ == nullptr ? std::string_view() : std::string_view(state_->name());
}

bool Namespace::IsShared() const { return state_ != nullptr && state_->shared() != nullptr; }

absl::Status Namespace::CheckOpen() const {
  if (!status_.ok()) return status_;
  return core_->CheckOpen();
}

absl::Status Namespace::Check(std::string_view key) const {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  return engine::CheckKey(key);
}

bool Namespace::IsReadable(std::string_view key) const {
  return core_ != nullptr && core_->IsOpen() && !key.empty() && key.size() <= kKeyBytesMax;
}

absl::Status Namespace::CheckHoldsBytes() const {
  if (state_->HoldsBytes()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the namespace holds objects (see trivet::Typed), and the call is about bytes");
}

bool Namespace::IsReadableAsBytes(std::string_view key) const {
  return IsReadable(key) && state_->HoldsBytes();
}

bool Namespace::UsesStore() const { return core_->StoreOf(state_) != nullptr; }

bool Namespace::HasLowerTiers() const { return UsesStore() || state_->shared() != nullptr; }

Value Namespace::Find(std::string_view key) const {
  if (!IsReadableAsBytes(key)) return Value();
  return core_->memory().Find(core_->memory().Ref(state_, key));
}

bool Namespace::FindInto(std::string_view key, std::string* out) const {
  if (!IsReadableAsBytes(key)) return false;
  engine::MemoryTier& memory = core_->memory();
  return memory.Read(memory.Ref(state_, key),
                     [out](engine::Entry* entry) { CopyInto(out, entry->value()); });
}

size_t Namespace::MFindInto(std::span<const std::string_view> keys,
                            std::span<FoundValue> out) const {
  size_t found = 0;
  const size_t batch_end = std::min(keys.size(), out.size());
  for (size_t begin = 0; begin < batch_end; begin += kFindBatch) {
    const size_t end = std::min(begin + kFindBatch, batch_end);
    found += FindBatchInto(keys.subspan(begin, end - begin), out.subspan(begin, end - begin));
  }
  return found;
}

size_t Namespace::FindBatchInto(std::span<const std::string_view> keys,
                                std::span<FoundValue> out) const {
  absl::InlinedVector<engine::KeyRef, kFindBatch> refs;
  for (const std::string_view key : keys) {
    if (IsReadableAsBytes(key)) refs.push_back(core_->memory().Ref(state_, key));
  }
  if (!refs.empty()) core_->memory().Prefetch(refs);
  size_t found = 0;
  size_t next = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    FoundValue& value = out[i];
    value.found = IsReadableAsBytes(keys[i]) &&
                  core_->memory().Read(
                      refs[next++], [&](auto* entry) { CopyInto(&value.bytes, entry->value()); });
    found += value.found ? 1 : 0;
  }
  return found;
}

bool Namespace::VisitBytes(std::string_view key,
                           absl::FunctionRef<void(std::string_view)> visit) const {
  if (!IsReadableAsBytes(key)) return false;
  engine::MemoryTier& memory = core_->memory();
  return memory.Read(memory.Ref(state_, key),
                     [visit](engine::Entry* entry) { visit(entry->value()); });
}

absl::Status Namespace::Invalidate(std::string_view key, Coherence* told) {
  return MInvalidate({&key, 1}, told);
}

absl::Status Namespace::MInvalidate(std::span<const std::string_view> keys, Coherence* told) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  for (std::string_view key : keys) {
    if (absl::Status status = Check(key); !status.ok()) return status;
  }
  engine::MemoryTier& memory = core_->memory();
  Announcement(*core_, *state_, told).OfKeys(keys);
  for (std::string_view key : keys) engine::Invalidate(memory, memory.Ref(state_, key));
  return absl::OkStatus();
}

absl::Status Namespace::InvalidateTag(std::string_view tag, Coherence* told) {
  return InvalidateTags({&tag, 1}, told);
}

absl::Status Namespace::InvalidateTags(std::span<const std::string_view> tags, Coherence* told) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  for (std::string_view tag : tags) {
    if (absl::Status status = CheckName("tag", tag); !status.ok()) return status;
  }
  std::vector<SharedRecord> changes;
  for (std::string_view tag : tags) {
    changes.push_back({.kind = SharedRecord::Kind::kTag, .name = std::string(tag)});
  }
  Announcement(*core_, *state_, told).Of(changes);
  for (std::string_view tag : tags) engine::InvalidateTag(core_->memory(), state_, tag);
  return absl::OkStatus();
}

absl::StatusOr<size_t> Namespace::InvalidatePattern(std::string_view pattern, Coherence* told) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  const absl::StatusOr<engine::Glob> glob = engine::Glob::Compile(pattern);
  if (!glob.ok()) return glob.status();
  Announcement(*core_, *state_, told).OfGroup(SharedRecord::Kind::kPattern, pattern);
  return engine::InvalidatePattern(core_->memory(), state_, *glob);
}

absl::StatusOr<ScanPage> Namespace::Scan(ScanCursor cursor, size_t items_max) const {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (items_max == 0) return absl::InvalidArgumentError("items_max: must be at least 1");
  return engine::Scan(core_->memory(), state_, cursor, items_max);
}

absl::Status Namespace::ForEach(
    absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) const {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  ScanCursor cursor;
  while (!cursor.done) {
    absl::StatusOr<ScanPage> page = Scan(cursor);
    if (!page.ok()) return page.status();
    for (const ScanPage::Item& item : page->items) {
      if (!visit(item.key, item.value.bytes())) return absl::OkStatus();
    }
    cursor = page->next;
  }
  return absl::OkStatus();
}

Stats Namespace::stats() const {
  Stats stats;
  if (!status_.ok()) return stats;
  core_->memory().AddStats(state_->id(), &stats);
  stats.memory_limit = state_->options().quota_bytes;
  engine::NamespaceState::StoreCounters& store = state_->store_counters();
  stats.store_reads = store.reads.load(std::memory_order_relaxed);
  stats.store_hits = store.hits.load(std::memory_order_relaxed);
  stats.store_writes = store.writes.load(std::memory_order_relaxed);
  stats.store_errors = store.errors.load(std::memory_order_relaxed);
  if (state_->shared() != nullptr) state_->shared()->AddStats(&stats);
  return stats;
}

}  // namespace trivet
