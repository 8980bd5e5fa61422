#include "engine/policy.h"

#include "engine/lru_policy.h"
#include "engine/s3fifo_policy.h"

namespace trivet::engine {

std::unique_ptr<Policy> MakePolicy(std::string_view name) {
  if (name == "lru") return std::make_unique<LruPolicy>();
  if (name == "s3fifo") return std::make_unique<S3FifoPolicy>();
  return nullptr;
}

}  // namespace trivet::engine
