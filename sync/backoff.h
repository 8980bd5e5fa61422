// How long to wait between two attempts.
#ifndef TRIVET_SYNC_BACKOFF_H_
#define TRIVET_SYNC_BACKOFF_H_

#include <algorithm>
#include <random>

#include "absl/time/time.h"

namespace trivet::sync {

// Pauses that double from `least` to `most`, each shortened at random by up to a half, so that the
// processes that lost the same server do not come back at the same moment.
//
// Thread-safety: one thread at a time.
class Backoff {
 public:
  Backoff(absl::Duration least, absl::Duration most)
      : least_(least), most_(most), next_(least), random_(std::random_device()()) {}

  // The pause after one more failure.
  absl::Duration Failed() {
    const absl::Duration pause = next_ * std::uniform_real_distribution<>(0.5, 1)(random_);
    next_ = std::min(next_ * 2, most_);
    return pause;
  }

  void Succeeded() { next_ = least_; }

 private:
  const absl::Duration least_;
  const absl::Duration most_;
  absl::Duration next_;
  std::minstd_rand random_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_BACKOFF_H_
