// Skewed popularity: the rank of the next key to ask for.
#ifndef TRIVET_BINDINGS_CLI_ZIPF_H_
#define TRIVET_BINDINGS_CLI_ZIPF_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace trivet::cli {

// Draws ranks 0 (the most popular) to n-1 with probability proportional to 1 / (rank + 1)^skew,
// exactly, by Walker's alias method: a draw is one random number and one look into a table of
// 16 bytes per rank.
//
// Thread-safety: draws are const, and each thread brings its own generator.
class Zipf {
 public:
  // REQUIRES: 0 < n < 2^32.
  Zipf(size_t n, double skew) : slots_(n) {
    std::vector<double> share(n);
    for (size_t i = 0; i < n; ++i) share[i] = std::pow(static_cast<double>(i + 1), -skew);
    const double mean = std::accumulate(share.begin(), share.end(), 0.0) / static_cast<double>(n);
    std::vector<uint32_t> small;
    std::vector<uint32_t> large;
    for (size_t i = 0; i < n; ++i) {
      share[i] /= mean;
      (share[i] < 1 ? small : large).push_back(static_cast<uint32_t>(i));
    }
    // Each slot holds its own rank up to `keep`, and for the rest a rank that has more than a slot.
    while (!small.empty() && !large.empty()) {
      const uint32_t taker = small.back();
      const uint32_t giver = large.back();
      small.pop_back();
      slots_[taker] = {share[taker], giver};
      share[giver] -= 1 - share[taker];
      if (share[giver] < 1) {
        large.pop_back();
        small.push_back(giver);
      }
    }
    // What is left has a share of 1, but for rounding.
    for (const uint32_t i : small) slots_[i] = {1.0, i};
    for (const uint32_t i : large) slots_[i] = {1.0, i};
  }

  size_t size() const { return slots_.size(); }

  size_t operator()(std::mt19937_64& random) const {
    const double position =
        static_cast<double>(random() >> 11) * 0x1p-53 * static_cast<double>(slots_.size());
    const auto slot = static_cast<size_t>(position);
    return position - static_cast<double>(slot) < slots_[slot].keep ? slot : slots_[slot].other;
  }

 private:
  struct Slot {
    double keep = 1.0;
    uint32_t other = 0;
  };
  std::vector<Slot> slots_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_ZIPF_H_
