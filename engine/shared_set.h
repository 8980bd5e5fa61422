// One Set of one key, as the shared tier sees it.
#ifndef TRIVET_ENGINE_SHARED_SET_H_
#define TRIVET_ENGINE_SHARED_SET_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/shared_space.h"

namespace trivet::engine {

// Begin, then the truth is committed, then End or Fail.
//
// The mark that Begin leaves tells others that the truth is changing, and lets End leave the value
// there: over nothing, it could come after one that is newer.
class SharedSet {
 public:
  SharedSet(SharedSpace& space, std::string_view key);
  SharedSet(const SharedSet&) = delete;
  SharedSet& operator=(const SharedSet&) = delete;

  // Leaves the mark. False: the tier did not take it; it is told in the end all the same.
  bool Begin();

  struct Outcome {
    Coherence coherence = Coherence::kDeferred;
    bool stored = false;  // the shared tier has the value
  };
  // The truth has `version` (0: not known) by now, and `write`.
  Outcome End(uint64_t version, SharedWrite write);
  // The truth may have changed, or nobody knows how.
  Outcome End(uint64_t version);

 private:
  Outcome Tell(uint64_t version, const std::optional<SharedWrite>& write);

  SharedSpace& space_;
  const std::string_view key_;
  const uint32_t part_;
  const uint64_t token_;
  std::optional<uint64_t> birth_;  // of what End brings; nullopt: there is no mark
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SHARED_SET_H_
