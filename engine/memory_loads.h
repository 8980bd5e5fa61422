// Loads in memory: one flight per key, and the fence in front of keeping its result.
#ifndef TRIVET_ENGINE_MEMORY_LOADS_H_
#define TRIVET_ENGINE_MEMORY_LOADS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/memory_tier.h"

namespace trivet::engine {

// How a read that may load goes on.
struct LoadStart {
  enum class Kind {
    kHit,   // `hit` is the answer
    kLead,  // this thread loads, and must call FinishLoad
    kJoin,  // another thread loads
  };
  Kind kind;
  Result hit;
  std::shared_ptr<LoadFlight> flight;
  TagTime joined_at = 0;
  bool beside_write = false;  // with kLead: a write of the key is on its way to the store
};

// Looks into memory, joins the flight of the key, or begins one; all under one lock. While a write
// of the key is on its way to the store, loads of it are neither shared nor kept. `first_try`
// counts the look-up in the statistics.
LoadStart StartLoad(MemoryTier& memory, const KeyRef& key, bool first_try);

// A load that is neither shared nor kept, of what memory may have all the same.
LoadStart StartLoneLoad(MemoryTier& memory, const KeyRef& key);

// What a load brought from the tier below.
struct LoadedValue {
  std::string value = {};
  LiveObject object = {};  // if not empty, the value
  std::vector<std::string> tags = {};
  uint64_t version = 0;
  bool give_version = false;  // the shard gives one, where nobody else counts versions
  Millis expires = kNever;
  Millis idle = kNever;
  bool keep = true;
  absl::Duration staleness = absl::ZeroDuration();  // of the tier it comes from
};

// Ends the flight and hands its outcome to all who wait: an error, nothing (the truth has no such
// key), or a value, which memory keeps if nothing fenced the flight and the value fits. Returns the
// outcome.
absl::StatusOr<Result> FinishLoad(MemoryTier& memory, LoadFlight& flight, Tier source,
                                  absl::StatusOr<std::optional<LoadedValue>> loaded);

// Waits for a joined flight. nullopt: it was fenced too late to tell whether this reader came
// before the invalidation; load anew. DeadlineExceeded if `deadline` (of Clock::Elapsed) passes.
std::optional<absl::StatusOr<Result>> AwaitLoad(MemoryTier& memory, const LoadStart& joined,
                                                absl::Duration deadline);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MEMORY_LOADS_H_
