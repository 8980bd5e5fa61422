// Which keys are asked for, in which order.
#ifndef TRIVET_BENCH_SUPPORT_WORKLOAD_H_
#define TRIVET_BENCH_SUPPORT_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/support/key.h"

namespace trivet::bench {

enum class Distribution {
  kZipf,     // by Zipf's law with a skew of 0.99; popular keys are spread over the key space
  kUniform,  // all alike
  kOneKey,   // always the same
};

std::string_view NameOf(Distribution distribution);

// What is said of a measurement besides who was measured.
struct Workload {
  size_t keys = 1'000'000;
  size_t value_bytes = 100;
  Distribution distribution = Distribution::kZipf;
  int gets_percent = 100;
  int threads = 1;
};

// Draws from keys 0 to n-1 that are made beforehand, so that the generator is not in the figures.
// Thread-safe.
class KeySequence {
 public:
  KeySequence(size_t n, Distribution distribution);

  size_t draws() const { return drawn_.size(); }

  // A walk through the draws, around and around.
  class Walk {
   public:
    Walk(const KeySequence& keys, size_t position) : drawn_(keys.drawn_.data()), at_(position) {}
    const Key& Next() { return drawn_[at_++ & (kDraws - 1)]; }
    size_t position() const { return at_; }

   private:
    const Key* drawn_;
    size_t at_;
  };

  // Places to begin that lie far from each other.
  static size_t Beginning(int number) { return static_cast<size_t>(number) * kStride; }

 private:
  static constexpr size_t kDraws = size_t{1} << 22;
  // The golden section of kDraws: places spread evenly, however many there are.
  static constexpr size_t kStride = 2'592'151;

  std::vector<Key> drawn_;
};

// The sequence for a workload, made when it is first asked for and kept to the end of the program.
const KeySequence& SequenceOf(const Workload& workload);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_WORKLOAD_H_
