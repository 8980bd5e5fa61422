// Tells which of many numbered things are due, without looking at those that are not.
#ifndef TRIVET_ENGINE_TIMING_WHEEL_H_
#define TRIVET_ENGINE_TIMING_WHEEL_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "engine/address_range.h"

namespace trivet::engine {

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
// their own, `far`.
//
// A node is in one of four places, or not scheduled:
//
//   slot       due > now_. When now_ reaches the first millisecond of the slot, its list becomes
//              sinking as a whole (level 0: ready, for all of its nodes are due).
//   far        due > now_, in a later span of 64^6 ms. When the slots are empty and the time handed
//              to Advance lies in a later span, now_ becomes that time and the list sinking.
//   sinking    Each node is placed anew, by its due time and now_; that is always on a lower level,
//              or in ready, or (out of far) back in far. now_ stands still meanwhile.
//   ready      due <= now_. Each node is handed to on_due.
//
// Scheduling puts a node into a slot, far or ready; cancelling takes it out of any of the four, so
// work may be interrupted between any two nodes.
//
// Nodes are numbered from 0; the wheel keeps 16 bytes for each number up to the largest that was
// scheduled.
//
// Costs. Schedule and Cancel: O(1), a few instructions. Advance: O(levels), and what it does within
// its budget. A node moves down at most 5 times before it fires, however long its time; one in far
// moves once more for each span that it waits in. What is paid for this: 1.5 KiB of slots per
// wheel, occupied or not, and a cache miss on each move, at a time when nobody asked for it. The
// order in which nodes fire within one call says nothing.
//
// Not thread-safe: guarded by the shard.
class TimingWheel {
 public:
  // Time begins at `now_ms`; nodes have numbers below `nodes_max`, which is at most 2^31 - 1 and
  // takes addresses, not memory.
  TimingWheel(uint64_t now_ms, size_t nodes_max);
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  // The node fires when Advance reaches `due_ms`, and not before; if that time has passed, in the
  // next Advance. A node that is scheduled already is moved. False: the system has no memory for
  // it, and it never fires.
  bool Schedule(uint32_t node, uint64_t due_ms);

  // REQUIRES: the node is scheduled.
  void Cancel(uint32_t node);

  bool IsScheduled(uint32_t node) const { return node < end_ && nodes_[node].link != 0; }
  // REQUIRES: the node is scheduled.
  uint64_t DueOf(uint32_t node) const { return nodes_[node].due_ms; }

  // Moves time to `now_ms` and fires all that is due, with at most `*budget` units of work, which
  // it counts down: firing a node is one, and moving it down is one. (Stepping to a slot is not
  // counted: it brings at least one node that is.) True: the budget ended first, and the next call
  // will go on, at whatever time it names. A `now_ms` that is before that of an earlier call does
  // no harm: callers may read their clocks before they take the lock.
  //
  // `on_due` gets nodes that are no longer scheduled. It may schedule and cancel any, also the one
  // it got, and take more off the budget; it may not call Advance. What it schedules for a time
  // that has passed fires in the same call, so a node that always does that uses up the budget.
  bool Advance(uint64_t now_ms, size_t* budget, absl::FunctionRef<void(uint32_t)> on_due);

  // Whether Advance(now_ms) has anything to do. Two comparisons.
  bool IsQuiet(uint64_t now_ms) const {
    return now_ms <= now_ && heads_[kReady] == 0 && heads_[kSinking] == 0;
  }

  // Gives back the memory of the nodes from `end` on. REQUIRES: none of them is scheduled.
  void Truncate(uint32_t end);

  // Scheduled nodes.
  size_t size() const { return size_; }

  // What the nodes take.
  size_t bytes() const { return size_t{end_} * sizeof(Node); }

  // Aborts if the structure is broken. For tests; O(size).
  void CheckInvariants() const;

 private:
  static constexpr int kDigitBits = 6;
  static constexpr int kLevels = 6;
  static constexpr size_t kSlots = size_t{1} << kDigitBits;
  static_assert(kSlots == 64, "the slots of a level are the bits of a word");

  // The lists: those of the slots, and three more.
  static constexpr uint32_t kSlotLists = kLevels * kSlots;
  static constexpr uint32_t kReady = kSlotLists;
  static constexpr uint32_t kSinking = kSlotLists + 1;
  static constexpr uint32_t kFar = kSlotLists + 2;
  static constexpr uint32_t kLists = kSlotLists + 3;

  // Nodes are linked by their number plus one, so that 0 is none.
  struct Node {
    uint32_t next;
    uint32_t link;  // whose `next` leads here: a node, or kListBit and a list; 0: not scheduled
    uint64_t due_ms;
  };
  static constexpr uint32_t kListBit = uint32_t{1} << 31;

  // The list in which a node belongs that is due then; never kSinking.
  uint32_t ListOf(uint64_t due_ms) const;

  uint32_t& NextThatLeadsTo(const Node& node);
  void Link(uint32_t node, uint32_t list);
  void Unlink(uint32_t node);
  // REQUIRES: `to` is empty.
  void MoveList(uint32_t from, uint32_t to);

  // Puts the node where it belongs now.
  void Put(uint32_t node);

  // Moves now_ to the next time at which something fires or sinks, and that into kReady or
  // kSinking. False: that is after `until`, to which now_ moves then. REQUIRES: both are empty.
  bool Step(uint64_t until);

  AddressRange range_;
  Node* const nodes_;
  uint32_t end_ = 0;  // nodes from here on are not scheduled, and zero
  uint64_t now_;
  size_t size_ = 0;
  uint64_t occupied_[kLevels] = {};  // a bit for each slot that is not empty
  uint32_t heads_[kLists] = {};
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TIMING_WHEEL_H_
