// The hash of a key in its namespace.
#ifndef TRIVET_ENGINE_KEY_HASH_H_
#define TRIVET_ENGINE_KEY_HASH_H_

#include <cstdint>
#include <functional>
#include <string_view>

// Inlined: for short keys a call costs as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace trivet::engine {

class Entry;

// XXH3 (Y. Collet), 64 bits, with a secret seed that is different in each process, so that nobody
// can prepare keys that collide.
class KeyHash {
 public:
  explicit KeyHash(uint64_t seed) : seed_(seed) {}

  uint64_t operator()(uint32_t space_id, std::string_view key) const {
    // An odd multiplier spreads the small id over all bits of the seed.
    const uint64_t seed = seed_ ^ ((space_id + uint64_t{1}) * 0x9E3779B97F4A7C15u);
    return XXH3_64bits_withSeed(key.data(), key.size(), seed);
  }

 private:
  const uint64_t seed_;
};

// The same of an entry, computed again: entries do not keep it.
using EntryHash = std::function<uint64_t(const Entry*)>;

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_KEY_HASH_H_
