// Tells which entries are due, without looking at those that are not.
#ifndef TRIVET_ENGINE_TIMING_WHEEL_H_
#define TRIVET_ENGINE_TIMING_WHEEL_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"

namespace trivet::engine {

// What is scheduled derives from this or contains it. The fields belong to the wheel while the node
// is scheduled; due_ms may be read at any time.
struct WheelNode {
  WheelNode() = default;
  // The wheel knows nodes by their address.
  WheelNode(const WheelNode&) = delete;
  WheelNode& operator=(const WheelNode&) = delete;

  WheelNode* next = nullptr;
  WheelNode** link = nullptr;  // whatever points to this node; null: not scheduled
  uint64_t due_ms = 0;
};

// A hierarchical timing wheel (G. Varghese, A. Lauck, "Hashed and Hierarchical Timing Wheels",
// 1987, scheme 7) that counts milliseconds.
//
// Picture a due time as digits to base 64, and `now` beside it. A node lies on the level of the
// highest digit in which its due time differs from now, in the slot of that digit:
//
//      level     5  4  3  2  1  0
//      now       0  0  7 12 60 33        due 0 0 7 12 60 40: level 0, slot 40
//                                        due 0 0 7 13  5 33: level 2, slot 13
//
// All digits above are those of now, so slots never wrap around: on every level only slots beyond
// the digit of now are occupied, whatever is on a lower level is due before all that is on a higher
// one, and the next slot that matters is the first occupied one of the lowest occupied level. A
// word of bits per level finds it without walking; idle time of any length costs nothing. Six
// levels reach 64^6 ms, which is 795 days; due times with a differing digit above wait in a list of
// their own, `far_`.
//
// A node is in one of four places, or not scheduled:
//
//   slot       due > now_. When now_ reaches the first millisecond of the slot, its list becomes
//              sinking_ as a whole (level 0: ready_, for all of its nodes are due).
//   far_       due > now_, in a later span of 64^6 ms. When the slots are empty and the time handed
//              to Advance lies in a later span, now_ becomes that time and the list sinking_.
//   sinking_   Each node is placed anew, by its due time and now_; that is always on a lower level,
//              or in ready_, or (out of far_) back in far_. now_ stands still meanwhile.
//   ready_     due <= now_. Each node is handed to on_due.
//
// Scheduling puts a node into a slot, far_ or ready_; cancelling takes it out of any of the four,
// so work may be interrupted between any two nodes.
//
// Costs. Schedule and Cancel: O(1), a few instructions. Advance: O(levels), and what it does within
// its budget. A node moves down at most 5 times before it fires, however long its time; one in far_
// moves once more for each span that it waits in. What is paid for this: 3 KiB of slots per wheel,
// occupied or not, and a cache miss on each move, at a time when nobody asked for that entry. The
// order in which nodes fire within one call says nothing.
//
// Not thread-safe: guarded by the shard.
class TimingWheel {
 public:
  // Time begins at `now_ms`.
  explicit TimingWheel(uint64_t now_ms) : now_(now_ms) {}
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  // The node fires when Advance reaches `due_ms`, and not before; if that time has passed, in the
  // next Advance. A node that is scheduled already is moved. The node does not belong to the wheel
  // and must stay where it is until it has fired or is cancelled.
  void Schedule(WheelNode* node, uint64_t due_ms);

  // REQUIRES: the node is scheduled on this wheel.
  void Cancel(WheelNode* node);

  static bool IsScheduled(const WheelNode* node) { return node->link != nullptr; }

  // Moves time to `now_ms` and fires all that is due, with at most `budget` units of work: firing a
  // node is one, and moving it down is one. (Stepping to a slot is not counted: it brings at least
  // one node that is.) True: the budget ended first, and the next call will go on, at whatever time
  // it names. A `now_ms` that is before that of an earlier call does no harm: callers may read
  // their clocks before they take the lock.
  //
  // `on_due` gets nodes that are no longer scheduled. It may schedule and cancel any, also the one
  // it got; it may not call Advance. What it schedules for a time that has passed fires in the same
  // call, so a node that always does that uses up the budget.
  bool Advance(uint64_t now_ms, size_t budget, absl::FunctionRef<void(WheelNode*)> on_due);

  // Scheduled nodes.
  size_t size() const { return size_; }

  // Aborts if the structure is broken. For tests; O(size).
  void CheckInvariants() const;

 private:
  static constexpr int kDigitBits = 6;
  static constexpr int kLevels = 6;
  static constexpr size_t kSlots = size_t{1} << kDigitBits;
  static_assert(kSlots == 64, "the slots of a level are the bits of a word");

  // Where a node belongs: a level below kLevels and a slot of it, or one of these instead of a
  // level.
  static constexpr int kReady = -1;
  static constexpr int kFar = kLevels;
  struct Place {
    int level;
    size_t slot;
    friend bool operator==(const Place&, const Place&) = default;
  };
  Place PlaceOf(uint64_t due_ms) const;

  // Puts the node where it belongs now.
  void Put(WheelNode* node);

  // Moves now_ to the next time at which something fires or sinks, and that into ready_ or
  // sinking_. False: that is after `until`, to which now_ moves then. REQUIRES: ready_ and sinking_
  // are empty.
  bool Step(uint64_t until);

  uint64_t now_;
  size_t size_ = 0;
  WheelNode* ready_ = nullptr;
  WheelNode* sinking_ = nullptr;
  WheelNode* far_ = nullptr;
  uint64_t occupied_[kLevels] = {};  // a bit for each slot that is not empty
  WheelNode* slots_[kLevels][kSlots] = {};
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TIMING_WHEEL_H_
