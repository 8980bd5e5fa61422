// What a change says to other processes.
#ifndef TRIVET_ENGINE_ANNOUNCEMENT_H_
#define TRIVET_ENGINE_ANNOUNCEMENT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/core.h"
#include "engine/namespace_state.h"
#include "trivet/result.h"
#include "trivet/shared_messages.h"

namespace trivet::engine {

// For a change of the store that is to be logged: random, and with room for the tickets of a batch,
// which follow one another.
uint64_t NewTicket();

// Made before the truth changes, used after that and before memory follows. Where a namespace is
// not shared it does nothing.
class Announcement {
 public:
  // `told` may be null; it is set to what came of the announcement, kLocal until there is one.
  Announcement(Core& core, NamespaceState& space, Coherence* told = nullptr);

  // Null where the namespace is not shared.
  SharedSpace* shared() const { return space_.shared(); }

  // For the change log of the store, in the transaction of the change.
  uint64_t LogTicket() {
    logged_ = true;
    return ticket_;
  }

  // The truth of these keys is another one; of what version is not known.
  Coherence OfKeys(std::span<const std::string_view> keys);
  // All that the tag (kTag), the pattern (kPattern) or the namespace (kClear) names is over.
  Coherence OfGroup(SharedRecord::Kind kind, std::string_view name);
  Coherence Of(std::span<const SharedRecord> changes) { return Of(changes, changes.size()); }
  // The same of a call that may have logged up to so many rows, where not all have changed.
  Coherence Of(std::span<const SharedRecord> changes, size_t rows);

  // The shared tier was told by another way, of so many rows of the log.
  void Note(Coherence coherence, size_t rows);

 private:
  Core& core_;
  NamespaceState& space_;
  const uint64_t ticket_;
  bool logged_ = false;
  Coherence* const told_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ANNOUNCEMENT_H_
