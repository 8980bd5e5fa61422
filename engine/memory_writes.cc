#include "engine/memory_writes.h"

#include <algorithm>
#include <utility>

#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

KeyRef KeyOf(const WriteFlight& flight) { return {flight.space, flight.key, flight.hash}; }

bool IsFenced(const WriteFlight& flight, const TagRecords& records) {
  return flight.fenced || flight.epoch != flight.space->epoch() ||
         std::any_of(records.begin(), records.end(), [&flight](const TagRecord* record) {
           return record->InvalidatedSince(flight.birth);
         });
}

}  // namespace

absl::StatusOr<std::shared_ptr<WriteFlight>> StartWrite(MemoryTier& memory, const KeyRef& key,
                                                        absl::Duration deadline) {
  Shard& shard = memory.ShardOf(key.hash);
  while (true) {
    std::shared_ptr<WriteFlight> ahead;
    {
      MutexLock lock(shard.mu);
      Flights& flights = shard.flights();
      ahead = flights.FindWrite(key.space, key.key, key.hash);
      if (ahead == nullptr) {
        auto flight = std::make_shared<WriteFlight>(key.space, key.key, key.hash);
        flights.FenceLoad(key.space, key.key, key.hash);
        flights.Add(flight);
        return flight;
      }
    }
    if (!ahead->landing.AwaitUntil(memory.clock(), deadline)) {
      return absl::DeadlineExceededError("waited too long for another thread's write of the key");
    }
  }
}

void AbandonWrite(MemoryTier& memory, WriteFlight& flight) {
  {
    Shard& shard = memory.ShardOf(flight.hash);
    MutexLock lock(shard.mu);
    shard.flights().Remove(&flight);
  }
  flight.landing.Land();
}

void FinishWrite(MemoryTier& memory, WriteFlight& flight, const NewValue& value, bool may_keep) {
  const KeyRef key = KeyOf(flight);
  const Millis now = memory.now();
  TagRecords records = key.space->tags().Acquire(value.tags);
  EntryPtr fresh = memory.Prepare(key, value, records.size(), now);
  if (fresh != nullptr) fresh->epoch = flight.epoch;
  const bool has_room = fresh != nullptr && !memory.IsPinnedFull();
  Shard& shard = memory.ShardOf(key.hash);
  // Listeners are told when the flight has landed: the next writer does not wait for them.
  Removals removals = memory.NewRemovals();
  {
    MutexLock lock(shard.mu);
    shard.flights().Remove(&flight);
    shard.flights().FenceLoad(key.space, key.key, key.hash);
    Entry* old = shard.FindLive(key, now, &removals);
    const bool fits = fresh == nullptr || shard.Fits(key.space, fresh->charge());
    const bool keep = may_keep && flight.newest_version <= value.version &&
                      key.space->IsServed(now) && !IsFenced(flight, records);
    const bool is_linked =
        keep && fits && has_room && memory.Link(key, shard, fresh, old, &records, now, &removals);
    if (!is_linked && old != nullptr) {
      shard.Remove(old, key.hash, fits ? RemovalCause::kInvalidated : RemovalCause::kOversize,
                   &removals);
    } else if (!is_linked && !fits) {
      ++shard.counters(key.space).oversize;
    }
  }
  flight.landing.Land();
  key.space->tags().Release(records);
  removals.Finish();
  memory.HelpIfNeeded(shard);
}

std::optional<Value> FinishWriteWithNothing(MemoryTier& memory, WriteFlight& flight,
                                            RemovalCause cause) {
  const KeyRef key = KeyOf(flight);
  const Millis now = memory.now();
  std::optional<Value> value;
  Removals removals = memory.NewRemovals();
  {
    Shard& shard = memory.ShardOf(key.hash);
    MutexLock lock(shard.mu);
    shard.flights().Remove(&flight);
    shard.flights().FenceLoad(key.space, key.key, key.hash);
    if (Entry* entry = shard.FindLive(key, now, &removals)) {
      value = memory.ledger().Pin(entry);
      shard.Remove(entry, key.hash, cause, &removals);
    }
  }
  flight.landing.Land();
  return value;
}

}  // namespace trivet::engine
