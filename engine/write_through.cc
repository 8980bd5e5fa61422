// Writes that go through the tiers: the store first, memory when the store has taken them.
#include <algorithm>
#include <charconv>
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
#include "engine/names.h"
#include "engine/shared_set.h"
#include "engine/store_access.h"
#include "engine/strings.h"
#include "engine/write_flights.h"
#include "trivet/namespace.h"

namespace trivet {
namespace {

using engine::Announcement;
using engine::KeyRef;
using engine::LiveObject;
using engine::MemoryTier;
using engine::Millis;
using engine::NewValue;
using engine::StoreAccess;
using engine::WriteFlight;
using engine::WriteFlights;

// Another process may write between our read and our conditional write. After so many times in a
// row something else is wrong.
// Of a Set that has the shared tier alone.
constexpr int kSharedSetTries = 4;

constexpr int kIncrementTries = 100;

// What the options of a Set come to, for this namespace and now.
struct Lifetime {
  absl::Duration ttl;
  absl::Duration idle_ttl;
};
Lifetime LifetimeOf(const SetOptions& options, const NamespaceOptions& defaults) {
  return {options.ttl.value_or(defaults.ttl), options.idle_ttl.value_or(defaults.idle_ttl)};
}

NewValue ForMemory(const MemoryTier& memory, std::string_view value, const SetOptions& options,
                   const Lifetime& lifetime) {
  return {.value = value,
          .tags = options.tags,
          .expires = lifetime.ttl == absl::InfiniteDuration()
                         ? engine::kNever
                         : engine::ExpiryAfter(memory.now(), lifetime.ttl),
          .idle = engine::CeilMillis(lifetime.idle_ttl)};
}

std::vector<KeyRef> RefsOf(const MemoryTier& memory, engine::NamespaceState* space,
                           std::span<const std::string_view> keys) {
  std::vector<KeyRef> refs;
  refs.reserve(keys.size());
  for (std::string_view key : keys) refs.push_back(memory.Ref(space, key));
  return refs;
}

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

// What only a common truth can decide.
absl::Status NeedsStore(std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat(engine::ToAbsl(what), " needs a store where processes share the namespace"));
}

// Whether a writer still holds its lock is decided where the truth is.
absl::Status CheckFence(const std::optional<WriteFence>& fence, bool uses_store) {
  if (!fence.has_value() || uses_store) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "fence: the namespace has no rows in a store, which would decide");
}

absl::StatusOr<int64_t> Sum(std::string_view text, int64_t by) {
  const std::optional<int64_t> number = ParseNumber(text);
  if (!number.has_value()) {
    return absl::FailedPreconditionError("Increment: the value is not a decimal 64-bit number");
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(*number, by, &sum)) {
    return absl::OutOfRangeError("Increment: the sum does not fit into 64 bits");
  }
  return sum;
}

}  // namespace

absl::Status Namespace::CheckSet(std::span<const Item> items, const SetOptions& options) const {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (absl::Status status = Validate(options); !status.ok()) return status;
  if (absl::Status status = CheckFence(options.fence, UsesStore()); !status.ok()) return status;
  if (options.when == SetWhen::kIfVersion && !state_->options().versions) {
    return absl::FailedPreconditionError(
        "SetOptions.when: kIfVersion asks for versions, which the namespace does not keep (see "
        "NamespaceOptions.versions)");
  }
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
  std::vector<SetResult> results;
  results.reserve(items.size());
  for (const Item& item : items) {
    const absl::StatusOr<SetResult> result = SetInMemory(item, options);
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
                                                             LiveObject* object) {
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
    coherence = announcement.Of(changes);
    announcement.Note(coherence, items.size());
  }
  std::vector<SetResult> results;
  for (const StoreWritten& one : *written) {
    results.push_back({.applied = one.applied, .version = one.version, .coherence = coherence});
  }
  flights.FinishEach([&](WriteFlight& flight) {
    // Of several values for the key the last one that the store took counts.
    for (size_t i = items.size(); i-- > 0;) {
      if (items[i].key != flight.key || !results[i].applied) continue;
      const std::string_view bytes = object == nullptr ? items[i].value : std::string_view();
      NewValue value = ForMemory(memory, bytes, options, lifetime);
      value.object = object;
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
                                           [](const Value& value) { return bool{value}; }));
}

absl::StatusOr<Value> Namespace::Take(std::string_view key, Coherence* told) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  auto removed = RemoveAll({&key, 1}, DeleteOptions(), told);
  if (!removed.ok()) return removed.status();
  return std::move(removed->front());
}

absl::StatusOr<std::vector<Value>> Namespace::RemoveAll(std::span<const std::string_view> keys,
                                                        const DeleteOptions& options,
                                                        Coherence* told) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (absl::Status status = Validate(options); !status.ok()) return status;
  if (absl::Status status = CheckFence(options.fence, UsesStore()); !status.ok()) return status;
  for (std::string_view key : keys) {
    if (absl::Status status = Check(key); !status.ok()) return status;
  }
  MemoryTier& memory = core_->memory();
  std::vector<Value> removed(keys.size());
  Announcement announcement(*core_, *state_, told);
  if (!UsesStore()) {
    for (size_t i = 0; state_->shared() != nullptr && i < keys.size(); ++i) {
      // What was there may be in the shared tier alone.
      absl::StatusOr<Result> found = ReadThrough(keys[i], nullptr);
      if (found.ok()) removed[i] = std::move(found->value);
    }
    announcement.OfKeys(keys);
    for (size_t i = 0; i < keys.size(); ++i) {
      const KeyRef ref = memory.Ref(state_, keys[i]);
      std::optional<Value> in_memory = memory.Remove(ref, RemovalCause::kExplicit);
      if (in_memory.has_value()) removed[i] = *std::move(in_memory);
    }
    return removed;
  }
  WriteFlights flights(memory);
  if (absl::Status status = flights.Open(RefsOf(memory, state_, keys), core_->JoinDeadline());
      !status.ok()) {
    return status;
  }
  const auto rows = StoreAccess(*core_->StoreOf(state_), *state_)
                        .Delete(keys, announcement.LogTicket(), options.fence);
  if (rows.ok() || engine::MayHaveCommitted(rows.status())) announcement.OfKeys(keys);
  if (!rows.ok()) {
    flights.Fail(rows.status());
    return rows.status();
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!(*rows)[i].has_value()) continue;
    removed[i] = memory.Detached(memory.Ref(state_, keys[i]), (*rows)[i]->value);
  }
  flights.FinishEach([&](WriteFlight& flight) {
    const auto in_memory = engine::FinishWriteWithNothing(memory, flight, RemovalCause::kExplicit);
    if (!in_memory.has_value()) return;
    // A loader's value may be in memory alone; the first mention of the key gets it.
    const auto first = std::find(keys.begin(), keys.end(), std::string_view(flight.key));
    Value& answer = removed[static_cast<size_t>(first - keys.begin())];
    if (!answer) answer = *in_memory;
  });
  return removed;
}

absl::StatusOr<int64_t> Namespace::Increment(std::string_view key, int64_t by, Coherence* told) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  if (told != nullptr) *told = Coherence::kLocal;
  if (UsesStore()) return IncrementThrough(key, by, told);
  if (state_->shared() != nullptr) return NeedsStore("Increment");
  return IncrementInMemory(key, by);
}

absl::StatusOr<int64_t> Namespace::IncrementInMemory(std::string_view key, int64_t by) {
  MemoryTier& memory = core_->memory();
  const KeyRef ref = memory.Ref(state_, key);
  // Ends: each turn that fails means that another thread's write has succeeded.
  while (true) {
    const auto old = memory.Peek(ref);
    const absl::StatusOr<int64_t> sum = Sum(old.has_value() ? old->value.bytes() : "0", by);
    if (!sum.ok()) return sum.status();
    const std::string text = absl::StrCat(*sum);
    NewValue value = ForMemory(memory, text, {}, LifetimeOf({}, state_->options()));
    engine::SetCondition condition{.when = SetWhen::kIfAbsent};
    if (old.has_value()) {
      value.tags = old->tags;
      value.expires = old->expires;
      value.idle = old->idle;
      condition = {.when = SetWhen::kIfVersion, .entry = engine::EntryLedger::EntryOf(old->value)};
    }
    const auto result = memory.Set(ref, value, condition);
    if (!result.ok()) return result.status();
    if (result->applied) return sum;
  }
}

absl::StatusOr<int64_t> Namespace::IncrementThrough(std::string_view key, int64_t by,
                                                    Coherence* told) {
  MemoryTier& memory = core_->memory();
  StoreAccess store(*core_->StoreOf(state_), *state_);
  Announcement announcement(*core_, *state_, told);
  WriteFlights flights(memory);
  if (absl::Status status = flights.Open({memory.Ref(state_, key)}, core_->JoinDeadline());
      !status.ok()) {
    return status;
  }
  for (int i = 0; i < kIncrementTries; ++i) {
    const auto row = store.Read(key);
    if (!row.ok()) return row.status();
    const bool found = row->has_value();
    const absl::StatusOr<int64_t> sum = Sum(found ? std::string_view((*row)->value) : "0", by);
    if (!sum.ok()) return sum.status();
    const std::string text = absl::StrCat(*sum);
    const std::vector<std::string> tags = found ? (*row)->tags : std::vector<std::string>();
    const absl::Time expires_at =
        found ? (*row)->expires_at : engine::StoreExpiry(core_->clock(), state_->options().ttl);
    const StoreWrite write{.key = key,
                           .value = text,
                           .expires_at = expires_at,
                           .tags = tags,
                           .when = found ? SetWhen::kIfVersion : SetWhen::kIfAbsent,
                           .if_version = found ? (*row)->version : 0};
    const auto written = store.Write({&write, 1}, announcement.LogTicket());
    if (!written.ok()) {
      if (engine::MayHaveCommitted(written.status())) announcement.OfKeys({&key, 1});
      flights.Fail(written.status());
      return written.status();
    }
    if (!written->front().applied) continue;  // another process was faster
    const SharedRecord change{.kind = SharedRecord::Kind::kKey,
                              .version = written->front().version,
                              .name = std::string(key)};
    const Coherence coherence = announcement.Of({&change, 1});
    const absl::Duration left = expires_at - core_->clock().WallTime();
    const NewValue value{.value = text,
                         .tags = tags,
                         .version = written->front().version,
                         .expires = engine::ExpiryAfter(memory.now(), left),
                         .idle = engine::CeilMillis(state_->options().idle_ttl)};
    flights.FinishEach([&](WriteFlight& flight) {
      engine::FinishWrite(memory, flight, value, coherence != Coherence::kDeferred);
    });
    return sum;
  }
  return absl::AbortedError(
      absl::StrCat("Increment: the row changed ", kIncrementTries, " times in a row"));
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
