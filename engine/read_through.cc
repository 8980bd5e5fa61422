// Reads that go through the tiers: memory, store, loader.
#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "engine/active_loads.h"
#include "engine/core.h"
#include "engine/load_source.h"
#include "engine/memory_loads.h"
#include "engine/millis.h"
#include "engine/names.h"
#include "engine/shared_loads.h"
#include "engine/store_access.h"
#include "trivet/namespace.h"

namespace trivet {
namespace {

using engine::Core;
using engine::KeyRef;
using engine::LoadedValue;
using engine::LoadFlight;
using engine::LoadSource;
using engine::LoadStart;
using engine::MemoryTier;
using engine::SharedLoads;
using engine::StoreAccess;

// MGet hashes and prefetches so many keys at a time: enough to hide the latency of memory.
constexpr size_t kKeysAtOnce = 32;

// What a load brought, and from which tier.
struct Brought {
  Tier source = Tier::kNone;
  absl::StatusOr<std::optional<LoadedValue>> value = std::nullopt;
};

// Checks what the loader declared, and puts it into the form that memory takes.
absl::StatusOr<std::optional<LoadedValue>> ToLoaded(Loaded loaded, const Load& load,
                                                    const Core& core, const KeyRef& key,
                                                    engine::LiveObject object) {
  if (!loaded.ok()) return loaded.status();
  if (!loaded->has_value()) return std::nullopt;
  if (absl::Status status = engine::CheckTags(load.tags(), "Load.AddTag"); !status.ok()) {
    return status;
  }
  const NamespaceOptions& options = key.space->options();
  const absl::Duration ttl = load.ttl().value_or(options.ttl);
  if (absl::Status status = engine::CheckTtl("Load.SetTtl", ttl); !status.ok()) return status;
  const size_t size = object ? object.bytes() : (*loaded)->size();
  if (size > kValueBytesCeiling) {
    return absl::InvalidArgumentError(absl::StrCat("the loader returned ", size, " bytes, at most ",
                                                   kValueBytesCeiling, " are possible"));
  }
  const bool has_store = core.StoreOf(key.space) != nullptr;
  const auto now = static_cast<engine::Millis>(absl::ToInt64Milliseconds(core.clock().Elapsed()));
  return LoadedValue{.value = *std::move(*loaded),
                     .object = std::move(object),
                     .tags = load.tags(),
                     .give_version = !has_store,
                     .expires = engine::ExpiryAfter(now, ttl),
                     .idle = engine::CeilMillis(options.idle_ttl),
                     .keep = !load.do_not_cache() && size <= core.options().value_bytes_max};
}

// Runs the caller's code: nothing it throws gets past here.
Loaded RunLoader(Loader loader, Load& load) {
  try {
    return loader(load);
  } catch (...) {
    return absl::InternalError("the loader threw an exception");
  }
}

// What a lower tier has, as an object if the namespace holds objects.
absl::StatusOr<std::optional<LoadedValue>> Decoded(const engine::NamespaceState& space,
                                                   std::optional<LoadedValue> loaded) {
  if (!loaded.has_value()) return std::nullopt;
  absl::Status status = engine::DecodeIfTyped(space, &*loaded);
  if (!status.ok()) return status;
  return loaded;
}

// Asks the truth: the store, then the loader.
Brought BringTruth(Core& core, const KeyRef& key, const LoadSource* source) {
  if (Backing* backing = core.StoreOf(key.space)) {
    auto row = StoreAccess(*backing, *key.space).Read(key.key);
    if (!row.ok()) return {Tier::kStore, row.status()};
    if (row->has_value()) {
      auto value = engine::ToLoaded(**std::move(row), key.space->options(), core.clock());
      if (value.has_value()) return {Tier::kStore, Decoded(*key.space, std::move(value))};
    }
  }
  if (source == nullptr) return {Tier::kNone, std::nullopt};
  Load load(key.space->name(), key.key);
  const engine::ActiveLoad active(key.space, key.key);
  Loaded loaded = RunLoader(source->load, load);
  engine::LiveObject object;
  if (source->object != nullptr) object = std::move(*source->object);
  return {Tier::kLoader, ToLoaded(std::move(loaded), load, core, key, std::move(object))};
}

// How the reader's demands narrow the way through the tiers.
struct Way {
  bool past_shared = false;
  absl::Duration not_before = -absl::InfiniteDuration();  // of the proof of what is asked
};

Brought Bring(Core& core, const KeyRef& key, const LoadSource* source, LoadFlight& flight,
              const Way& way) {
  LoadFlight* const flights[] = {&flight};
  SharedLoads shared(key.space->shared(), flights, way.not_before);
  if (way.past_shared) shared.Skip(0);
  shared.Ask();
  if (std::optional<LoadedValue> found = std::move(shared.found(0))) {
    return {Tier::kShared, Decoded(*key.space, std::move(found))};
  }
  Brought brought = BringTruth(core, key, source);
  if (brought.value.ok() && brought.value->has_value()) {
    LoadedValue* const loaded[] = {&**brought.value};
    shared.Fill(loaded);
  }
  return brought;
}

absl::Status CheckProof(Core& core, const KeyRef& key) {
  if (key.space->options().without_proof != WithoutProof::kFail ||
      key.space->IsServed(core.memory().now())) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      "nothing proves that memory is fresh (see NamespaceOptions.without_proof)");
}

// A load of this reader alone, of which memory keeps nothing; from what was proven since then.
absl::StatusOr<Result> FetchAlone(Core& core, const KeyRef& key, const LoadSource* source,
                                  absl::Duration not_before) {
  MemoryTier& memory = core.memory();
  const LoadStart start = engine::StartLoneLoad(memory, key);
  const Way way{.past_shared = start.beside_write, .not_before = not_before};
  Brought brought = Bring(core, key, source, *start.flight, way);
  return engine::FinishLoad(memory, *start.flight, brought.source, std::move(brought.value));
}

// An answer that is fresher than what memory is good for.
absl::StatusOr<Result> FetchFresh(Core& core, const KeyRef& key, const LoadSource* source,
                                  absl::Duration staleness_max) {
  MemoryTier& memory = core.memory();
  if (staleness_max > absl::ZeroDuration()) {
    std::optional<Result> found = memory.Get(key);
    if (found.has_value() && found->staleness <= staleness_max) return *std::move(found);
  }
  if (engine::ActiveLoad::Contains(key.space, key.key)) {
    return absl::FailedPreconditionError("the loader asks for the key that it loads");
  }
  return FetchAlone(core, key, source, core.clock().Elapsed() + engine::kClockStep - staleness_max);
}

// Of a batch: what this thread loads, or waits for.
struct Pending {
  size_t index;  // of the answer
  KeyRef key;
  LoadStart start;
};

// Brings what memory lacks with one command to the shared tier and one to the store.
void BringLed(Core& core, std::span<Pending> led, std::span<absl::StatusOr<Result>> answers) {
  if (led.empty()) return;
  engine::NamespaceState& space = *led.front().key.space;
  std::vector<LoadFlight*> flights;
  for (const Pending& pending : led) flights.push_back(pending.start.flight.get());
  SharedLoads shared(space.shared(), flights, -absl::InfiniteDuration());
  for (size_t i = 0; i < led.size(); ++i) {
    if (led[i].start.beside_write) shared.Skip(i);
  }
  shared.Ask();
  std::vector<std::string_view> missing;
  std::vector<size_t> missing_at;
  const auto finish = [&](size_t i, Tier source, auto value) {
    answers[led[i].index] =
        engine::FinishLoad(core.memory(), *flights[i], source, std::move(value));
  };
  for (size_t i = 0; i < led.size(); ++i) {
    if (std::optional<LoadedValue> found = std::move(shared.found(i))) {
      finish(i, Tier::kShared, Decoded(space, std::move(found)));
    } else {
      missing.push_back(led[i].key.key);
      missing_at.push_back(i);
    }
  }
  if (missing.empty()) return;
  Backing* const store = core.StoreOf(&space);
  absl::StatusOr<std::vector<std::optional<StoredValue>>> rows(missing.size());
  if (store != nullptr) rows = StoreAccess(*store, space).ReadMany(missing);
  const Tier source = store == nullptr ? Tier::kNone : Tier::kStore;
  std::vector<absl::StatusOr<std::optional<LoadedValue>>> values(missing.size());
  std::vector<LoadedValue*> loaded(led.size(), nullptr);
  for (size_t i = 0; i < missing.size(); ++i) {
    if (!rows.ok()) {
      values[i] = rows.status();
    } else if (!(*rows)[i].has_value()) {
      values[i] = std::nullopt;
    } else {
      values[i] =
          Decoded(space, engine::ToLoaded(*std::move((*rows)[i]), space.options(), core.clock()));
      if (values[i].ok() && values[i]->has_value()) loaded[missing_at[i]] = &**values[i];
    }
  }
  shared.Fill(loaded);
  for (size_t i = 0; i < missing.size(); ++i) finish(missing_at[i], source, std::move(values[i]));
}

// Memory, then one load per key that all who ask meanwhile share. `first_try`: not counted yet.
absl::StatusOr<Result> Fetch(Core& core, const KeyRef& key, const LoadSource* source,
                             bool first_try = true) {
  MemoryTier& memory = core.memory();
  if (engine::ActiveLoad::Contains(key.space, key.key)) {
    // Waiting for itself, unless it has Set the key meanwhile.
    if (auto set_meanwhile = memory.Get(key)) return *std::move(set_meanwhile);
    return absl::FailedPreconditionError("the loader asks for the key that it loads");
  }
  if (absl::Status status = CheckProof(core, key); !status.ok()) return status;
  std::optional<absl::Duration> deadline;
  for (;; first_try = false) {
    LoadStart start = engine::StartLoad(memory, key, first_try);
    switch (start.kind) {
      case LoadStart::Kind::kHit:
        return std::move(start.hit);
      case LoadStart::Kind::kLead: {
        Brought brought =
            Bring(core, key, source, *start.flight, {.past_shared = start.beside_write});
        return engine::FinishLoad(memory, *start.flight, brought.source, std::move(brought.value));
      }
      case LoadStart::Kind::kJoin:
        if (!deadline.has_value()) deadline = core.JoinDeadline();
        if (auto outcome = engine::AwaitLoad(memory, start, *deadline)) {
          // What a Get did not find in the store, our loader may have.
          const bool is_miss = outcome->ok() && !**outcome;
          if (source != nullptr && is_miss && !start.flight->asked_loader) continue;
          return *std::move(outcome);
        }
    }
  }
}

}  // namespace

absl::StatusOr<Result> Namespace::Get(std::string_view key, const GetOptions& options) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  if (absl::Status status = Validate(options); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  return ReadThrough(key, nullptr, options);
}

absl::StatusOr<Result> Namespace::GetOrLoad(std::string_view key, Loader loader,
                                            const GetOptions& options) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  if (absl::Status status = Validate(options); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  const LoadSource source{.load = loader};
  return ReadThrough(key, &source, options);
}

absl::StatusOr<Result> Namespace::ReadThrough(std::string_view key, const LoadSource* source,
                                              const GetOptions& options) {
  const KeyRef ref = core_->memory().Ref(state_, key);
  // Memory alone is the truth.
  if (source == nullptr && !HasLowerTiers()) return core_->memory().Get(ref).value_or(Result());
  if (options.staleness_max != absl::InfiniteDuration()) {
    return FetchFresh(*core_, ref, source, options.staleness_max);
  }
  return Fetch(*core_, ref, source);
}

absl::StatusOr<Result> Namespace::ReadAlone(std::string_view key) {
  const KeyRef ref = core_->memory().Ref(state_, key);
  if (absl::Status status = CheckProof(*core_, ref); !status.ok()) return status;
  return FetchAlone(*core_, ref, nullptr, -absl::InfiniteDuration());
}

std::vector<absl::StatusOr<Result>> Namespace::MGet(std::span<const std::string_view> keys) {
  absl::Status open = CheckOpen();
  if (open.ok()) open = CheckHoldsBytes();
  if (!open.ok()) return std::vector<absl::StatusOr<Result>>(keys.size(), open);
  return ReadManyThrough(keys);
}

std::vector<absl::StatusOr<Result>> Namespace::ReadManyThrough(
    std::span<const std::string_view> keys) {
  std::vector<absl::StatusOr<Result>> answers(keys.size(), Result());
  std::vector<Pending> led;
  std::vector<Pending> joined;
  absl::InlinedVector<KeyRef, kKeysAtOnce> ahead;  // hashed, and on their way into the cache
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i % kKeysAtOnce == 0) {
      ahead.clear();
      for (const std::string_view key : keys.subspan(i, std::min(kKeysAtOnce, keys.size() - i))) {
        ahead.push_back(core_->memory().Ref(state_, key));
      }
      core_->memory().Prefetch(ahead);
    }
    if (absl::Status status = Check(keys[i]); !status.ok()) {
      answers[i] = status;
      continue;
    }
    const KeyRef ref = ahead[i % kKeysAtOnce];
    if (!HasLowerTiers()) {
      answers[i] = core_->memory().Get(ref).value_or(Result());
      continue;
    }
    if (engine::ActiveLoad::Contains(state_, keys[i])) {
      answers[i] = Fetch(*core_, ref, nullptr);
      continue;
    }
    if (absl::Status status = CheckProof(*core_, ref); !status.ok()) {
      answers[i] = status;
      continue;
    }
    LoadStart start = engine::StartLoad(core_->memory(), ref, true);
    switch (start.kind) {
      case LoadStart::Kind::kHit:
        answers[i] = std::move(start.hit);
        break;
      case LoadStart::Kind::kLead:
        led.push_back({i, ref, std::move(start)});
        break;
      case LoadStart::Kind::kJoin:
        joined.push_back({i, ref, std::move(start)});
        break;
    }
  }
  BringLed(*core_, led, answers);
  if (joined.empty()) return answers;
  // Only now: a batch that waits holds no flight that another one waits for.
  const absl::Duration deadline = core_->JoinDeadline();
  for (const Pending& pending : joined) {
    auto outcome = engine::AwaitLoad(core_->memory(), pending.start, deadline);
    answers[pending.index] =
        outcome.has_value() ? *std::move(outcome) : Fetch(*core_, pending.key, nullptr, false);
  }
  return answers;
}

absl::StatusOr<bool> Namespace::Has(std::string_view key) {
  const absl::StatusOr<std::optional<absl::Duration>> ttl = Ttl(key);
  if (!ttl.ok()) return ttl.status();
  return ttl->has_value();
}

absl::StatusOr<std::optional<absl::Duration>> Namespace::Ttl(std::string_view key) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  MemoryTier& memory = core_->memory();
  const KeyRef ref = memory.Ref(state_, key);
  if (const auto peeked = memory.Peek(ref)) {
    return engine::RemainingUntil(peeked->expires, memory.now());
  }
  if (!UsesStore()) {
    if (state_->shared() == nullptr) return std::nullopt;
    const absl::StatusOr<Result> found = ReadAlone(key);
    if (!found.ok()) return found.status();
    return *found ? std::optional(found->remaining_ttl) : std::nullopt;
  }
  const auto row = StoreAccess(*core_->StoreOf(state_), *state_).Read(key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::nullopt;
  return (*row)->expires_at - core_->clock().WallTime();
}

}  // namespace trivet
