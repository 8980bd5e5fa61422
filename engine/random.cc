#include "engine/random.h"

#include "absl/random/random.h"

namespace trivet::engine {
namespace {

thread_local absl::BitGenRef* given = nullptr;

}  // namespace

absl::BitGenRef Random() {
  thread_local absl::BitGen generator;
  return given != nullptr ? *given : absl::BitGenRef(generator);
}

void UseRandom(absl::BitGenRef* random) { given = random; }

}  // namespace trivet::engine
