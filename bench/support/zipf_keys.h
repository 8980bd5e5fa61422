// The keys that benchmarks ask for: 14 bytes each, by Zipf's law with a skew of 0.99.
#ifndef TRIVET_BENCH_SUPPORT_ZIPF_KEYS_H_
#define TRIVET_BENCH_SUPPORT_ZIPF_KEYS_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "bindings/cli/zipf.h"

namespace trivet::bench {

inline constexpr size_t kKeyBytes = 14;
inline constexpr double kSkew = 0.99;
inline constexpr uint64_t kSeed = 20261120;

// One key, where it is used: following a sequence of them costs one cache line for four.
struct Key {
  std::array<char, 16> bytes;
  std::string_view view() const { return {bytes.data(), kKeyBytes}; }
};

inline Key KeyOf(size_t number) {
  Key key;
  std::snprintf(key.bytes.data(), key.bytes.size(), "key:%010u", static_cast<unsigned>(number));
  return key;
}

// `n` keys, and a sequence of draws from them that is made beforehand, so that the generator is not
// in the figures. Popular keys are spread over the key space. Thread-safe.
class ZipfKeys {
 public:
  explicit ZipfKeys(size_t n) : size_(n) {
    std::vector<uint32_t> key_of_rank(n);
    std::iota(key_of_rank.begin(), key_of_rank.end(), 0U);
    std::mt19937_64 random(kSeed);
    std::shuffle(key_of_rank.begin(), key_of_rank.end(), random);
    const cli::Zipf zipf(n, kSkew);
    drawn_.reserve(kDraws);
    for (size_t i = 0; i < kDraws; ++i) drawn_.push_back(KeyOf(key_of_rank[zipf(random)]));
  }

  size_t size() const { return size_; }

  // A walk through the draws. Each begins at another place, so that a cache does not see in this
  // run what it saw in the last one.
  class Walk {
   public:
    explicit Walk(const ZipfKeys& keys)
        : drawn_(keys.drawn_.data()), at_(keys.walks_.fetch_add(1) * kStride) {}
    std::string_view Next() { return drawn_[at_++ & (kDraws - 1)].view(); }

   private:
    const Key* drawn_;
    size_t at_;
  };

 private:
  static constexpr size_t kDraws = size_t{1} << 22;
  // The golden section of kDraws: places spread evenly, however many there are.
  static constexpr size_t kStride = 2'592'151;

  size_t size_;
  mutable std::atomic<size_t> walks_{0};
  std::vector<Key> drawn_;
};

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_ZIPF_KEYS_H_
