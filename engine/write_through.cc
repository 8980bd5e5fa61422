// Writes that go through the tiers: the store first, memory when the store has taken them.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/announcement.h"
#include "engine/core.h"
#include "engine/memory_invalidation.h"
#include "engine/memory_writes.h"
#include "engine/millis.h"
#include "engine/names.h"
#include "engine/shared_set.h"
#include "engine/store_access.h"
#include "engine/strings.h"
#include "engine/write_flights.h"
#include "engine/write_options.h"
#include "trivet/namespace.h"

namespace trivet {
namespace {

using engine::Announcement;
using engine::CheckFence;
using engine::ForMemory;
using engine::KeyRef;
using engine::Lifetime;
using engine::LifetimeOf;
using engine::LiveObject;
using engine::MemoryTier;
using engine::Millis;
using engine::NeedsStore;
using engine::NewValue;
using engine::RefsOf;
using engine::StoreAccess;
using engine::WriteFlight;
using engine::WriteFlights;

// Of a Set that has the shared tier alone.
constexpr int kSharedSetTries = 4;

// What most writes say: nothing that could be wrong.
bool SaysNothing(const SetOptions& options) {
  // By all its parts, so that none is forgotten here.
  const auto& [ttl, idle_ttl, tags, when, if_version, fence] = options;
  return !ttl && !idle_ttl && tags.empty() && when == SetWhen::kAlways && if_version == 0 && !fence;
}

}  // namespace

absl::Status Namespace::CheckOptions(const SetOptions& options) const {
  if (SaysNothing(options)) return absl::OkStatus();
  if (absl::Status status = Validate(options); !status.ok()) return status;
  if (absl::Status status = CheckFence(options.fence, UsesStore()); !status.ok()) return status;
  if (options.when == SetWhen::kIfVersion && !state_->options().versions) {
    return absl::FailedPreconditionError(
        "SetOptions.when: kIfVersion asks for versions, which the namespace does not keep (see "
        "NamespaceOptions.versions)");
  }
  return absl::OkStatus();
}

absl::Status Namespace::CheckSet(std::span<const Item> items, const SetOptions& options) const {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  for (const Item& item : items) {
    if (absl::Status status = engine::CheckKey(item.key); !status.ok()) return status;
    if (absl::Status status =
            engine::CheckValueSize(item.value.size(), core_->options().value_bytes_max);
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<SetResult> Namespace::Set(std::string_view key, std::string_view value,
                                         const SetOptions& options) {
  const Item item{key, value};
  if (absl::Status status = CheckSet({&item, 1}, options); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  if (!UsesStore()) return SetInMemory(item, options);
  const auto results = SetThrough({&item, 1}, options);
  if (!results.ok()) return results.status();
  return results->front();
}

absl::StatusOr<std::vector<SetResult>> Namespace::MSet(std::span<const Item> items,
                                                       const SetOptions& options) {
  if (absl::Status status = CheckSet(items, options); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  if (UsesStore()) return SetThrough(items, options);
  return SetEachInMemory(items, options);
}

absl::StatusOr<std::vector<SetResult>> Namespace::SetEachInMemory(std::span<const Item> items,
                                                                  const SetOptions& options,
                                                                  std::span<LiveObject> objects) {
  std::vector<SetResult> results;
  results.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    LiveObject* const object = objects.empty() ? nullptr : &objects[i];
    const absl::StatusOr<SetResult> result = SetInMemory(items[i], options, object);
    if (!result.ok()) return result.status();
    results.push_back(*result);
  }
  return results;
}

absl::StatusOr<SetResult> Namespace::SetInMemory(const Item& item, const SetOptions& options,
                                                 LiveObject* object) {
  if (state_->shared() != nullptr) return SetShared(item, options, object);
  MemoryTier& memory = core_->memory();
  NewValue value = ForMemory(memory, item.value, options, LifetimeOf(options, state_->options()));
  value.object = object;
  return memory.Set(memory.Ref(state_, item.key), value,
                    {.when = options.when, .version = options.if_version});
}

absl::StatusOr<SetResult> Namespace::SetShared(const Item& item, const SetOptions& options,
                                               LiveObject* object) {
  if (options.when != SetWhen::kAlways) return NeedsStore("SetOptions.when: a condition");
  MemoryTier& memory = core_->memory();
  const Lifetime lifetime = LifetimeOf(options, state_->options());
  std::string encoded;
  std::string_view bytes = item.value;
  if (object != nullptr) {
    absl::StatusOr<std::string> made = object->ops()->encode(object->get());
    if (!made.ok()) return made.status();
    encoded = *std::move(made);
    bytes = encoded;
  }
  WriteFlights flights(memory);
  if (absl::Status status = flights.Open({memory.Ref(state_, item.key)}, core_->JoinDeadline());
      !status.ok()) {
    return status;
  }
  bool begun = false;
  engine::SharedSet::Outcome outcome;
  // Two that meet there leave nothing; one of them comes back alone.
  for (int i = 0; i < kSharedSetTries && !outcome.stored; ++i) {
    engine::SharedSet set(*state_->shared(), item.key);
    begun = set.Begin();
    outcome = set.End(0, {.value = bytes, .tags = options.tags, .ttl = lifetime.ttl});
    if (!begun || outcome.coherence == Coherence::kDeferred) break;
  }
  NewValue value =
      ForMemory(memory, object == nullptr ? item.value : std::string_view(), options, lifetime);
  value.object = object;
  flights.FinishEach(
      [&](WriteFlight& flight) { engine::FinishWrite(memory, flight, value, outcome.stored); });
  if (!begun || outcome.coherence == Coherence::kDeferred) {
    return absl::UnavailableError(
        "the shared tier did not take the value, and there is no store; what it replaces is over");
  }
  return SetResult{.applied = true, .version = 0, .coherence = outcome.coherence};
}

absl::StatusOr<std::vector<SetResult>> Namespace::SetThrough(std::span<const Item> items,
                                                             const SetOptions& options,
                                                             std::span<LiveObject> objects) {
  MemoryTier& memory = core_->memory();
  const Lifetime lifetime = LifetimeOf(options, state_->options());
  std::vector<std::string_view> keys;
  std::vector<StoreWrite> writes;
  for (const Item& item : items) {
    keys.push_back(item.key);
    writes.push_back({.key = item.key,
                      .value = item.value,
                      .expires_at = engine::StoreExpiry(core_->clock(), lifetime.ttl),
                      .tags = options.tags,
                      .when = options.when,
                      .if_version = options.if_version});
  }
  WriteFlights flights(memory);
  if (absl::Status status = flights.Open(RefsOf(memory, state_, keys), core_->JoinDeadline());
      !status.ok()) {
    return status;
  }
  Announcement announcement(*core_, *state_);
  // A mark in the shared tier for one key; a batch would pay a round trip for each.
  std::optional<engine::SharedSet> guard;
  if (state_->shared() != nullptr && state_->options().guarded_writes && items.size() == 1 &&
      options.when == SetWhen::kAlways) {
    guard.emplace(*state_->shared(), items.front().key);
    guard->Begin();
  }
  const auto written = StoreAccess(*core_->StoreOf(state_), *state_)
                           .Write(writes, announcement.LogTicket(), options.fence);
  if (!written.ok()) {
    if (guard.has_value()) {
      guard->End(0);
    } else if (engine::MayHaveCommitted(written.status())) {
      announcement.OfKeys(keys);
    }
    flights.Fail(written.status());
    return written.status();
  }
  Coherence coherence = Coherence::kLocal;
  if (guard.has_value()) {
    coherence = guard
                    ->End(written->front().version,
                          {.value = items.front().value, .tags = options.tags, .ttl = lifetime.ttl})
                    .coherence;
    announcement.Note(coherence, 1);
  } else if (announcement.shared() != nullptr) {
    std::vector<SharedRecord> changes;
    for (size_t i = 0; i < items.size(); ++i) {
      if (!(*written)[i].applied) continue;
      changes.push_back({.kind = SharedRecord::Kind::kKey,
                         .version = (*written)[i].version,
                         .name = std::string(items[i].key)});
    }
    coherence = announcement.Of(changes, items.size());
  }
  std::vector<SetResult> results;
  for (const StoreWritten& one : *written) {
    results.push_back({.applied = one.applied, .version = one.version, .coherence = coherence});
  }
  flights.FinishEach([&](WriteFlight& flight) {
    // Of several values for the key the last one that the store took counts.
    for (size_t i = items.size(); i-- > 0;) {
      if (items[i].key != flight.key || !results[i].applied) continue;
      const std::string_view bytes = objects.empty() ? items[i].value : std::string_view();
      NewValue value = ForMemory(memory, bytes, options, lifetime);
      value.object = objects.empty() ? nullptr : &objects[i];
      value.version = results[i].version;
      engine::FinishWrite(memory, flight, value, coherence != Coherence::kDeferred);
      return;
    }
    if (options.when == SetWhen::kIfAbsent) {
      engine::AbandonWrite(memory, flight);
    } else {
      // The store has another version, or nothing: so memory's copy is old, and a caller who reads
      // and tries again must not meet it again.
      engine::FinishWriteWithNothing(memory, flight, RemovalCause::kInvalidated);
    }
  });
  return results;
}

absl::StatusOr<bool> Namespace::Touch(std::string_view key, absl::Duration ttl, Coherence* told) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  if (absl::Status status = engine::CheckTtl("ttl", ttl); !status.ok()) return status;
  if (told != nullptr) *told = Coherence::kLocal;
  MemoryTier& memory = core_->memory();
  const KeyRef ref = memory.Ref(state_, key);
  if (!UsesStore()) {
    if (state_->shared() != nullptr) return NeedsStore("Touch");
    return memory.SetExpiry(ref, engine::ExpiryAfter(memory.now(), ttl));
  }
  Announcement announcement(*core_, *state_, told);
  WriteFlights flights(memory);
  if (absl::Status status = flights.Open({ref}, core_->JoinDeadline()); !status.ok()) {
    return status;
  }
  const absl::StatusOr<bool> touched =
      StoreAccess(*core_->StoreOf(state_), *state_)
          .Touch(key, engine::StoreExpiry(core_->clock(), ttl), announcement.LogTicket());
  const bool may_be_touched = touched.ok() ? *touched : engine::MayHaveCommitted(touched.status());
  if (may_be_touched) announcement.OfKeys({&key, 1});
  if (!touched.ok()) {
    flights.Fail(touched.status());
    return touched.status();
  }
  const bool in_memory = memory.SetExpiry(ref, engine::ExpiryAfter(memory.now(), ttl));
  return *touched || in_memory;
}

}  // namespace trivet
