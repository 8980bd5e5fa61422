// How long single operations took.
#ifndef TRIVET_BENCH_SUPPORT_HISTOGRAM_H_
#define TRIVET_BENCH_SUPPORT_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace trivet::bench {

// Counts of ticks, in buckets that are at most 1/32 of their value wide; the maximum is exact. Not
// thread-safe: one per thread, merged afterwards.
class Histogram {
 public:
  void Add(uint64_t ticks) {
    ++buckets_[BucketOf(ticks)];
    ++count_;
    max_ = std::max(max_, ticks);
  }

  void Merge(const Histogram& other) {
    for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }

  // The ticks that this share (0 to 1) of the operations did not exceed, rounded up to a bucket.
  uint64_t Percentile(double share) const {
    const auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_));
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted) return std::min(UpperEnd(i), max_);
    }
    return max_;
  }

 private:
  static constexpr int kSubBits = 5;
  static constexpr uint64_t kSub = uint64_t{1} << kSubBits;  // buckets for each power of two

  // Values below kSub have a bucket each; above, the highest kSubBits + 1 bits choose.
  static size_t BucketOf(uint64_t ticks) {
    if (ticks < kSub) return ticks;
    const int shift = static_cast<int>(std::bit_width(ticks)) - 1 - kSubBits;
    return (static_cast<size_t>(shift) << kSubBits) + (ticks >> shift);
  }

  static uint64_t UpperEnd(size_t bucket) {
    if (bucket < kSub) return bucket;
    const size_t shift = (bucket >> kSubBits) - 1;
    const uint64_t top = (bucket & (kSub - 1)) + kSub;
    return ((top + 1) << shift) - 1;
  }

  std::array<uint64_t, (64 - kSubBits + 1) << kSubBits> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_HISTOGRAM_H_
