// How long things took: a histogram of durations with a bounded relative error.
#ifndef TRIVET_BINDINGS_CLI_LATENCY_HISTOGRAM_H_
#define TRIVET_BINDINGS_CLI_LATENCY_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace trivet::cli {

// Log-linear: every power of two is cut into 32 equal buckets, so that a percentile is never too
// small and at most 1/32 (3.1 %) too large. Recording is one increment in an array of 10 KiB;
// values of 2^40 ns (18 minutes) and more share the last bucket.
//
// Thread-safety: one thread at a time. Give each thread its own, and Merge them at the end.
class LatencyHistogram {
 public:
  void Record(uint64_t ns) {
    ++counts_[BucketOf(ns)];
    ++count_;
    max_ = std::max(max_, ns);
  }

  void Merge(const LatencyHistogram& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }

  // A value that `percent` % of the recorded ones do not exceed; 0 if nothing was recorded.
  // REQUIRES: 0 < percent <= 100.
  uint64_t Percentile(double percent) const {
    const auto wanted = static_cast<uint64_t>(
        std::max(1.0, std::ceil(percent / 100 * static_cast<double>(count_))));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted) return i + 1 == counts_.size() ? max_ : std::min(max_, LargestIn(i));
    }
    return 0;
  }

 private:
  static constexpr int kSubBits = 5;
  static constexpr int kValueBits = 40;
  static constexpr size_t kBuckets = size_t{kValueBits - kSubBits + 1} << kSubBits;

  // Values below 2^(kSubBits + 1) have a bucket each; above, the leading kSubBits + 1 bits choose.
  static size_t BucketOf(uint64_t ns) {
    const int width = static_cast<int>(std::bit_width(ns));
    const int shift = std::max(0, width - kSubBits - 1);
    const size_t bucket = (static_cast<size_t>(shift) << kSubBits) + (ns >> shift);
    return std::min(bucket, kBuckets - 1);
  }

  static uint64_t LargestIn(size_t bucket) {
    const size_t shift = std::max<size_t>(bucket >> kSubBits, 1) - 1;
    const uint64_t leading = bucket - (shift << kSubBits);
    return ((leading + 1) << shift) - 1;
  }

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_LATENCY_HISTOGRAM_H_
