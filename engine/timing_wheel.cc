#include "engine/timing_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/check.h"

namespace trivet::engine {
namespace {

// Memory of nodes is given back in such pieces.
constexpr size_t kDiscardedBytes = 64 << 10;

uint64_t ClearLowBits(uint64_t value, int bits) { return value >> bits << bits; }

}  // namespace

TimingWheel::TimingWheel(uint64_t now_ms, size_t nodes_max)
    : range_(nodes_max * sizeof(Node)),
      nodes_(reinterpret_cast<Node*>(range_.data())),
      now_(now_ms) {
  TRIVET_CHECK(nodes_max < kListBit, "more nodes than numbers");
}

// --- Lists

uint32_t& TimingWheel::NextThatLeadsTo(const Node& node) {
  if ((node.link & kListBit) != 0) return heads_[node.link ^ kListBit];
  return nodes_[node.link - 1].next;
}

void TimingWheel::Link(uint32_t node, uint32_t list) {
  Node& linked = nodes_[node];
  linked.next = heads_[list];
  linked.link = kListBit | list;
  if (linked.next != 0) nodes_[linked.next - 1].link = node + 1;
  heads_[list] = node + 1;
}

void TimingWheel::Unlink(uint32_t node) {
  Node& linked = nodes_[node];
  NextThatLeadsTo(linked) = linked.next;
  if (linked.next != 0) nodes_[linked.next - 1].link = linked.link;
  linked.next = 0;
  linked.link = 0;
}

void TimingWheel::MoveList(uint32_t from, uint32_t to) {
  TRIVET_DCHECK(heads_[to] == 0, "a list would be lost");
  heads_[to] = std::exchange(heads_[from], 0);
  if (heads_[to] != 0) nodes_[heads_[to] - 1].link = kListBit | to;
}

uint32_t TimingWheel::ListOf(uint64_t due_ms) const {
  if (due_ms <= now_) return kReady;
  const int level = (63 - std::countl_zero(due_ms ^ now_)) / kDigitBits;
  if (level >= kLevels) return kFar;
  const uint64_t slot = (due_ms >> (level * kDigitBits)) % kSlots;
  return static_cast<uint32_t>(static_cast<uint64_t>(level) * kSlots + slot);
}

void TimingWheel::Put(uint32_t node) {
  const uint32_t list = ListOf(nodes_[node].due_ms);
  Link(node, list);
  if (list < kSlotLists) occupied_[list / kSlots] |= uint64_t{1} << (list % kSlots);
}

// --- Changing

bool TimingWheel::Schedule(uint32_t node, uint64_t due_ms) {
  if (node >= end_) {
    if (!range_.Commit((size_t{node} + 1) * sizeof(Node))) return false;
    end_ = node + 1;
  }
  if (IsScheduled(node)) Cancel(node);
  nodes_[node].due_ms = due_ms;
  Put(node);
  ++size_;
  return true;
}

void TimingWheel::Cancel(uint32_t node) {
  TRIVET_DCHECK(IsScheduled(node), "nothing to cancel");
  Unlink(node);
  --size_;
  // A node in a slot is there until now_ reaches that slot, and its place is the same all the
  // while. For a node that is sinking this is a slot it was not in, whose bit is right already.
  const uint32_t list = ListOf(nodes_[node].due_ms);
  if (list < kSlotLists && heads_[list] == 0) {
    occupied_[list / kSlots] &= ~(uint64_t{1} << (list % kSlots));
  }
}

void TimingWheel::Truncate(uint32_t end) {
  if (end >= end_) return;
  const size_t begin = (size_t{end} * sizeof(Node) + kDiscardedBytes - 1) / kDiscardedBytes;
  const size_t after = (size_t{end_} * sizeof(Node) + kDiscardedBytes - 1) / kDiscardedBytes;
  for (size_t piece = begin; piece < after; ++piece) {
    range_.Discard(piece * kDiscardedBytes, kDiscardedBytes);
  }
  end_ = end;
}

// --- Time

bool TimingWheel::Step(uint64_t until) {
  for (uint32_t level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<uint32_t>(std::countr_zero(occupied_[level]));
    const int shift = static_cast<int>(level) * kDigitBits;
    const uint64_t start = ClearLowBits(now_, shift + kDigitBits) | uint64_t{slot} << shift;
    if (start > until) {
      now_ = until;
      return false;
    }
    now_ = start;
    occupied_[level] &= ~(uint64_t{1} << slot);
    MoveList(level * kSlots + slot, level == 0 ? kReady : kSinking);
    return true;
  }
  const bool later_span = (until ^ now_) >> (kLevels * kDigitBits) != 0;
  now_ = until;
  if (heads_[kFar] == 0 || !later_span) return false;
  MoveList(kFar, kSinking);
  return true;
}

bool TimingWheel::Advance(uint64_t now_ms, size_t* budget,
                          absl::FunctionRef<void(uint32_t)> on_due) {
  const uint64_t until = std::max(now_ms, now_);
  while (true) {
    if (heads_[kReady] == 0 && heads_[kSinking] == 0 && !Step(until)) return false;
    if (*budget == 0) return true;
    --*budget;
    if (heads_[kReady] != 0) {
      const uint32_t node = heads_[kReady] - 1;
      Unlink(node);
      --size_;
      on_due(node);
    } else {
      const uint32_t node = heads_[kSinking] - 1;
      Unlink(node);
      Put(node);
    }
  }
}

void TimingWheel::CheckInvariants() const {
  size_t nodes = 0;
  for (uint32_t list = 0; list < kLists; ++list) {
    uint32_t link = kListBit | list;
    for (uint32_t next = heads_[list]; next != 0; next = nodes_[next - 1].next) {
      const Node& node = nodes_[next - 1];
      TRIVET_CHECK(node.link == link, "a link does not lead back");
      TRIVET_CHECK(list == kSinking || ListOf(node.due_ms) == list, "a node is in the wrong list");
      link = next;
      ++nodes;
    }
    if (list < kSlotLists) {
      TRIVET_CHECK((occupied_[list / kSlots] >> (list % kSlots) & 1) == (heads_[list] != 0),
                   "a bit disagrees with its slot");
    }
  }
  TRIVET_CHECK(nodes == size_, "nodes are miscounted");
}

}  // namespace trivet::engine
