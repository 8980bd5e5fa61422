#include "engine/ghost_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace trivet::engine {
namespace {

// So many that were taken are not worth the work of removing them.
constexpr size_t kTakenMin = 64;

}  // namespace

void GhostQueue::Add(uint64_t hash, size_t weight) {
  Take(hash);
  const auto stored =
      static_cast<uint32_t>(std::min<size_t>(weight, std::numeric_limits<uint32_t>::max()));
  newest_[FingerprintOf(hash)] = first_ + static_cast<uint32_t>(queue_.size());
  queue_.push_back({FingerprintOf(hash), stored});
  weight_ += stored;
  Trim();
  // Behind an old ghost that nobody takes, those that were taken gather.
  if (queue_.size() > 2 * newest_.size() + kTakenMin) Compact();
}

bool GhostQueue::Take(uint64_t hash) {
  const auto it = newest_.find(FingerprintOf(hash));
  if (it == newest_.end()) return false;
  weight_ -= queue_[it->second - first_].weight;
  newest_.erase(it);
  return true;
}

void GhostQueue::SetCapacity(size_t weight) {
  capacity_ = weight;
  Trim();
}

void GhostQueue::Trim() {
  // Those that were taken go when their turn comes, or they would fill the queue of a workload that
  // takes nearly all.
  while (!queue_.empty()) {
    const Ghost& oldest = queue_.front();
    const auto it = newest_.find(oldest.fingerprint);
    const bool is_remembered = it != newest_.end() && it->second == first_;
    if (is_remembered) {
      if (weight_ <= capacity_) return;
      weight_ -= oldest.weight;
      newest_.erase(it);
    }
    queue_.pop_front();
    ++first_;
  }
}

void GhostQueue::Compact() {
  std::deque<Ghost> kept;
  uint32_t number = first_;
  for (const Ghost& ghost : queue_) {
    const auto it = newest_.find(ghost.fingerprint);
    const bool is_remembered = it != newest_.end() && it->second == number;
    ++number;
    if (is_remembered) {
      it->second = first_ + static_cast<uint32_t>(kept.size());
      kept.push_back(ghost);
    }
  }
  queue_ = std::move(kept);
}

}  // namespace trivet::engine
