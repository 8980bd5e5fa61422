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
#include "engine/memory_loads.h"
#include "engine/names.h"
#include "engine/store_access.h"
#include "trivet/namespace.h"

namespace trivet {
namespace {

using engine::Core;
using engine::KeyRef;
using engine::LoadedValue;
using engine::LoadFlight;
using engine::LoadStart;
using engine::MemoryTier;
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
                                                    const Core& core, const KeyRef& key) {
  if (!loaded.ok()) return loaded.status();
  if (!loaded->has_value()) return std::nullopt;
  if (absl::Status status = engine::CheckTags(load.tags(), "Load.AddTag"); !status.ok()) {
    return status;
  }
  const NamespaceOptions& options = key.space->options();
  const absl::Duration ttl = load.ttl().value_or(options.ttl);
  if (absl::Status status = engine::CheckTtl("Load.SetTtl", ttl); !status.ok()) return status;
  const size_t size = (*loaded)->size();
  if (size > kValueBytesCeiling) {
    return absl::InvalidArgumentError(absl::StrCat("the loader returned ", size, " bytes, at most ",
                                                   kValueBytesCeiling, " are possible"));
  }
  const bool has_store = core.StoreOf(key.space) != nullptr;
  const auto now = static_cast<engine::Millis>(absl::ToInt64Milliseconds(core.clock().Elapsed()));
  return LoadedValue{.value = *std::move(*loaded),
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

Brought Bring(Core& core, const KeyRef& key, const Loader* loader) {
  if (Backing* backing = core.StoreOf(key.space)) {
    auto row = StoreAccess(*backing, *key.space).Read(key.key);
    if (!row.ok()) return {Tier::kStore, row.status()};
    if (row->has_value()) {
      auto value = engine::ToLoaded(**std::move(row), key.space->options(), core.clock());
      if (value.has_value()) return {Tier::kStore, std::move(value)};
    }
  }
  if (loader == nullptr) return {Tier::kNone, std::nullopt};
  Load load(key.space->name(), key.key);
  const engine::ActiveLoad active(key.space, key.key);
  return {Tier::kLoader, ToLoaded(RunLoader(*loader, load), load, core, key)};
}

// Memory, then one load per key that all who ask meanwhile share.
absl::StatusOr<Result> Fetch(Core& core, const KeyRef& key, const Loader* loader) {
  MemoryTier& memory = core.memory();
  if (engine::ActiveLoad::Contains(key.space, key.key)) {
    // Waiting for itself, unless it has Set the key meanwhile.
    if (auto set_meanwhile = memory.Get(key)) return *std::move(set_meanwhile);
    return absl::FailedPreconditionError("the loader asks for the key that it loads");
  }
  std::optional<absl::Duration> deadline;
  for (bool first_try = true;; first_try = false) {
    LoadStart start = engine::StartLoad(memory, key, first_try);
    switch (start.kind) {
      case LoadStart::Kind::kHit:
        return std::move(start.hit);
      case LoadStart::Kind::kLead: {
        Brought brought = Bring(core, key, loader);
        return engine::FinishLoad(memory, *start.flight, brought.source, std::move(brought.value));
      }
      case LoadStart::Kind::kJoin:
        if (!deadline.has_value()) deadline = core.JoinDeadline();
        if (auto outcome = engine::AwaitLoad(memory, start, *deadline)) {
          // What a Get did not find in the store, our loader may have.
          const bool is_miss = outcome->ok() && !**outcome;
          if (loader != nullptr && is_miss && !start.flight->asked_loader) continue;
          return *std::move(outcome);
        }
    }
  }
}

}  // namespace

absl::StatusOr<Result> Namespace::Get(std::string_view key) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  const KeyRef ref = core_->memory().Ref(state_, key);
  if (UsesStore()) return Fetch(*core_, ref, nullptr);
  return core_->memory().Get(ref).value_or(Result());
}

absl::StatusOr<Result> Namespace::GetOrLoad(std::string_view key, Loader loader) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  return Fetch(*core_, core_->memory().Ref(state_, key), &loader);
}

std::vector<absl::StatusOr<Result>> Namespace::MGet(std::span<const std::string_view> keys) {
  std::vector<absl::StatusOr<Result>> answers(keys.size(), Result());
  struct Pending {
    size_t index;
    KeyRef key;
    LoadStart start;
  };
  std::vector<Pending> led;
  std::vector<Pending> joined;
  const bool is_open = CheckOpen().ok();
  absl::InlinedVector<KeyRef, kKeysAtOnce> ahead;  // hashed, and on their way into the cache
  for (size_t i = 0; i < keys.size(); ++i) {
    if (is_open && i % kKeysAtOnce == 0) {
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
    const KeyRef ref =
        ahead.empty() ? core_->memory().Ref(state_, keys[i]) : ahead[i % kKeysAtOnce];
    if (!UsesStore()) {
      answers[i] = core_->memory().Get(ref).value_or(Result());
      continue;
    }
    if (engine::ActiveLoad::Contains(state_, keys[i])) {
      answers[i] = Fetch(*core_, ref, nullptr);
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
  if (!led.empty()) {
    std::vector<std::string_view> missing;
    missing.reserve(led.size());
    for (const Pending& pending : led) missing.push_back(pending.key.key);
    auto rows = StoreAccess(*core_->StoreOf(state_), *state_).ReadMany(missing);
    for (size_t i = 0; i < led.size(); ++i) {
      absl::StatusOr<std::optional<LoadedValue>> value = std::nullopt;
      if (!rows.ok()) {
        value = rows.status();
      } else if ((*rows)[i].has_value()) {
        value = engine::ToLoaded(*std::move((*rows)[i]), state_->options(), core_->clock());
      }
      answers[led[i].index] =
          engine::FinishLoad(core_->memory(), *led[i].start.flight, Tier::kStore, std::move(value));
    }
  }
  if (joined.empty()) return answers;
  // Only now: a batch that waits holds no flight that another one waits for.
  const absl::Duration deadline = core_->JoinDeadline();
  for (const Pending& pending : joined) {
    auto outcome = engine::AwaitLoad(core_->memory(), pending.start, deadline);
    answers[pending.index] =
        outcome.has_value() ? *std::move(outcome) : Fetch(*core_, pending.key, nullptr);
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
  if (const auto peeked = memory.Peek(memory.Ref(state_, key))) {
    return engine::RemainingUntil(peeked->expires, memory.now());
  }
  if (!UsesStore()) return std::nullopt;
  const auto row = StoreAccess(*core_->StoreOf(state_), *state_).Read(key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::nullopt;
  return (*row)->expires_at - core_->clock().WallTime();
}

}  // namespace trivet
