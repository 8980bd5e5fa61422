#include "engine/policy.h"

#include "engine/lru_policy.h"

namespace trivet::engine {

std::unique_ptr<Policy> MakePolicy(std::string_view name) {
  if (name == "lru") return std::make_unique<LruPolicy>();
  return nullptr;
}

}  // namespace trivet::engine
