// Looks for a byte among sixteen.
#ifndef TRIVET_ENGINE_BYTE_MATCH_H_
#define TRIVET_ENGINE_BYTE_MATCH_H_

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace trivet::engine {

// What MatchBytes does where the processor has no instruction for it; compiled everywhere, for the
// tests compare the two.
constexpr unsigned MatchBytesOneByOne(uint64_t first, uint64_t second, uint8_t byte) {
  unsigned matches = 0;
  for (unsigned i = 0; i < 16; ++i) {
    const uint64_t word = i < 8 ? first >> (8 * i) : second >> (8 * (i - 8));
    if (static_cast<uint8_t>(word) == byte) matches |= 1u << i;
  }
  return matches;
}

// A bit for each byte that is this one, from the lowest of `first` to the highest of `second`.
inline unsigned MatchBytes(uint64_t first, uint64_t second, uint8_t byte) {
#if defined(__SSE2__)
  const __m128i bytes =
      _mm_set_epi64x(static_cast<long long>(second), static_cast<long long>(first));
  const __m128i equal = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(static_cast<char>(byte)));
  return static_cast<unsigned>(_mm_movemask_epi8(equal));
#else
  return MatchBytesOneByOne(first, second, byte);
#endif
}

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_BYTE_MATCH_H_
