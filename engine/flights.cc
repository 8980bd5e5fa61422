#include "engine/flights.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/namespace_state.h"

namespace trivet::engine {

void Landing::Land() {
  MutexLock lock(mu_);
  done_ = true;
  landed_.SignalAll();
}

bool Landing::AwaitUntil(const Clock& clock, absl::Duration deadline) {
  MutexLock lock(mu_);
  while (!done_) {
    if (clock.Elapsed() >= deadline) return false;
    landed_.WaitFor(mu_, clock.WaitSlice(deadline));
  }
  return true;
}

Flight::Flight(NamespaceState* flight_space, std::string_view flight_key, uint64_t flight_hash)
    : space(flight_space),
      key(flight_key),
      hash(flight_hash),
      epoch(flight_space->epoch()),
      birth(flight_space->tags().now()) {}

std::shared_ptr<LoadFlight> Flights::FindLoad(NamespaceState* space, std::string_view key,
                                              uint64_t hash) const {
  const auto it = loads_.find(FlightKey{space, key, hash});
  // A namespace is cleared in one increment, without a visit here.
  if (it == loads_.end() || it->second->epoch != space->epoch()) return nullptr;
  return it->second;
}

std::shared_ptr<WriteFlight> Flights::FindWrite(NamespaceState* space, std::string_view key,
                                                uint64_t hash) const {
  const auto it = writes_.find(FlightKey{space, key, hash});
  return it == writes_.end() ? nullptr : it->second;
}

void Flights::Add(const std::shared_ptr<LoadFlight>& flight) {
  FenceLoad(flight->space, flight->key, flight->hash);  // one of an older epoch
  loads_.emplace(KeyOf(*flight), flight);
}

void Flights::Add(const std::shared_ptr<WriteFlight>& flight) {
  const bool added = writes_.emplace(KeyOf(*flight), flight).second;
  TRIVET_CHECK(added, "two writes of one key at a time");
}

void Flights::AddFenced(LoadFlight* flight) {
  flight->fenced = true;
  ++fenced_loads_;
}

void Flights::Remove(LoadFlight* flight) {
  flight->ended = true;
  if (flight->fenced) {
    --fenced_loads_;
  } else {
    loads_.erase(KeyOf(*flight));
  }
}

void Flights::Remove(WriteFlight* flight) {
  flight->ended = true;
  writes_.erase(KeyOf(*flight));
}

void Flights::FenceLoadIfThere(NamespaceState* space, std::string_view key, uint64_t hash) {
  const auto it = loads_.find(FlightKey{space, key, hash});
  if (it == loads_.end()) return;
  it->second->fenced = true;
  ++fenced_loads_;
  loads_.erase(it);
}

void Flights::Overtake(NamespaceState* space, std::string_view key, uint64_t hash,
                       uint64_t version) {
  if (version == 0) return FenceAll(space, key, hash);
  FenceLoad(space, key, hash);
  if (const auto it = writes_.find(FlightKey{space, key, hash}); it != writes_.end()) {
    uint64_t& newest = it->second->newest_version;
    newest = std::max(newest, version);
  }
}

void Flights::FenceAll(NamespaceState* space, std::string_view key, uint64_t hash) {
  FenceLoad(space, key, hash);
  if (const auto it = writes_.find(FlightKey{space, key, hash}); it != writes_.end()) {
    it->second->fenced = true;
  }
}

void Flights::FenceMatching(NamespaceState* space,
                            absl::FunctionRef<bool(std::string_view)> matches) {
  for (auto it = loads_.begin(); it != loads_.end();) {
    LoadFlight& flight = *it->second;
    if (flight.space != space || !matches(flight.key)) {
      ++it;
      continue;
    }
    flight.fenced = true;
    ++fenced_loads_;
    loads_.erase(it++);
  }
  for (auto& [key, flight] : writes_) {
    if (flight->space == space && matches(flight->key)) flight->fenced = true;
  }
}

}  // namespace trivet::engine
