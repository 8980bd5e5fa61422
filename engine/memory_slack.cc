// The room that blocks leave in their slabs: how much it is, and how it is won back.
#include <algorithm>

#include "engine/memory_tier.h"

namespace trivet::engine {
namespace {

// Free blocks of slabs in use, and free pages, may take so much beyond the budget: a slab for each
// class. What is more counts against the budget, and entries go for it; but not all: after the mix
// of sizes shifted, or the budget shrank, an entry that goes mostly leaves more slack and no page,
// and what goes for the slack would make more of it, until the entries that are left are moved.
constexpr size_t kSlackBytes = 8 << 20;
constexpr size_t kSlackPart = 8;
// From this part on it is urgent: the last pass may have come too early to win much, and soon the
// budget would not hold.
constexpr size_t kUrgentPart = 32;
// The next pass waits for this part of the time that the last one took.
constexpr Millis kUrgentPause = 8;
// What the arena may grow before the slack is measured again, without waiting for maintenance.
constexpr size_t kMeasuredBytes = 1 << 20;
// What a pass could not win is forgotten by this part in each round of maintenance, so that it is
// tried again every few seconds: what pinned it may be gone.
constexpr size_t kForgottenPart = 512;
// The work of moving is counted in buckets looked at, of some nine entries; moving one counts as
// one more, and as another for each so many bytes of it. What is done before others may have the
// shard:
constexpr size_t kWorkPerMove = 32;
constexpr size_t kBytesPerUnit = 512;
// What a write does where it has to help: from this part of the budget on the slack grows faster
// than one thread wins it back.
constexpr size_t kWorkPerWrite = 64;
constexpr size_t kHelpPart = 32;
// Of what may wait for readers that do not leave, moving fills this part at most.
constexpr size_t kWaitingPart = 4;

}  // namespace

void MemoryTier::MeasureSlack() {
  const size_t pages = arena_.page_bytes();
  const size_t blocks = arena_.block_bytes();
  const size_t slack = pages > blocks ? pages - blocks : 0;
  pages_measured_.store(pages, std::memory_order_relaxed);
  slack_measured_.store(slack, std::memory_order_relaxed);
  const size_t memory = memory_bytes_.load(std::memory_order_relaxed);
  const size_t too_much = slack > kSlackBytes ? slack - kSlackBytes : 0;
  slack_bytes_.store(std::min(too_much, memory / kSlackPart), std::memory_order_relaxed);
  writes_help_.store(moving_.is_running() && memory != 0 && too_much > memory / kHelpPart,
                     std::memory_order_relaxed);
}

void MemoryTier::MeasureSlackIfDue() {
  const size_t pages = arena_.page_bytes();
  const size_t measured = pages_measured_.load(std::memory_order_relaxed);
  if (pages > measured + kMeasuredBytes) [[unlikely]]
    MeasureSlack();
}

bool MemoryTier::MoveTogether(size_t* budget) {
  if (moving_mu_.TryLock()) {
    BeginMoving();
    moving_mu_.Unlock();
  }
  const bool more = MoveSome(budget);
  if (moving_mu_.TryLock()) {
    NoteEndOfMoving();
    moving_mu_.Unlock();
  }
  return more;
}

void MemoryTier::HelpMoving() {
  size_t budget = kWorkPerWrite;
  if (!MoveSome(&budget)) writes_help_.store(false, std::memory_order_relaxed);
}

// A pass that won little (objects, pins) is not repeated before there is a quarter more to win;
// where it is urgent, after a pause, and if something has changed.
void MemoryTier::BeginMoving() {
  NoteEndOfMoving();
  const size_t slack = slack_measured_.load(std::memory_order_relaxed);
  const size_t memory = memory_bytes_.load(std::memory_order_relaxed);
  if (has_begun_) {
    // It began too early: what was picked is a small part of what there is to win by now. At each
    // doubling only, or the last shards would never have their turn while the slack grows.
    if (slack <= 2 * slack_begun_) return;
    slack_begun_ = slack;
    arena_.ThinOut() ? moving_.Begin(shards_.size()) : moving_.End();
    return;
  }
  slack_left_ = std::min(slack_left_ - slack_left_ / kForgottenPart, slack);
  const bool is_worth_it = slack > std::max(kSlackBytes, slack_left_ + slack_left_ / 4);
  const size_t change = slack > slack_then_ ? slack - slack_then_ : slack_then_ - slack;
  const bool is_urgent = memory != 0 && slack > kSlackBytes + memory / kUrgentPart &&
                         change > kMeasuredBytes && now() >= next_urgent_;
  if (!is_urgent && !is_worth_it) return;
  if (!arena_.ThinOut()) {
    // No slab is worth it: the room is what threads keep at hand, or free pages.
    slack_left_ = slack_then_ = slack;
    return;
  }
  has_begun_ = true;
  slack_begun_ = slack;
  moving_since_ = now();
  moving_.Begin(shards_.size());
}

void MemoryTier::NoteEndOfMoving() {
  if (!has_begun_ || moving_.is_running()) return;
  has_begun_ = false;
  slack_left_ = slack_then_ = slack_measured_.load(std::memory_order_relaxed);
  next_urgent_ = now() + (now() - moving_since_) / kUrgentPause;
}

bool MemoryTier::MoveSome(size_t* budget) {
  while (*budget > 0) {
    // What is moved waits for its grace period. Where a reader holds that up, it must not be the
    // reason to refuse writes.
    if (reclaimer_.waiting_bytes() > waiting_max_.load(std::memory_order_relaxed) / kWaitingPart)
      return false;
    std::optional<MovingPass::Place> place = moving_.Enter();
    if (!place.has_value()) return false;
    // All that is freed, is freed when others may enter again: destructors of objects may run.
    Removals removals = NewRemovals();
    TableMover mover(arena_, place->table, *budget);
    bool more;
    {
      Shard& shard = *shards_[place->shard];
      MutexLock lock(shard.mu);
      shard.MoveTables(&mover);
      *budget -= std::min(*budget, mover.position() - place->table);
      place->table = mover.position();
      more = !mover.done() || MoveEntries(shard, &place->position, budget, &removals);
    }
    moving_.Leave(*place, !more);
  }
  return moving_.is_running();
}

bool MemoryTier::MoveEntries(Shard& shard, uint64_t* position, size_t* budget, Removals* removals) {
  size_t work = std::min(*budget, kWorkPerMove);
  *budget -= work;
  bool more = true;
  while (more && work > 0) {
    --work;
    more = shard.index().VisitBucket(position, [&](Entry* entry) {
      shard.mu.AssertHeld();
      if (!arena_.IsThinnedOut(entry)) return;
      if (entry->is_typed()) return;
      if (EntryLedger::IsPinned(entry)) return;  // it would stay where it is all the same
      Entry* const fresh = Entry::Copy(arena_, *entry);
      if (fresh == nullptr) return;
      work -= std::min(work, 1 + fresh->block_bytes() / kBytesPerUnit);
      shard.Move(entry, fresh, removals);
    });
  }
  *budget += work;
  return more;
}

}  // namespace trivet::engine
