// Reads, through the tiers and of memory alone.
#include <algorithm>
#include <utility>

#include "tests/support/twin_cache.h"

namespace trivet::testing {

// --- Memory only
// ----------------------------------------------------------------------------------

void TwinCache::Find(Name name) {
  Begin("Find", name);
  Value value = SpaceOf(name.space).Find(KeyOf(name));
  CheckFound(value, Read(name));
  const std::string bytes(value.bytes());
  KeepPinned(std::move(value), bytes);
  End();
}

void TwinCache::FindInto(Name name) {
  Begin("FindInto", name);
  std::string out = "untouched";
  const bool found = SpaceOf(name.space).FindInto(KeyOf(name), &out);
  const ModelEntry* expected = Read(name);
  Same(found, expected != nullptr, "FindInto found it");
  Same(out, expected != nullptr ? expected->bytes : "untouched", "FindInto's bytes");
  End();
}

void TwinCache::Visit(Name name) {
  Begin("Visit", name);
  std::optional<std::string> bytes;
  const bool found =
      SpaceOf(name.space).Visit(KeyOf(name), [&](std::string_view visited) { bytes = visited; });
  const ModelEntry* expected = Read(name);
  Same(found, expected != nullptr, "Visit found it");
  Same(bytes.has_value(), found, "Visit visited");
  if (bytes.has_value() && expected != nullptr) Same(*bytes, expected->bytes, "Visit's bytes");
  End();
}

// --- Through the tiers
// ----------------------------------------------------------------------------

void TwinCache::Get(Name name) {
  Begin("Get", name);
  const bool had_row = HasStore(name.space) && FindRow(name) != nullptr;
  absl::StatusOr<Result> result = SpaceOf(name.space).Get(KeyOf(name));
  if (HasStore(name.space) && IsLoading(name)) {
    CheckOwnLoad(name, result);
  } else if (const ModelEntry* live = Read(name)) {
    CheckHit(result, *live);
  } else if (!HasStore(name.space)) {
    CheckMiss(result);
  } else {
    Stats& counters = CountersOf(name.space);
    ++counters.store_reads;
    if (IsFault(result.status())) {
      ++counters.store_errors;
    } else if (had_row) {
      ++counters.store_hits;
      FinishStoreRead(result, Flight{.name = name});
    } else {
      CheckMiss(result);
    }
  }
  if (result.ok()) {
    const std::string bytes(result->bytes());
    KeepPinned(std::move(result->value), bytes);
  }
  End();
}

void TwinCache::MGet(int space, const std::vector<int>& keys) {
  Begin("MGet", {space, keys.front()});
  auto results = SpaceOf(space).MGet(KeysOf(keys));
  Same(results.size(), keys.size(), "the answers of MGet");
  std::vector<size_t> asked;   // of the store, one for each key
  std::vector<size_t> joined;  // the same keys once more
  for (size_t i = 0; i < keys.size(); ++i) {
    const Name name{space, keys[i]};
    if (HasStore(space) && IsLoading(name)) {
      CheckOwnLoad(name, results[i]);
    } else if (const ModelEntry* live = Read(name)) {
      CheckHit(results[i], *live);
    } else if (!HasStore(space)) {
      CheckMiss(results[i]);
    } else if (std::any_of(asked.begin(), asked.end(),
                           [&](size_t other) { return keys[other] == keys[i]; })) {
      ++CountersOf(space).load_joins;
      joined.push_back(i);
    } else {
      asked.push_back(i);
    }
  }
  if (!asked.empty()) {
    Stats& counters = CountersOf(space);
    counters.store_reads += asked.size();
    if (IsFault(results[asked.front()].status())) {
      ++counters.store_errors;
      for (const size_t i : asked) Check(IsFault(results[i].status()), "MGet fails as one");
      for (const size_t i : joined) Check(IsFault(results[i].status()), "MGet fails as one");
      joined.clear();
      asked.clear();
    }
    for (const size_t i : asked) {
      const Name name{space, keys[i]};
      if (FindRow(name) != nullptr) {
        ++counters.store_hits;
        FinishStoreRead(results[i], Flight{.name = name});
      } else {
        CheckMiss(results[i]);
      }
    }
    for (const size_t i : joined) {
      const Row* row = FindRow({space, keys[i]});
      Check(results[i].ok(), "MGet of a key twice");
      Same(results[i]->bytes(), row == nullptr ? "" : row->value, "MGet of a key twice");
    }
  }
  End();
}

void TwinCache::Has(Name name) {
  Begin("Has", name);
  const absl::StatusOr<bool> has = SpaceOf(name.space).Has(KeyOf(name));
  const bool in_memory = memory_.FindLive(name) != nullptr;
  if (in_memory || !HasStore(name.space)) {
    Check(has.ok(), "Has");
    Same(*has, in_memory, "Has");
  } else {
    Stats& counters = CountersOf(name.space);
    ++counters.store_reads;
    if (IsFault(has.status())) {
      ++counters.store_errors;
    } else {
      const bool has_row = FindRow(name) != nullptr;
      if (has_row) ++counters.store_hits;
      Check(has.ok(), "Has");
      Same(*has, has_row, "Has, of the store");
    }
  }
  End();
}

void TwinCache::Ttl(Name name) {
  Begin("Ttl", name);
  const auto ttl = SpaceOf(name.space).Ttl(KeyOf(name));
  const ModelEntry* live = memory_.FindLive(name);
  std::optional<absl::Duration> expected;
  if (live != nullptr) {
    expected = FromMs(live->expires == kForever ? kForever : live->expires - memory_.now());
  } else if (HasStore(name.space)) {
    Stats& counters = CountersOf(name.space);
    ++counters.store_reads;
    if (IsFault(ttl.status())) {
      ++counters.store_errors;
      End();
      return;
    }
    if (const Row* row = FindRow(name)) {
      ++counters.store_hits;
      expected = row->expires_at - clock_.WallTime();
    }
  }
  Check(ttl.ok(), "Ttl");
  Check(*ttl == expected, "Ttl");
  End();
}

// --- Parts
// ----------------------------------------------------------------------------------------

// A look-up in memory that counts. Null: not there.
ModelEntry* TwinCache::Read(Name name) {
  ModelEntry* live = memory_.FindLive(name);
  if (live == nullptr) {
    ++CountersOf(name.space).misses;
    return nullptr;
  }
  ++CountersOf(name.space).hits;
  memory_.Use(name);
  return live;
}

bool TwinCache::IsLoading(Name name) const {
  return std::find(loading_.begin(), loading_.end(), name) != loading_.end();
}

void TwinCache::CheckFound(const Value& value, const ModelEntry* expected) {
  Same(static_cast<bool>(value), expected != nullptr, "found in memory");
  if (expected != nullptr) Same(value.bytes(), expected->bytes, "the bytes found in memory");
}

void TwinCache::CheckHit(const absl::StatusOr<Result>& result, const ModelEntry& expected) {
  if (!result.ok()) {
    Check(false, "a hit is no error: " + result.status().ToString());
    return;
  }
  Check(result->tier == Tier::kMemory, "a hit in memory comes from memory");
  Same(result->bytes(), expected.bytes, "the bytes of a hit");
  Same(result->version, expected.version, "the version of a hit");
  Same(result->age, absl::Milliseconds(memory_.now() - expected.created), "the age of a hit");
  Same(result->remaining_ttl,
       FromMs(expected.expires == kForever ? kForever : expected.expires - memory_.now()),
       "the remaining TTL of a hit");
}

void TwinCache::CheckMiss(const absl::StatusOr<Result>& result) {
  Check(result.ok(), "a miss is no error");
  Check(!result.ok() || (!*result && result->tier == Tier::kNone), "a miss");
}

// A loader asks for the key that it loads: what was set meanwhile, or an error.
void TwinCache::CheckOwnLoad(Name name, const absl::StatusOr<Result>& result) {
  if (const ModelEntry* live = Read(name)) {
    CheckHit(result, *live);
  } else {
    Same(result.status().code(), absl::StatusCode::kFailedPrecondition, "a load within itself");
  }
}

void TwinCache::CheckLoaded(const absl::StatusOr<Result>& result, Tier tier,
                            const ModelEntry& expected) {
  if (!result.ok()) {
    Check(false, "a load that brought something is no error: " + result.status().ToString());
    return;
  }
  Check(result->tier == tier, "the tier of a load");
  Same(result->bytes(), expected.bytes, "the bytes of a load");
  Same(result->version, expected.version, "the version of a load");
  Same(result->age, absl::ZeroDuration(), "the age of a load");
  Same(result->remaining_ttl,
       FromMs(expected.expires == kForever ? kForever : expected.expires - memory_.now()),
       "the remaining TTL of a load");
}

}  // namespace trivet::testing
