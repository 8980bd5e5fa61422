#include "trivet/result.h"

namespace trivet {

const char* TierName(Tier tier) {
  switch (tier) {
    case Tier::kNone:
      return "none";
    case Tier::kMemory:
      return "memory";
    case Tier::kStore:
      return "store";
    case Tier::kLoader:
      return "loader";
  }
  return "unknown";
}

}  // namespace trivet
