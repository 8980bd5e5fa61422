#include "engine/memory_loads.h"

#include <algorithm>
#include <utility>

#include "engine/millis.h"
#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

bool IsFencedByTag(const Flight& flight, const TagRecords& records) {
  return std::any_of(records.begin(), records.end(), [&flight](const TagRecord* record) {
    return record->InvalidatedSince(flight.birth);
  });
}

// Without a proof no message fences a load: a slow one would hand out what ended long ago.
absl::Duration Since(const LoadFlight& flight, Millis now) {
  return absl::Milliseconds(now > flight.began ? now - flight.began : 0);
}

bool IsYoung(const LoadFlight& flight, Millis now) {
  return !flight.asks_shared.load(std::memory_order_relaxed) &&
         now < flight.began + flight.space->bound();
}

// Links the value, if it may be kept; the flight ends at that moment.
Result Keep(MemoryTier& memory, LoadFlight& flight, LoadedValue& loaded, Removals* removals) {
  const KeyRef key{flight.space, flight.key, flight.hash};
  const Millis now = memory.now();
  TagRecords records = key.space->tags().Acquire(loaded.tags);
  const NewValue value{.value = loaded.value,
                       .object = loaded.object ? &loaded.object : nullptr,
                       .tags = {},
                       .version = loaded.version,
                       .expires = loaded.expires,
                       .idle = loaded.idle};
  EntryPtr fresh = memory.Prepare(key, value, records.size(), now);
  const bool has_room = fresh != nullptr;
  if (!has_room) fresh = memory.PrepareOnHeap(key, value, now);
  fresh->epoch = flight.epoch;
  const bool pinned_full = memory.IsPinnedFull();
  Result result;
  {
    Shard& shard = memory.ShardOf(key.hash);
    MutexLock lock(shard.mu);
    Stats& counters = shard.counters(key.space);
    flight.fenced_by_tag = IsFencedByTag(flight, records);
    const bool fenced = flight.fenced || flight.fenced_by_tag || flight.epoch != key.space->epoch();
    // Without a proof nobody would tell us when it ends.
    const bool keep = loaded.keep && key.space->IsServed(now);
    shard.flights().Remove(&flight);
    if (fenced && !flight.lone) ++counters.loads_fenced;
    const bool fits = shard.Fits(key.space, fresh->charge());
    if (!fits) ++counters.oversize;
    if (loaded.give_version) fresh->SetVersion(shard.NextVersion());
    if (!fenced && keep && fits && has_room && !pinned_full) {
      Entry* old = shard.FindLive(key, now, removals);
      // Between processes an older answer may come later.
      if (old != nullptr && loaded.version != 0 && old->version() > loaded.version) {
        result = memory.ResultOf(key.space, old, now);
      } else {
        // Pinned before it is linked: the maintenance in there may find that it has died already.
        result = memory.ResultOf(key.space, fresh.get(), now);
        if (!memory.Link(key, shard, fresh, old, &records, now, removals)) [[unlikely]]
          result = Result();
      }
    }
  }
  key.space->tags().Release(records);
  if (!result) {
    result.version = fresh->version();
    result.remaining_ttl = RemainingUntil(loaded.expires, now);
    result.value = memory.ledger().Adopt(fresh.release());
  }
  result.staleness = loaded.staleness + Since(flight, now);
  return result;
}

}  // namespace

LoadStart StartLoad(MemoryTier& memory, const KeyRef& key, bool first_try) {
  LoadStart start{.kind = LoadStart::Kind::kHit, .hit = {}, .flight = nullptr};
  const Millis proven_at = key.space->proven_at();
  if (first_try && memory.TryRead(key, [&](Entry* entry) {
        start.hit = memory.ResultOf(key.space, entry, memory.now(), proven_at);
      })) {
    return start;
  }
  const Millis now = memory.now();
  Removals removals = memory.NewRemovals();
  Shard& shard = memory.ShardOf(key.hash);
  MutexLock lock(shard.mu);
  const bool served = key.space->IsServed(now);
  Entry* entry = served ? shard.FindLive(key, now, &removals) : nullptr;
  if (first_try) (entry != nullptr) ? memory.CountHit(key.space) : memory.CountMiss(key.space);
  if (entry != nullptr) {
    Shard::RecordUse(entry, now);
    start.hit = memory.ResultOf(key.space, entry, now);
    shard.RecordHit(entry, memory.Reserved(), now, &removals);
    return start;
  }
  Stats& counters = shard.counters(key.space);
  Flights& flights = shard.flights();
  const bool write_is_open = flights.FindWrite(key.space, key.key, key.hash) != nullptr;
  if (!write_is_open) {
    auto flight = flights.FindLoad(key.space, key.key, key.hash);
    if (flight != nullptr && (served || IsYoung(*flight, now))) {
      ++counters.load_joins;
      return {.kind = LoadStart::Kind::kJoin,
              .hit = {},
              .flight = std::move(flight),
              .joined_at = key.space->tags().now()};
    }
  }
  auto flight = std::make_shared<LoadFlight>(key.space, key.key, key.hash, now);
  if (write_is_open) {
    flights.AddFenced(flight.get());
  } else {
    flights.Add(flight);
  }
  return {.kind = LoadStart::Kind::kLead,
          .hit = {},
          .flight = std::move(flight),
          .beside_write = write_is_open};
}

LoadStart StartLoneLoad(MemoryTier& memory, const KeyRef& key) {
  auto flight = std::make_shared<LoadFlight>(key.space, key.key, key.hash, memory.now());
  Shard& shard = memory.ShardOf(key.hash);
  MutexLock lock(shard.mu);
  const bool beside_write = shard.flights().FindWrite(key.space, key.key, key.hash) != nullptr;
  flight->lone = true;
  shard.flights().AddFenced(flight.get());
  return {.kind = LoadStart::Kind::kLead,
          .hit = {},
          .flight = std::move(flight),
          .beside_write = beside_write};
}

absl::StatusOr<Result> FinishLoad(MemoryTier& memory, LoadFlight& flight, Tier source,
                                  absl::StatusOr<std::optional<LoadedValue>> loaded) {
  // Listeners are told when the flight has landed: who joined it does not wait for them.
  Removals removals = memory.NewRemovals();
  const bool failed = !loaded.ok();
  absl::StatusOr<Result> outcome = Result();
  if (failed) {
    outcome = loaded.status();
  } else if (loaded->has_value()) {
    outcome = Keep(memory, flight, **loaded, &removals);
    outcome->tier = source;
  } else if (source == Tier::kStore || source == Tier::kLoader) {
    outcome->staleness = Since(flight, memory.now());
  }
  absl::StatusOr<Result> dropped = Result();  // what it pins is freed without the lock
  {
    const Millis now = memory.now();
    Shard& shard = memory.ShardOf(flight.hash);
    MutexLock lock(shard.mu);
    // Keep has ended it already, under the lock under which it linked the entry.
    if (!flight.ended) {
      // Nothing was brought, so any tag may be the one that tells of a change.
      flight.fenced_by_tag = flight.space->tags().now() != flight.birth;
      shard.flights().Remove(&flight);
    }
    // Read beside a write, the store may be ahead of memory: what others still get there, this
    // reader gets too, or they would read backwards.
    if (!failed && source != Tier::kLoader && flight.fenced) {
      Entry* entry = shard.FindLive({flight.space, flight.key, flight.hash}, now, &removals);
      if (entry != nullptr && !flight.lone && flight.space->IsServed(now)) {
        dropped = std::move(outcome);
        outcome = memory.ResultOf(flight.space, entry, now);
      }
    }
    Stats& counters = shard.counters(flight.space);
    if (source == Tier::kLoader) {
      ++counters.loads;
      if (failed) ++counters.load_failures;
    }
  }
  flight.outcome = outcome;
  flight.asked_loader = source == Tier::kLoader;
  flight.landing.Land();
  removals.Finish();
  memory.KeepToBudget(memory.ShardOf(flight.hash));
  return outcome;
}

std::optional<absl::StatusOr<Result>> AwaitLoad(MemoryTier& memory, const LoadStart& joined,
                                                absl::Duration deadline) {
  LoadFlight& flight = *joined.flight;
  if (!flight.landing.AwaitUntil(memory.clock(), deadline)) {
    return absl::DeadlineExceededError("waited too long for another thread's load of the key");
  }
  if (flight.fenced_by_tag && joined.joined_at != flight.birth) return std::nullopt;
  return flight.outcome;
}

}  // namespace trivet::engine
