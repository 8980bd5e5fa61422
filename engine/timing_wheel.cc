#include "engine/timing_wheel.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/functional/function_ref.h"
#include "engine/check.h"

namespace trivet::engine {
namespace {

uint64_t ClearLowBits(uint64_t value, int bits) { return value >> bits << bits; }

void Link(WheelNode* node, WheelNode** list) {
  node->next = *list;
  node->link = list;
  if (node->next != nullptr) node->next->link = &node->next;
  *list = node;
}

void Unlink(WheelNode* node) {
  *node->link = node->next;
  if (node->next != nullptr) node->next->link = node->link;
  node->next = nullptr;
  node->link = nullptr;
}

// REQUIRES: `*to` is empty.
void MoveList(WheelNode** from, WheelNode** to) {
  TRIVET_DCHECK(*to == nullptr, "a list would be lost");
  *to = std::exchange(*from, nullptr);
  if (*to != nullptr) (*to)->link = to;
}

}  // namespace

TimingWheel::Place TimingWheel::PlaceOf(uint64_t due_ms) const {
  if (due_ms <= now_) return {kReady, 0};
  const int level = (63 - std::countl_zero(due_ms ^ now_)) / kDigitBits;
  if (level >= kLevels) return {kFar, 0};
  return {level, (due_ms >> (level * kDigitBits)) % kSlots};
}

void TimingWheel::Put(WheelNode* node) {
  const Place place = PlaceOf(node->due_ms);
  if (place.level == kReady) {
    Link(node, &ready_);
  } else if (place.level == kFar) {
    Link(node, &far_);
  } else {
    Link(node, &slots_[place.level][place.slot]);
    occupied_[place.level] |= uint64_t{1} << place.slot;
  }
}

void TimingWheel::Schedule(WheelNode* node, uint64_t due_ms) {
  if (IsScheduled(node)) Cancel(node);
  node->due_ms = due_ms;
  Put(node);
  ++size_;
}

void TimingWheel::Cancel(WheelNode* node) {
  TRIVET_DCHECK(IsScheduled(node), "nothing to cancel");
  Unlink(node);
  --size_;
  // A node in a slot is there until now_ reaches that slot, and its place is the same all the
  // while. For a node in sinking_ this is a slot it was not in, whose bit is right already.
  const Place place = PlaceOf(node->due_ms);
  if (place.level == kReady || place.level == kFar) return;
  if (slots_[place.level][place.slot] == nullptr) {
    occupied_[place.level] &= ~(uint64_t{1} << place.slot);
  }
}

bool TimingWheel::Step(uint64_t until) {
  for (int level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const int slot = std::countr_zero(occupied_[level]);
    const int shift = level * kDigitBits;
    const uint64_t start = ClearLowBits(now_, shift + kDigitBits) | uint64_t(slot) << shift;
    if (start > until) {
      now_ = until;
      return false;
    }
    now_ = start;
    occupied_[level] &= ~(uint64_t{1} << slot);
    MoveList(&slots_[level][slot], level == 0 ? &ready_ : &sinking_);
    return true;
  }
  const bool later_span = (until ^ now_) >> (kLevels * kDigitBits) != 0;
  now_ = until;
  if (far_ == nullptr || !later_span) return false;
  MoveList(&far_, &sinking_);
  return true;
}

bool TimingWheel::Advance(uint64_t now_ms, size_t budget,
                          absl::FunctionRef<void(WheelNode*)> on_due) {
  const uint64_t until = std::max(now_ms, now_);
  for (;; --budget) {
    if (ready_ == nullptr && sinking_ == nullptr && !Step(until)) return false;
    if (budget == 0) return true;
    if (ready_ != nullptr) {
      WheelNode* const node = ready_;
      Unlink(node);
      --size_;
      on_due(node);
    } else {
      WheelNode* const node = sinking_;
      Unlink(node);
      Put(node);
    }
  }
}

void TimingWheel::CheckInvariants() const {
  size_t nodes = 0;
  const auto check_list = [&nodes](WheelNode* const* list, const auto& belongs) {
    for (WheelNode* const* link = list; *link != nullptr; link = &(*link)->next) {
      TRIVET_CHECK((*link)->link == link, "a link does not lead back");
      TRIVET_CHECK(belongs((*link)->due_ms), "a node is in the wrong list");
      ++nodes;
    }
  };
  check_list(&ready_, [&](uint64_t due_ms) { return PlaceOf(due_ms).level == kReady; });
  check_list(&sinking_, [](uint64_t) { return true; });
  check_list(&far_, [&](uint64_t due_ms) { return PlaceOf(due_ms).level == kFar; });
  for (int level = 0; level < kLevels; ++level) {
    for (size_t slot = 0; slot < kSlots; ++slot) {
      const Place place{level, slot};
      check_list(&slots_[level][slot], [&](uint64_t due_ms) { return PlaceOf(due_ms) == place; });
      TRIVET_CHECK((occupied_[level] >> slot & 1) == (slots_[level][slot] != nullptr),
                   "a bit disagrees with its slot");
    }
  }
  TRIVET_CHECK(nodes == size_, "nodes are miscounted");
}

}  // namespace trivet::engine
