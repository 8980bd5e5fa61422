// One program under test, as a chaos run sees it: it reads and changes keys.
#ifndef TRIVET_TESTS_LIVE_CHAOS_CLIENT_H_
#define TRIVET_TESTS_LIVE_CHAOS_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/live/chaos_board.h"
#include "trivet/result.h"

namespace trivet::testing {

struct ChaosRead {
  uint64_t version = 0;  // 0: there is nothing
  Tier tier = Tier::kNone;
};

// The keys that have another version, and which.
using ChaosChanges = std::vector<std::pair<size_t, uint64_t>>;

struct ChaosWrite {
  ChaosChanges changes = {};
  Coherence coherence = Coherence::kLocal;
};

// Thread-safety: all methods, on any thread.
class ChaosClient {
 public:
  virtual ~ChaosClient() = default;

  virtual absl::StatusOr<ChaosRead> Read(ChaosSpace space, size_t key) = 0;
  // Changes the key, or for some pages the whole group. `promised` is called as soon as the other
  // processes must see the change, even if this one dies now.
  virtual absl::StatusOr<ChaosWrite> Write(
      ChaosSpace space, size_t key, absl::FunctionRef<void(const ChaosChanges&)> promised) = 0;
  // Until the run is over, as the process in that place; returns at once where there are no locks.
  virtual void WorkUnderLocks(size_t slot) = 0;
};

struct ChaosPlace {
  std::string redis_url = {};
  std::string store_path = {};
};

// How long ago a change may have been acknowledged that a read does not show, at most.
inline constexpr absl::Duration kChaosStaleness = absl::Seconds(2);
inline constexpr absl::Duration kChaosRelay = absl::Milliseconds(500);

// trivet, over Redis and SQLite.
std::unique_ptr<ChaosClient> NewTrivetChaosClient(const ChaosPlace& place, ChaosBoard* board);

// What people write: look into Redis, else read the store and put it there; change the store, then
// delete from Redis.
std::unique_ptr<ChaosClient> NewNaiveChaosClient(const ChaosPlace& place, ChaosBoard* board);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_CHAOS_CLIENT_H_
