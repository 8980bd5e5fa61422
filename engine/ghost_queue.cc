#include "engine/ghost_queue.h"

#include <algorithm>
#include <limits>

#include "engine/check.h"

namespace trivet::engine {
namespace {

// So many that were taken may always stay in the ring.
constexpr size_t kTakenMin = 256;
// Ghosts that go for one that comes: of entries that were smaller, others come and go at the pace
// of those that are now evicted.
constexpr size_t kTrimmedPerAdd = 128;
// What will be the oldest when so many more have gone comes into the cache.
constexpr uint32_t kPrefetched = 4;

}  // namespace

void GhostQueue::Add(uint64_t hash, size_t weight) {
  TRIVET_DCHECK(weight > 0, "a ghost weighs something");
  Take(hash);
  const auto stored =
      static_cast<uint32_t>(std::min<size_t>(weight, std::numeric_limits<uint32_t>::max()));
  table_.Insert(ring_.Push({FingerprintOf(hash), stored}));
  Trim(kTrimmedPerAdd);
}

bool GhostQueue::Take(uint64_t hash) {
  const std::optional<uint32_t> number = table_.Find(FingerprintOf(hash));
  if (!number.has_value()) return false;
  table_.Erase(*number);
  return true;
}

void GhostQueue::SetCapacity(size_t weight) {
  capacity_ = weight;
  Trim(kTrimmedPerAdd);
}

void GhostQueue::Clear() {
  table_.Clear();
  ring_.Clear();
}

void GhostQueue::Forget(size_t ghosts) {
  for (; ghosts > 0 && ring_.size() > 0; --ghosts) {
    const uint32_t oldest = ring_.oldest();
    if (!IsTaken(oldest)) table_.Erase(oldest);
    ring_.PopOldest();
  }
}

void GhostQueue::Trim(size_t ghosts_max) {
  for (; ghosts_max > 0 && ring_.size() > 0; --ghosts_max) {
    const uint32_t oldest = ring_.oldest();
    if (ring_.size() > kPrefetched) table_.Prefetch(ring_[oldest + kPrefetched].fingerprint);
    const bool is_crowded = ring_.size() > 3 * table_.size() + kTakenMin;
    if (table_.weight() <= capacity_ && !is_crowded && !IsTaken(oldest)) return;
    Forget(1);
  }
}

void GhostQueue::CheckInvariants() const {
  table_.CheckInvariants();
  size_t remembered = 0;
  for (size_t i = 0; i < ring_.size(); ++i) {
    remembered += IsTaken(ring_.oldest() + static_cast<uint32_t>(i)) ? 0 : 1;
  }
  TRIVET_CHECK(remembered == table_.size(), "a ghost is lost, or was not marked when it was taken");
}

}  // namespace trivet::engine
