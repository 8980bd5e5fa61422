#include "trivet/removal.h"

namespace trivet {

const char* RemovalCauseName(RemovalCause cause) {
  switch (cause) {
    case RemovalCause::kExplicit:
      return "explicit";
    case RemovalCause::kReplaced:
      return "replaced";
    case RemovalCause::kExpired:
      return "expired";
    case RemovalCause::kEvicted:
      return "evicted";
    case RemovalCause::kInvalidated:
      return "invalidated";
    case RemovalCause::kOversize:
      return "oversize";
  }
  return "unknown";
}

}  // namespace trivet
