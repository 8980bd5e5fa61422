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
    for (Queue* queue : {&small_, &main_}) {
      queue->weight = 0;
      for (Entry* entry = queue->entries.first(); entry != nullptr; entry = entry->policy_next) {
        queue->weight += WeightOf(entry);
      }
    }
    small_ghosts_ = GhostQueue();
    main_ghosts_ = GhostQueue();
  }
  const auto weight = static_cast<double>(capacity.weight);
  target_ = share * weight;
  small_ghosts_.SetCapacity(static_cast<size_t>(kSmallGhosts * weight));
  main_ghosts_.SetCapacity(static_cast<size_t>(kMainGhosts * weight));
}

void S3FifoPolicy::Insert(Entry* entry) {
  entry->uses = 0;
  const double step = 0.5 * static_cast<double>(WeightOf(entry));
  const size_t of_small = small_ghosts_.weight();
  const size_t of_main = main_ghosts_.weight();
  if (small_ghosts_.Take(entry->hash())) {
    Adapt(step * std::max(1.0, Ratio(of_main, of_small)));
    Append(entry, kMain);
  } else if (main_ghosts_.Take(entry->hash())) {
    Adapt(-step * std::max(1.0, Ratio(of_small, of_main)));
    Append(entry, kMain);
  } else {
    Append(entry, kSmall);
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
  fresh->policy_queue = old->policy_queue;
  Queue& queue = QueueOf(old);
  queue.entries.Replace(old, fresh);
  queue.weight += WeightOf(fresh) - WeightOf(old);
}

void S3FifoPolicy::Append(Entry* entry, uint8_t queue) {
  entry->policy_queue = queue;
  QueueOf(entry).entries.PushFront(entry);
  QueueOf(entry).weight += WeightOf(entry);
}

void S3FifoPolicy::Remove(Entry* entry) {
  QueueOf(entry).entries.Remove(entry);
  QueueOf(entry).weight -= WeightOf(entry);
}

void S3FifoPolicy::Evict(Entry* victim) {
  Remove(victim);
  GhostQueue& ghosts = victim->policy_queue == kMain ? main_ghosts_ : small_ghosts_;
  ghosts.Add(victim->hash(), WeightOf(victim));
}

Entry* S3FifoPolicy::Victim() {
  while (true) {
    // The newest of small may be the one that needs the room.
    const bool has_older = small_.entries.last() != small_.entries.first();
    const bool from_small = main_.entries.last() == nullptr ||
                            (has_older && static_cast<double>(small_.weight) > target_);
    Entry* entry = (from_small ? small_ : main_).entries.last();
    if (entry == nullptr) return nullptr;  // both are empty
    if (from_small && entry->uses >= kUsesForMain) {
      Remove(entry);
      entry->uses = 0;
      Append(entry, kMain);
    } else if (!from_small && entry->uses > 0) {
      entry->uses = static_cast<uint8_t>(entry->uses - 1);
      main_.entries.MoveToFront(entry);
    } else {
      return entry;
    }
  }
}

void S3FifoPolicy::CheckInvariants(size_t entries) const {
  small_.entries.CheckInvariants();
  main_.entries.CheckInvariants();
  size_t seen = 0;
  for (const Queue* queue : {&small_, &main_}) {
    size_t weight = 0;
    for (const Entry* entry = queue->entries.first(); entry != nullptr;
         entry = entry->policy_next) {
      TRIVET_CHECK(entry->policy_queue == (queue == &main_ ? kMain : kSmall),
                   "an entry is in another queue than it says");
      weight += WeightOf(entry);
      ++seen;
    }
    TRIVET_CHECK(weight == queue->weight, "a queue miscounts its weight");
  }
  TRIVET_CHECK(seen == entries, "the queues miscount their entries");
}

}  // namespace trivet::engine
