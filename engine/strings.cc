#include "engine/strings.h"

#include <unistd.h>
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/check.h"

namespace trivet::engine {
namespace {

uint64_t MakeSeed() {
  uint64_t seed = 0;
  TRIVET_CHECK(getentropy(&seed, sizeof(seed)) == 0, "the system has no random bytes");
  return seed;
}

}  // namespace

size_t StringHash::operator()(std::string_view text) const {
  static const uint64_t seed = MakeSeed();
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

}  // namespace trivet::engine
