// Calls of a store, which may be the program's own code.
#ifndef TRIVET_ENGINE_STORE_CALL_H_
#define TRIVET_ENGINE_STORE_CALL_H_

#include <type_traits>

#include "absl/status/status.h"

namespace trivet::engine {

// The answer of `call`, a Status or StatusOr; nothing that it throws gets past here. Unknown then:
// it may have changed something before. Others may wait for this very call, and would for ever.
template <typename Call>
std::invoke_result_t<Call> StoreCall(Call call) {
  try {
    return call();
  } catch (...) {
    return absl::UnknownError("the store threw an exception");
  }
}

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_STORE_CALL_H_
