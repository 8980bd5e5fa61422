#include "engine/policy.h"

#include "engine/check.h"
#include "engine/lru_policy.h"
#include "engine/s3fifo_policy.h"

namespace trivet::engine {

bool IsPolicy(std::string_view name) { return name == "lru" || name == "s3fifo"; }

std::unique_ptr<Policy> MakePolicy(std::string_view name, Arena& arena) {
  TRIVET_CHECK(IsPolicy(name), "no such eviction policy");
  if (name == "lru") return std::make_unique<LruPolicy>(arena);
  return std::make_unique<S3FifoPolicy>(arena);
}

}  // namespace trivet::engine
