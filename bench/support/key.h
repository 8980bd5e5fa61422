// The keys of the benchmarks: 14 bytes each.
#ifndef TRIVET_BENCH_SUPPORT_KEY_H_
#define TRIVET_BENCH_SUPPORT_KEY_H_

#include <array>
#include <cstddef>
#include <string_view>

namespace trivet::bench {

inline constexpr size_t kKeyBytes = 14;

// One key, where it is used: following a sequence of them costs one cache line for four.
struct Key {
  std::array<char, 16> bytes;

  std::string_view view() const { return {bytes.data(), kKeyBytes}; }
  // For a peer that takes keys of exactly 16 bytes.
  std::string_view padded() const { return {bytes.data(), bytes.size()}; }
};

// REQUIRES: number < 10^10.
inline Key KeyOf(size_t number) {
  Key key = {{'k', 'e', 'y', ':'}};
  for (size_t at = kKeyBytes; at-- > 4; number /= 10) {
    key.bytes[at] = static_cast<char>('0' + number % 10);
  }
  return key;
}

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_KEY_H_
