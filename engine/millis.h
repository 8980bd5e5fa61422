// Time inside the cache.
#ifndef TRIVET_ENGINE_MILLIS_H_
#define TRIVET_ENGINE_MILLIS_H_

#include <cstdint>
#include <limits>

namespace trivet::engine {

// Milliseconds of Clock::Elapsed().
using Millis = uint64_t;
inline constexpr Millis kNever = std::numeric_limits<Millis>::max();

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MILLIS_H_
