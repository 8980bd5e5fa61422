#include "trivet/result.h"

namespace trivet {

const char* TierName(Tier tier) {
  switch (tier) {
    case Tier::kNone:
      return "none";
    case Tier::kMemory:
      return "memory";
    case Tier::kShared:
      return "shared";
    case Tier::kStore:
      return "store";
    case Tier::kLoader:
      return "loader";
  }
  return "unknown";
}

const char* CoherenceName(Coherence coherence) {
  switch (coherence) {
    case Coherence::kLocal:
      return "local";
    case Coherence::kApplied:
      return "applied";
    case Coherence::kDeferred:
      return "deferred";
  }
  return "unknown";
}

}  // namespace trivet
