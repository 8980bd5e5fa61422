// One cached key and value: a header and the bytes behind it, in a single block of memory.
#ifndef TRIVET_ENGINE_ENTRY_H_
#define TRIVET_ENGINE_ENTRY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "engine/arena.h"
#include "engine/relaxed.h"
#include "engine/timing_wheel.h"

namespace trivet::engine {

class NamespaceState;
struct TagGroup;

// Milliseconds of Clock::Elapsed().
using Millis = uint64_t;
inline constexpr Millis kNever = std::numeric_limits<Millis>::max();

// The membership of an entry in one tag group of its shard: the group, and the entry's place in it.
struct TagMembership {
  TagGroup* group = nullptr;
  uint32_t position = 0;
};

// Everything that is known of an entry before it is linked into a shard.
struct EntryDraft {
  NamespaceState* space = nullptr;
  uint64_t hash = 0;
  std::string_view key;
  std::string_view value;
  size_t tag_count = 0;
  uint64_t version = 0;
  Millis created = 0;
  Millis expires = kNever;
  Millis idle = kNever;  // idle TTL
};

// One block of the arena: Entry | TagMembership[tag_count] | key bytes | value bytes.
//
// Key and value never change after Create; a new value is a new entry. Readers follow the index to
// an entry without a lock; what they look at is constant once the entry is linked, or Relaxed. The
// rest belongs to the shard and is read and written under the lock of the shard that holds the
// entry. The reference count is shared between the index, which holds one, and the handles, which
// hold one each: see EntryLedger.
class Entry : public WheelNode {
 public:
  // Null if the arena has no block for it.
  static Entry* Create(Arena& arena, const EntryDraft& draft);
  // The same entry in another block; not linked anywhere, and without groups.
  static Entry* Copy(Arena& arena, Entry& entry);
  static void Destroy(Arena& arena, Entry* entry);

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  NamespaceState* space() const { return space_; }
  uint64_t hash() const { return hash_; }
  std::string_view key() const { return {bytes(), key_size_}; }
  std::string_view value() const { return {bytes() + key_size_, value_size_}; }
  std::span<TagMembership> tags() { return {memberships(), tag_count_}; }

  // What this block takes from the arena, slack included.
  size_t charge() const { return size_t{granules_} * kGranuleBytes; }

  Millis idle() const { return idle_; }
  bool has_ttl() const { return expires != kNever || has_idle_; }
  bool has_idle() const { return has_idle_; }

  static constexpr uint8_t kUsesMax = 3;

 private:
  friend class EntryLedger;

  // The order of the fields is that of the block: what a hit looks at comes last, next to the key.
  uint32_t granules_;

 public:
  // Guarded by the lock of the shard, once linked.
  uint8_t policy_queue = 0;  // which of the policy's queues
 private:
  bool retired_ = false;  // see EntryLedger
 public:
  Entry* policy_prev = nullptr;
  Entry* policy_next = nullptr;

  // Constant once linked.
  uint64_t version = 0;
  Millis created = 0;

 private:
  const Millis idle_;

 public:
  // Written by readers, without a lock.
  Relaxed<Millis> accessed = 0;  // the last read, to a sixteenth of `idle`

 private:
  const uint64_t hash_;
  NamespaceState* const space_;

 public:
  Relaxed<Millis> expires = kNever;  // changed under the shard's lock, read without
  uint32_t epoch = 0;                // of the namespace; constant once linked

 private:
  std::atomic<uint32_t> references_{1};
  const uint32_t key_size_;
  const uint32_t value_size_;
  const uint8_t tag_count_;
  const bool has_idle_;

 public:
  // Reads as the policy counts them, up to kUsesMax. Two readers at a time may count as one.
  Relaxed<uint8_t> uses = 0;

 private:
  Entry(const EntryDraft& draft, size_t charge);
  ~Entry() = default;

  TagMembership* memberships() { return reinterpret_cast<TagMembership*>(this + 1); }
  const char* bytes() const {
    return reinterpret_cast<const char*>(this + 1) + tag_count_ * sizeof(TagMembership);
  }
};

// Owns a draft until a shard takes it.
struct EntryDeleter {
  void operator()(Entry* entry) const { Entry::Destroy(*arena, entry); }
  Arena* arena = nullptr;
};
using EntryPtr = std::unique_ptr<Entry, EntryDeleter>;

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ENTRY_H_
