// What the operations of a namespace answer.
#ifndef TRIVET_RESULT_H_
#define TRIVET_RESULT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "trivet/value.h"

namespace trivet {

// Where an answer came from.
enum class Tier {
  kNone,    // nowhere: there is no such entry
  kMemory,  // the store in this process
  kShared,  // the tier that processes share
  kStore,   // the SQL database behind the Backing seam
  kLoader,  // the caller's loader, run by this call or by one it joined
};

// "none", "memory", "shared", "store" or "loader".
const char* TierName(Tier tier);

// The answer of Get and its relatives. An empty `value` is a miss, not an error.
struct Result {
  Value value = {};
  Tier tier = Tier::kNone;
  // Grows with every write of the key; 0 where nothing is known, as in namespaces without versions.
  // See docs/writing.md.
  uint64_t version = 0;
  // How long ago the value was read from the tier below, or written. Zero for a fresh answer,
  // infinite where that is not known (NamespaceOptions::versions).
  absl::Duration age = absl::ZeroDuration();
  // What is left of the TTL; infinite where there is none.
  absl::Duration remaining_ttl = absl::InfiniteDuration();

  // What another process ended may show in this answer if that was no longer ago than this. From
  // the truth: how long the load took; infinite where nothing is known of other processes. See
  // docs/consistency.md.
  absl::Duration staleness = absl::InfiniteDuration();

  explicit operator bool() const { return static_cast<bool>(value); }
  std::string_view bytes() const { return value.bytes(); }
};

// How far a change has come when the call returns.
enum class Coherence {
  kLocal,     // there is nothing to tell, or nobody, as far as the cache knows
  kApplied,   // the shared tier knows; all processes will within CoherenceOptions::staleness_max
  kDeferred,  // it could not be told yet, and will be; see docs/consistency.md for the bound
};

// "local", "applied" or "deferred".
const char* CoherenceName(Coherence coherence);

// The answer of Set.
struct SetResult {
  // False if the condition of the Set did not hold; then nothing was changed.
  bool applied = false;
  // The version of the entry as it is now: the new one if applied, else that of the entry that was
  // found (0 if none was found).
  uint64_t version = 0;
  Coherence coherence = Coherence::kLocal;
};

// A position of Namespace::Scan. A default cursor is the beginning. Cursors are plain numbers: they
// hold nothing, survive every change of the cache, and may be kept as long as one likes.
struct ScanCursor {
  uint32_t shard = 0;
  uint64_t hash = 0;
  bool done = false;
};

// One step of Namespace::Scan.
struct ScanPage {
  struct Item {
    std::string key;
    Value value;
    uint64_t version = 0;
  };
  std::vector<Item> items;
  ScanCursor next;  // next.done: there is no more
};

}  // namespace trivet

#endif  // TRIVET_RESULT_H_
