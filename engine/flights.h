// Loads and writes in progress: who may share a load, and what forbids keeping its result.
#ifndef TRIVET_ENGINE_FLIGHTS_H_
#define TRIVET_ENGINE_FLIGHTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/millis.h"
#include "engine/mutex.h"
#include "engine/tag_table.h"
#include "trivet/clock.h"
#include "trivet/result.h"

namespace trivet::engine {

class NamespaceState;

// Ends once; any number of threads wait for that, with a deadline on the cache's clock.
class Landing {
 public:
  void Land();

  // False if `deadline` (of Clock::Elapsed) passed first.
  bool AwaitUntil(const Clock& clock, absl::Duration deadline);

 private:
  Mutex mu_;
  CondVar landed_;
  bool done_ TRIVET_GUARDED_BY(mu_) = false;
};

// One load or write of one key.
//
// A flight begins before it looks at the truth and records that moment: the epoch of its namespace
// and the time of its tags. What is invalidated later *fences* it: by key or pattern through
// `fenced`, which the invalidation sets; by namespace, because the epoch has moved on; by tag,
// because the time of a tag has. The check is made under the shard's lock when the flight ends, and
// a fenced flight keeps nothing in memory.
struct Flight {
  Flight(NamespaceState* flight_space, std::string_view flight_key, uint64_t flight_hash);

  NamespaceState* const space;
  const std::string key;
  const uint64_t hash;
  const uint32_t epoch;
  const TagTime birth;

  // Guarded by the shard's lock.
  bool fenced = false;
  bool ended = false;  // no longer among the shard's flights

  Landing landing;
};

// A load, whose outcome is shared. A reader joins it only while nothing has fenced it. One doubt
// remains: a tag that the loader declares at its end may have been invalidated after the load began
// and before a reader joined. So when a load turns out to be fenced by a tag, only those take its
// outcome who joined before any tag of the namespace was invalidated since; the others load anew.
struct LoadFlight : Flight {
  LoadFlight(NamespaceState* flight_space, std::string_view flight_key, uint64_t flight_hash,
             Millis now)
      : Flight(flight_space, flight_key, flight_hash), began(now) {}

  // Set before the flight lands, constant afterwards.
  absl::StatusOr<Result> outcome = absl::UnknownError("the load has not landed");
  bool fenced_by_tag = false;
  bool asked_loader = false;

  // For who wants to join while memory lacks a proof: when it began, and whether it asks other
  // processes' tier, whose answer is as old as the last proof.
  const Millis began;
  bool lone = false;  // wants no answer but its own; set before it flies
  std::atomic<bool> asks_shared{false};
};

// A write through to the store. Writes of one key follow one another.
struct WriteFlight : Flight {
  using Flight::Flight;

  // The newest version that another process told of; guarded by the shard's lock.
  uint64_t newest_version = 0;
};

// The flights of one shard: at most one load that may be joined and one write per key.
//
// Not thread-safe: guarded by the shard. The records themselves are shared with the threads that
// fly and wait.
class Flights {
 public:
  // The load that a reader who comes now may join, or null.
  std::shared_ptr<LoadFlight> FindLoad(NamespaceState* space, std::string_view key,
                                       uint64_t hash) const;
  std::shared_ptr<WriteFlight> FindWrite(NamespaceState* space, std::string_view key,
                                         uint64_t hash) const;

  // REQUIRES: the key has no flight of that kind (a fenced load does not count).
  void Add(const std::shared_ptr<LoadFlight>& flight);
  void Add(const std::shared_ptr<WriteFlight>& flight);

  // A load that nobody may join and that may keep nothing: it is fenced from the start.
  void AddFenced(LoadFlight* flight);

  // The flight ends: nobody joins or fences it any more.
  void Remove(LoadFlight* flight);
  void Remove(WriteFlight* flight);

  // The key was changed or invalidated: fences its load.
  void FenceLoad(NamespaceState* space, std::string_view key, uint64_t hash) {
    if (!loads_.empty()) FenceLoadIfThere(space, key, hash);
  }
  // Another process has a version of the key (0: newer than any): fences its load, and its write
  // unless that turns out to be newer.
  void Overtake(NamespaceState* space, std::string_view key, uint64_t hash, uint64_t version);
  // The truth changed elsewhere: fences its load and its write.
  void FenceAll(NamespaceState* space, std::string_view key, uint64_t hash);
  // The same for all keys of a namespace that match.
  void FenceMatching(NamespaceState* space, absl::FunctionRef<bool(std::string_view)> matches);

  size_t size() const { return loads_.size() + writes_.size() + fenced_loads_; }

 private:
  struct FlightKey {
    const NamespaceState* space;
    std::string_view key;  // of the flight, or of the one who asks
    uint64_t hash;
    friend bool operator==(const FlightKey& a, const FlightKey& b) {
      return a.hash == b.hash && a.space == b.space && a.key == b.key;
    }
    template <typename H>
    friend H AbslHashValue(H state, const FlightKey& flight_key) {
      return H::combine(std::move(state), flight_key.hash);
    }
  };
  void FenceLoadIfThere(NamespaceState* space, std::string_view key, uint64_t hash);
  static FlightKey KeyOf(const Flight& flight) { return {flight.space, flight.key, flight.hash}; }

  absl::flat_hash_map<FlightKey, std::shared_ptr<LoadFlight>> loads_;
  absl::flat_hash_map<FlightKey, std::shared_ptr<WriteFlight>> writes_;
  size_t fenced_loads_ = 0;  // in progress, and no longer in loads_
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_FLIGHTS_H_
