// Deletes that go through the tiers: the store first, memory when the store has made them.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/announcement.h"
#include "engine/core.h"
#include "engine/memory_invalidation.h"
#include "engine/memory_writes.h"
#include "engine/names.h"
#include "engine/store_access.h"
#include "engine/write_flights.h"
#include "engine/write_options.h"
#include "trivet/namespace.h"

namespace trivet {

using engine::Announcement;
using engine::CheckFence;
using engine::Entry;
using engine::KeyRef;
using engine::LiveObject;
using engine::MemoryTier;
using engine::RefsOf;
using engine::Removed;
using engine::StoreAccess;
using engine::TypeOps;
using engine::WriteFlight;
using engine::WriteFlights;

// What one key had in the tiers.
struct engine::Removed {
  std::optional<StoredValue> row = std::nullopt;
  Value in_memory = {};  // or in the shared tier alone

  bool any() const { return row.has_value() || in_memory; }
};

namespace {

// The row is the truth. What memory made of this very row need not be decoded once more.
absl::StatusOr<Value> TakenObject(MemoryTier& memory, const KeyRef& key, const TypeOps& type,
                                  Removed removed) {
  if (!removed.row.has_value()) return std::move(removed.in_memory);
  const Entry* const entry = engine::EntryLedger::EntryOf(removed.in_memory);
  if (entry != nullptr && entry->version() == removed.row->version) {
    return std::move(removed.in_memory);
  }
  absl::StatusOr<LiveObject> object = type.decode(removed.row->value);
  if (!object.ok()) return object.status();
  return memory.Detached(key, {.object = &*object});
}

}  // namespace

absl::StatusOr<bool> Namespace::Delete(std::string_view key, Coherence* told) {
  return Delete(key, DeleteOptions(), told);
}

absl::StatusOr<bool> Namespace::Delete(std::string_view key, const DeleteOptions& options,
                                       Coherence* told) {
  const absl::StatusOr<size_t> deleted = MDelete({&key, 1}, options, told);
  if (!deleted.ok()) return deleted.status();
  return *deleted > 0;
}

absl::StatusOr<size_t> Namespace::MDelete(std::span<const std::string_view> keys, Coherence* told) {
  return MDelete(keys, DeleteOptions(), told);
}

absl::StatusOr<size_t> Namespace::MDelete(std::span<const std::string_view> keys,
                                          const DeleteOptions& options, Coherence* told) {
  const auto removed = RemoveAll(keys, options, told);
  if (!removed.ok()) return removed.status();
  return static_cast<size_t>(std::count_if(removed->begin(), removed->end(),
                                           [](const Removed& one) { return one.any(); }));
}

absl::StatusOr<Value> Namespace::Take(std::string_view key, Coherence* told) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  return TakeThrough(key, told);
}

absl::StatusOr<Value> Namespace::TakeThrough(std::string_view key, Coherence* told) {
  // Two who take one key at a time would both get the value.
  if (!UsesStore() && state_->shared() != nullptr) return engine::NeedsStore("Take");
  auto all = RemoveAll({&key, 1}, DeleteOptions(), told);
  if (!all.ok()) return all.status();
  Removed& removed = all->front();
  MemoryTier& memory = core_->memory();
  const KeyRef ref = memory.Ref(state_, key);
  if (const TypeOps* const type = state_->type()) {
    return TakenObject(memory, ref, *type, std::move(removed));
  }
  if (!removed.row.has_value()) return std::move(removed.in_memory);
  return memory.Detached(ref, {.value = removed.row->value});
}

absl::StatusOr<std::vector<Removed>> Namespace::RemoveAll(std::span<const std::string_view> keys,
                                                          const DeleteOptions& options,
                                                          Coherence* told) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (absl::Status status = Validate(options); !status.ok()) return status;
  if (absl::Status status = CheckFence(options.fence, UsesStore()); !status.ok()) return status;
  for (std::string_view key : keys) {
    if (absl::Status status = Check(key); !status.ok()) return status;
  }
  MemoryTier& memory = core_->memory();
  std::vector<Removed> removed(keys.size());
  Announcement announcement(*core_, *state_, told);
  if (!UsesStore()) {
    for (size_t i = 0; state_->shared() != nullptr && i < keys.size(); ++i) {
      // What was there may be in the shared tier alone. Memory keeps nothing of it: it may not have
      // been decided yet whether the namespace holds bytes.
      if (auto peeked = memory.Peek(memory.Ref(state_, keys[i]))) {
        removed[i].in_memory = std::move(peeked->value);
      } else if (auto found = ReadAlone(keys[i]); found.ok()) {
        removed[i].in_memory = std::move(found->value);
      }
    }
    announcement.OfKeys(keys);
    for (size_t i = 0; i < keys.size(); ++i) {
      const KeyRef ref = memory.Ref(state_, keys[i]);
      std::optional<Value> in_memory = memory.Remove(ref, RemovalCause::kExplicit);
      if (in_memory.has_value()) removed[i].in_memory = *std::move(in_memory);
    }
    return removed;
  }
  WriteFlights flights(memory);
  if (absl::Status status = flights.Open(RefsOf(memory, state_, keys), core_->JoinDeadline());
      !status.ok()) {
    return status;
  }
  auto rows = StoreAccess(*core_->StoreOf(state_), *state_)
                  .Delete(keys, announcement.LogTicket(), options.fence);
  if (rows.ok() || engine::MayHaveCommitted(rows.status())) announcement.OfKeys(keys);
  if (!rows.ok()) {
    flights.Fail(rows.status());
    return rows.status();
  }
  for (size_t i = 0; i < keys.size(); ++i) removed[i].row = std::move((*rows)[i]);
  flights.FinishEach([&](WriteFlight& flight) {
    auto in_memory = engine::FinishWriteWithNothing(memory, flight, RemovalCause::kExplicit);
    if (!in_memory.has_value()) return;
    // A loader's value may be in memory alone; the first mention of the key gets it.
    const auto first = std::find(keys.begin(), keys.end(), std::string_view(flight.key));
    removed[static_cast<size_t>(first - keys.begin())].in_memory = *std::move(in_memory);
  });
  return removed;
}

absl::Status Namespace::DeleteTag(std::string_view tag, Coherence* told) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (absl::Status status = engine::CheckName("tag", tag); !status.ok()) return status;
  Announcement announcement(*core_, *state_, told);
  absl::Status outcome;
  if (UsesStore()) {
    outcome = StoreAccess(*core_->StoreOf(state_), *state_)
                  .DeleteTag(tag, announcement.LogTicket())
                  .status();
    if (!outcome.ok() && !engine::MayHaveCommitted(outcome)) return outcome;
  }
  announcement.OfGroup(SharedRecord::Kind::kTag, tag);
  engine::InvalidateTag(core_->memory(), state_, tag);
  return outcome;
}

absl::Status Namespace::Clear(Coherence* told) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  Announcement announcement(*core_, *state_, told);
  absl::Status outcome;
  if (UsesStore()) {
    outcome = StoreAccess(*core_->StoreOf(state_), *state_).Clear(announcement.LogTicket());
    if (!outcome.ok() && !engine::MayHaveCommitted(outcome)) return outcome;
  }
  announcement.OfGroup(SharedRecord::Kind::kClear, "");
  engine::Clear(core_->memory(), state_);
  return outcome;
}

}  // namespace trivet
