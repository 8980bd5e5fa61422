#include "engine/entry_queues.h"

#include <new>
#include <utility>

#include "engine/check.h"

namespace trivet::engine {

EntryQueues::~EntryQueues() {
  for (Chunk* chunk : chunks_) {
    if (chunk != nullptr) arena_.FreeTable(chunk);
  }
}

// --- Chunks

uint32_t EntryQueues::AddChunk(size_t queue) {
  uint32_t number;
  if (free_.empty()) {
    number = static_cast<uint32_t>(chunks_.size());
    TRIVET_CHECK(number < (kNone >> (kSlotBits + kQueueBits)),
                 "more entries in a shard than numbers");
    chunks_.push_back(nullptr);
  } else {
    number = free_.back();
    free_.pop_back();
  }
  chunks_[number] = new (arena_.AllocateTable()) Chunk;
  Chunk& chunk = *chunks_[number];
  chunk.queue = static_cast<uint8_t>(queue);
  Queue& all = queues_[queue];
  chunk.older = all.youngest;
  (all.youngest == kNone ? all.oldest : chunks_[all.youngest]->younger) = number;
  all.youngest = number;
  CountBytes();
  return number;
}

void EntryQueues::DropChunk(uint32_t number) {
  const Chunk& chunk = *chunks_[number];
  Queue& all = queues_[chunk.queue];
  (chunk.older == kNone ? all.oldest : chunks_[chunk.older]->younger) = chunk.younger;
  (chunk.younger == kNone ? all.youngest : chunks_[chunk.younger]->older) = chunk.older;
  arena_.FreeTable(std::exchange(chunks_[number], nullptr));
  free_.push_back(number);
  CountBytes();
}

void EntryQueues::CountBytes() {
  bytes_ = (chunks_.size() - free_.size()) * sizeof(Chunk) + chunks_.capacity() * sizeof(Chunk*);
}

void EntryQueues::Place(Entry* entry, uint32_t number, uint32_t slot) {
  Chunk& chunk = *chunks_[number];
  chunk.blocks[slot] = arena_.NumberOf(entry);
  entry->queue_slot = PackSlot(number, chunk.queue, slot);
}

void EntryQueues::JoinIfFew(uint32_t number) {
  const Chunk& chunk = *chunks_[number];
  if (chunk.entries > kFew) return;
  if (chunk.older != kNone && chunk.entries + chunks_[chunk.older]->entries <= kJoinedMax) {
    Join(chunk.older, number);
  } else if (chunk.younger != kNone &&
             chunk.entries + chunks_[chunk.younger]->entries <= kJoinedMax) {
    Join(number, chunk.younger);
  }
}

void EntryQueues::Join(uint32_t number, uint32_t younger) {
  Chunk& into = *chunks_[number];
  uint32_t end = 0;
  for (const uint32_t from : {number, younger}) {
    const Chunk& chunk = *chunks_[from];
    for (uint32_t slot = chunk.begin; slot < chunk.end; ++slot) {
      if (chunk.blocks[slot] == 0) continue;
      Entry* const entry = EntryAt(chunk.blocks[slot]);
      if (from == number) into.blocks[slot] = 0;
      Place(entry, number, end++);
    }
  }
  into.begin = 0;
  into.end = into.entries = static_cast<uint8_t>(end);
  DropChunk(younger);
}

// --- Entries

void EntryQueues::Push(size_t queue, Entry* entry) {
  uint32_t number = queues_[queue].youngest;
  if (number == kNone || chunks_[number]->end == kSlots) number = AddChunk(queue);
  Chunk& chunk = *chunks_[number];
  Place(entry, number, chunk.end);
  ++chunk.end;
  ++chunk.entries;
  ++queues_[queue].entries;
}

void EntryQueues::Remove(Entry* entry) {
  const uint32_t number = ChunkOf(entry);
  Chunk& chunk = *chunks_[number];
  const uint32_t slot = SlotOf(entry);
  TRIVET_DCHECK(chunk.blocks[slot] == arena_.NumberOf(entry), "an entry is not where it says");
  chunk.blocks[slot] = 0;
  --queues_[chunk.queue].entries;
  if (--chunk.entries == 0) {
    DropChunk(number);
    return;
  }
  // The oldest leave most often: then the first chunk gets shorter, not emptier.
  while (chunk.blocks[chunk.begin] == 0) ++chunk.begin;
  if (chunk.older != kNone || chunk.end - chunk.begin > chunk.entries) JoinIfFew(number);
}

void EntryQueues::Replace(Entry* old, Entry* fresh) {
  // Only written: nobody waits for the chunk to come from memory.
  uint32_t& block = chunks_[ChunkOf(old)]->blocks[SlotOf(old)];
  TRIVET_DCHECK(block == arena_.NumberOf(old), "an entry is not where it says");
  block = arena_.NumberOf(fresh);
  fresh->queue_slot = old->queue_slot;
}

Entry* EntryQueues::Oldest(size_t queue) const {
  if (queues_[queue].oldest == kNone) return nullptr;
  const Chunk& chunk = *chunks_[queues_[queue].oldest];
  return EntryAt(chunk.blocks[chunk.begin]);
}

void EntryQueues::PrefetchOldest(size_t queue) const {
  constexpr uint32_t kAhead = 4;
  if (queues_[queue].oldest == kNone) return;
  const Chunk& chunk = *chunks_[queues_[queue].oldest];
  if (chunk.begin + kAhead < chunk.end) {
    __builtin_prefetch(EntryAt(chunk.blocks[chunk.begin + kAhead]));
  }
}

void EntryQueues::ForEach(size_t queue, absl::FunctionRef<void(Entry*)> visit) const {
  for (uint32_t number = queues_[queue].oldest; number != kNone;
       number = chunks_[number]->younger) {
    for (const uint32_t block : chunks_[number]->blocks) {
      if (block != 0) visit(EntryAt(block));
    }
  }
}

void EntryQueues::CheckInvariants() const {
  size_t chunks = 0;
  for (size_t queue = 0; queue < kQueuesMax; ++queue) {
    size_t entries = 0;
    uint32_t older = kNone;
    for (uint32_t number = queues_[queue].oldest; number != kNone;
         number = chunks_[number]->younger) {
      const Chunk& chunk = *chunks_[number];
      TRIVET_CHECK(chunk.queue == queue && chunk.older == older, "a chunk is linked wrongly");
      uint32_t seen = 0;
      for (uint32_t slot = 0; slot < kSlots; ++slot) {
        if (chunk.blocks[slot] == 0) continue;
        ++seen;
        TRIVET_CHECK(slot >= chunk.begin && slot < chunk.end, "an entry outside of its chunk");
        TRIVET_CHECK(EntryAt(chunk.blocks[slot])->queue_slot == PackSlot(number, queue, slot),
                     "an entry is not where it says");
      }
      TRIVET_CHECK(seen == chunk.entries && seen > 0, "a chunk miscounts its entries");
      TRIVET_CHECK(chunk.blocks[chunk.begin] != 0, "a chunk begins with a hole");
      entries += seen;
      older = number;
      ++chunks;
    }
    TRIVET_CHECK(queues_[queue].youngest == older, "a queue has another end");
    TRIVET_CHECK(entries == queues_[queue].entries, "a queue miscounts its entries");
  }
  TRIVET_CHECK(chunks == chunks_.size() - free_.size(), "a chunk is lost");
}

}  // namespace trivet::engine
