// Ends every namespace, in all tiers.
#ifndef TRIVET_ENGINE_CLEAR_ALL_H_
#define TRIVET_ENGINE_CLEAR_ALL_H_

#include "absl/status/status.h"
#include "engine/core.h"
#include "trivet/result.h"

namespace trivet::engine {

// Those that are open here, and those that only the store knows; as Cache::ClearAll. `told` may be
// null.
absl::Status ClearAll(Core& core, Coherence* told);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_CLEAR_ALL_H_
