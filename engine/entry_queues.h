// The entries of a shard in the order in which a policy wants them.
#ifndef TRIVET_ENGINE_ENTRY_QUEUES_H_
#define TRIVET_ENGINE_ENTRY_QUEUES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/arena.h"
#include "engine/entry.h"
#include "engine/table_mover.h"

namespace trivet::engine {

// A few queues, first in, first out, from whose middle entries may leave, too. Each is an unrolled
// linked list: chunks of 125 block numbers. An entry knows its slot (Entry::queue_slot), so that
// another one takes its place, or a hole, without a look at its neighbours: four bytes for the slot
// and a few more for the place in the chunk, where pointers to and from neighbours would take 16
// and touch two more blocks.
//
// Holes are skipped; a chunk that is hardly used is joined with its neighbour, so that at least a
// third of all slots, but for the ends, is used. Joining touches up to 82 entries, once for as many
// that left.
//
// All operations are O(1), amortised. Owns no entry. Not thread-safe: guarded by the shard.
class EntryQueues {
 public:
  static constexpr size_t kQueuesMax = 4;

  explicit EntryQueues(Arena& arena) : arena_(arena) {}
  EntryQueues(const EntryQueues&) = delete;
  EntryQueues& operator=(const EntryQueues&) = delete;
  ~EntryQueues();

  // To the young end. REQUIRES: the entry is in no queue.
  void Push(size_t queue, Entry* entry);
  void Remove(Entry* entry);
  // `fresh` takes the place of `old`.
  void Replace(Entry* old, Entry* fresh);

  // Which queue the entry is in.
  static size_t QueueOf(const Entry* entry) {
    return entry->queue_slot >> kSlotBits & ((1u << kQueueBits) - 1);
  }

  // The one that was pushed first; null if there is none.
  Entry* Oldest(size_t queue) const;
  // Brings the entries that will be the oldest soon into the cache of the processor.
  void PrefetchOldest(size_t queue) const;
  size_t size(size_t queue) const { return queues_[queue].entries; }

  // From the oldest to the youngest.
  void ForEach(size_t queue, absl::FunctionRef<void(Entry*)> visit) const;

  // What the chunks take.
  size_t bytes() const { return bytes_; }
  void MoveTables(TableMover* mover) { mover->Visit(chunks_); }

  // Aborts if the structure is broken. For tests.
  void CheckInvariants() const;

 private:
  static constexpr uint32_t kSlots = 125;
  // Entry::queue_slot:  number of the chunk (23 bits) | queue (2) | slot (7)
  // The queue is the chunk's, too: QueueOf need not read that.
  static constexpr int kSlotBits = 7;
  static_assert(kSlots <= 1u << kSlotBits);
  static constexpr int kQueueBits = 2;
  static_assert(kQueuesMax == 1u << kQueueBits);
  static constexpr uint32_t kNone = ~uint32_t{0};
  // Chunks are joined when one has at most so many entries, and both together so many.
  static constexpr uint32_t kFew = kSlots / 3;
  static constexpr uint32_t kJoinedMax = 2 * kFew;

  struct Chunk {
    uint32_t older = kNone;
    uint32_t younger = kNone;
    uint8_t queue = 0;
    uint8_t begin = 0;  // no entry before this slot
    uint8_t end = 0;    // none from this slot on
    uint8_t entries = 0;
    std::array<uint32_t, kSlots> blocks = {};  // 0: a hole
  };
  static_assert(sizeof(Chunk) == kTableBytes);

  struct Queue {
    uint32_t oldest = kNone;
    uint32_t youngest = kNone;
    size_t entries = 0;
  };

  static uint32_t PackSlot(uint32_t number, size_t queue, uint32_t slot) {
    return (number << kQueueBits | static_cast<uint32_t>(queue)) << kSlotBits | slot;
  }
  static uint32_t ChunkOf(const Entry* entry) {
    return entry->queue_slot >> (kSlotBits + kQueueBits);
  }
  static uint32_t SlotOf(const Entry* entry) { return entry->queue_slot & ((1u << kSlotBits) - 1); }
  Entry* EntryAt(uint32_t block) const { return static_cast<Entry*>(arena_.At(block)); }
  uint32_t AddChunk(size_t queue);
  void DropChunk(uint32_t number);
  void CountBytes();
  void JoinIfFew(uint32_t number);
  // Moves the entries of a chunk to its front, and those of the next one behind them.
  void Join(uint32_t number, uint32_t younger);
  void Place(Entry* entry, uint32_t number, uint32_t slot);

  Arena& arena_;
  std::array<Queue, kQueuesMax> queues_;
  std::vector<Chunk*> chunks_;  // by number, in the arena; null: the number is free
  std::vector<uint32_t> free_;
  size_t bytes_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ENTRY_QUEUES_H_
