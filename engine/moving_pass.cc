#include "engine/moving_pass.h"

namespace trivet::engine {

void MovingPass::Begin(size_t shards) {
  std::vector<Place> places(shards);  // not allocated under a lock that others spin on
  MutexLock lock(mu_);
  ++pass_;
  // The first is taken from the end.
  for (size_t i = 0; i < shards; ++i) places[i] = {.pass = pass_, .shard = shards - 1 - i};
  waiting_.swap(places);
  left_.store(shards, std::memory_order_release);
}

std::optional<MovingPass::Place> MovingPass::Enter() {
  if (!is_running()) return std::nullopt;
  MutexLock lock(mu_);
  if (waiting_.empty()) return std::nullopt;
  const Place place = waiting_.back();
  waiting_.pop_back();
  return place;
}

void MovingPass::Leave(const Place& place, bool is_done) {
  MutexLock lock(mu_);
  if (place.pass != pass_) return;
  if (is_done) {
    // Release: who sees the pass over sees what was done in it.
    left_.fetch_sub(1, std::memory_order_release);
  } else {
    waiting_.push_back(place);
  }
}

}  // namespace trivet::engine
