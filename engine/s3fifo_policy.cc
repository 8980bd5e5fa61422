#include "engine/s3fifo_policy.h"

#include <algorithm>

#include "engine/check.h"

namespace trivet::engine {
namespace {

constexpr uint8_t kUsesForMain = 2;

constexpr double kTargetStart = 0.10;
constexpr double kTargetMin = 0.01;
constexpr double kTargetMax = 0.90;
constexpr double kSmallGhosts = 0.90;
constexpr double kMainGhosts = 0.20;

// Where entries leave on other ways than by eviction, more ghosts than that are of no use.
constexpr size_t kGhostsPerEntry = 4;
constexpr size_t kGhostsMin = 64;

// So many entries that were used get another chance before one of them goes all the same: where all
// were, a single write would else go around the whole shard.
constexpr int kChancesMax = 64;

double Ratio(size_t a, size_t b) {
  return static_cast<double>(a) / static_cast<double>(std::max<size_t>(b, 1));
}

}  // namespace

void S3FifoPolicy::SetCapacity(PolicyCapacity capacity) {
  // The share of the small queue is what was learned: it stays.
  const double share = capacity_.weight == 0 ? kTargetStart : target_ / double(capacity_.weight);
  const bool is_other_unit = capacity.in_bytes != capacity_.in_bytes;
  capacity_ = capacity;
  if (is_other_unit) {
    for (const size_t queue : {kSmall, kMain}) {
      weights_[queue] = 0;
      entries_.ForEach(queue, [&](Entry* entry) { weights_[queue] += WeightOf(entry); });
    }
    small_ghosts_.Clear();
    main_ghosts_.Clear();
  }
  const auto weight = static_cast<double>(capacity.weight);
  target_ = share * weight;
  small_ghosts_.SetCapacity(static_cast<size_t>(kSmallGhosts * weight));
  main_ghosts_.SetCapacity(static_cast<size_t>(kMainGhosts * weight));
}

void S3FifoPolicy::Insert(Entry* entry, uint64_t hash) {
  entry->uses = 0;
  const double step = 0.5 * static_cast<double>(WeightOf(entry));
  small_ghosts_.Prefetch(hash);
  main_ghosts_.Prefetch(hash);
  const size_t of_small = small_ghosts_.weight();
  const size_t of_main = main_ghosts_.weight();
  if (small_ghosts_.Take(hash)) {
    Adapt(step * std::max(1.0, Ratio(of_main, of_small)));
    Push(kMain, entry);
  } else if (main_ghosts_.Take(hash)) {
    Adapt(-step * std::max(1.0, Ratio(of_small, of_main)));
    Push(kMain, entry);
  } else {
    Push(kSmall, entry);
  }
}

void S3FifoPolicy::Adapt(double by) {
  const auto weight = static_cast<double>(capacity_.weight);
  target_ = std::clamp(target_ + by, kTargetMin * weight, kTargetMax * weight);
}

void S3FifoPolicy::Replace(Entry* old, Entry* fresh) {
  Move(old, fresh);
  fresh->uses = static_cast<uint8_t>(std::min(old->uses + 1, int{Entry::kUsesMax}));
}

void S3FifoPolicy::Move(Entry* old, Entry* fresh) {
  fresh->uses = old->uses;
  entries_.Replace(old, fresh);
  weights_[entries_.QueueOf(fresh)] += WeightOf(fresh) - WeightOf(old);
}

void S3FifoPolicy::Push(size_t queue, Entry* entry) {
  entries_.Push(queue, entry);
  weights_[queue] += WeightOf(entry);
}

void S3FifoPolicy::Remove(Entry* entry) {
  Unlink(entry);
  // What is deleted, cleared or expires takes ghosts along, or they would keep their memory.
  const size_t entries = entries_.size(kSmall) + entries_.size(kMain);
  for (GhostQueue* ghosts : {&small_ghosts_, &main_ghosts_}) {
    if (ghosts->size() > kGhostsPerEntry * entries + kGhostsMin) [[unlikely]]
      ghosts->Forget(2 * kGhostsPerEntry);
  }
}

void S3FifoPolicy::Unlink(Entry* entry) {
  weights_[entries_.QueueOf(entry)] -= WeightOf(entry);
  entries_.Remove(entry);
}

void S3FifoPolicy::Evict(Entry* victim, uint64_t hash) {
  const bool from_main = entries_.QueueOf(victim) == kMain;
  GhostQueue& ghosts = from_main ? main_ghosts_ : small_ghosts_;
  ghosts.Prefetch(hash);
  Unlink(victim);
  ghosts.Add(hash, WeightOf(victim));
  // After a smaller budget; there may be none that comes.
  (from_main ? small_ghosts_ : main_ghosts_).ForgetSurplus();
}

Entry* S3FifoPolicy::Victim() {
  for (int chances = 0;; ++chances) {
    // The newest of small may be the one that needs the room.
    const bool from_small =
        entries_.size(kMain) == 0 ||
        (entries_.size(kSmall) > 1 && static_cast<double>(weights_[kSmall]) > target_);
    const size_t queue = from_small ? kSmall : kMain;
    Entry* const entry = entries_.Oldest(queue);
    if (entry == nullptr) return nullptr;  // both are empty
    entries_.PrefetchOldest(queue);
    const uint8_t uses = entry->uses;
    if (uses < (from_small ? kUsesForMain : 1) || chances == kChancesMax) return entry;
    Unlink(entry);
    entry->uses = from_small ? 0 : static_cast<uint8_t>(uses - 1);
    Push(kMain, entry);
  }
}

void S3FifoPolicy::CheckInvariants(size_t entries) const {
  entries_.CheckInvariants();
  for (const size_t queue : {kSmall, kMain}) {
    size_t weight = 0;
    entries_.ForEach(queue, [&](Entry* entry) { weight += WeightOf(entry); });
    TRIVET_CHECK(weight == weights_[queue], "a queue miscounts its weight");
  }
  TRIVET_CHECK(entries_.size(kSmall) + entries_.size(kMain) == entries,
               "the queues miscount their entries");
  small_ghosts_.CheckInvariants();
  main_ghosts_.CheckInvariants();
}

}  // namespace trivet::engine
