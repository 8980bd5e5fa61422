// One cached key and value: a header and the bytes behind it, in a single block of memory.
#ifndef TRIVET_ENGINE_ENTRY_H_
#define TRIVET_ENGINE_ENTRY_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "engine/arena.h"
#include "engine/millis.h"
#include "engine/relaxed.h"
#include "engine/size_classes.h"
#include "trivet/live_object.h"

namespace trivet::engine {

// The membership of an entry in one tag group of its shard: the number of the group's block, and
// the entry's place in the group.
struct TagMembership {
  uint32_t group = 0;
  uint32_t position = 0;
};

// Everything that is known of an entry before it is linked into a shard.
struct EntryDraft {
  uint32_t space_id = 0;
  std::string_view key;
  std::string_view value;
  LiveObject* object = nullptr;  // if not null, the entry takes the object over
  size_t tag_count = 0;
  bool versioned = true;  // whether there is room for `version` and `created`
  uint64_t version = 0;
  Millis created = 0;
  Millis expires = kNever;
  Millis idle = kNever;  // idle TTL
};

// One block of the arena:
//
//   Entry | Idle, if it has an idle TTL | Object, if typed | Origin, if versioned | TagMembership[]
//         | key | value, empty if typed
//
// What few entries need is not in the header, whose 32 bytes every entry pays for. The hash is not
// kept at all: it is computed from the key by who needs it again, which no reader does.
//
// The value of a typed entry is a live object on the heap; its bytes, as a reader of bytes gets to
// see them, are none.
//
// Key and value never change after Create; a new value is a new entry. Readers follow the index to
// an entry without a lock; what they look at is constant once the entry is linked, or Relaxed. The
// rest belongs to the shard and is read and written under the lock of the shard that holds the
// entry. The reference count is shared between the index, which holds one, and the handles, which
// hold one each: see EntryLedger.
class Entry {
 public:
  // Null if the arena has no block for it.
  static Entry* Create(Arena& arena, const EntryDraft& draft);
  // On the heap: for an entry that is never linked, where the arena has no block. Never null.
  static Entry* CreateOnHeap(const EntryDraft& draft);
  // The same entry in another block; not linked anywhere, and without groups. REQUIRES: not typed,
  // for an object has one owner.
  static Entry* Copy(Arena& arena, Entry& entry);
  static void Destroy(Arena& arena, Entry* entry);

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  uint32_t space_id() const { return space_id_; }
  std::string_view key() const { return {bytes() + key_offset(), key_size()}; }
  std::string_view value() const { return {bytes() + key_offset() + key_size(), value_size_}; }
  bool has_tags() const { return (flags_ & kHasTags) != 0; }
  std::span<TagMembership> tags() {
    if (!has_tags()) return {};
    auto* const first = reinterpret_cast<TagMembership*>(bytes() + tags_offset());
    return {first, (key_offset() - tags_offset()) / sizeof(TagMembership)};
  }

  bool is_typed() const { return (flags_ & kIsTyped) != 0; }
  // REQUIRES: is_typed().
  const void* object() const { return ObjectPart()->object; }
  const TypeOps* type() const { return ObjectPart()->ops; }

  // What this block takes from the arena, slack included.
  size_t block_bytes() const {
    return size_class_ != kLarge ? kBytesOfClass[size_class_] : Arena::BlockBytes(size());
  }
  // The same with what its object takes: what the budget is charged with.
  size_t charge() const { return block_bytes() + (is_typed() ? ObjectPart()->bytes : 0); }

  bool has_ttl() const { return (flags_ & kHasIdle) != 0 || HasDeadline(deadline_); }
  Millis expires() const {
    const uint64_t deadline = deadline_;
    return HasDeadline(deadline) ? deadline >> kKeyBits : kNever;
  }
  // Under the shard's lock, once linked.
  void SetExpires(Millis expires) { deadline_ = PackDeadline(expires, key_size()); }

  bool has_idle() const { return (flags_ & kHasIdle) != 0; }
  // The idle TTL; kNever without one.
  Millis idle() const { return has_idle() ? IdlePart()->idle : kNever; }
  // The last read, to a sixteenth of the idle TTL; written by readers. REQUIRES: has_idle().
  Millis accessed() const { return IdlePart()->accessed; }
  void SetAccessed(Millis now) { IdlePart()->accessed = now; }

  // 0 and the beginning of time where entries are not versioned. Constant once linked.
  bool is_versioned() const { return (flags_ & kHasOrigin) != 0; }
  uint64_t version() const { return is_versioned() ? OriginPart()->version : 0; }
  Millis created() const { return is_versioned() ? OriginPart()->created : 0; }
  void SetVersion(uint64_t version) {
    if (is_versioned()) OriginPart()->version = version;
  }

  static constexpr uint8_t kUsesMax = 3;

  // Where the policy keeps the entry; guarded by the lock of the shard, once linked.
  uint32_t queue_slot = 0;
  // Of the namespace; constant once linked.
  uint32_t epoch = 0;

 private:
  friend class EntryLedger;

  struct Idle {
    Millis idle;
    Relaxed<Millis> accessed;
  };
  struct Object {
    void* object;
    const TypeOps* ops;
    size_t bytes;  // as the codec told them
  };
  struct Origin {
    uint64_t version;
    Millis created;
  };
  static constexpr uint8_t kHasIdle = 1;
  static constexpr uint8_t kHasOrigin = 2;
  static constexpr uint8_t kHasTags = 4;
  static constexpr uint8_t kIsTyped = 8;
  static constexpr size_t kWord = 8;
  static constexpr uint8_t kLarge = kSizeClasses;  // in place of a size class

  // One word for two: a key has 1 to 65 536 bytes; 47 bits of milliseconds last for 4400 years, and
  // the highest bit means never.
  static constexpr int kKeyBits = 16;
  static constexpr Millis kDeadlineMax = (Millis{1} << 47) - 1;
  static uint64_t PackDeadline(Millis expires, size_t key_size) {
    const Millis bits = expires == kNever ? kDeadlineMax + 1 : std::min(expires, kDeadlineMax);
    return bits << kKeyBits | (key_size - 1);
  }
  static bool HasDeadline(uint64_t deadline) { return static_cast<int64_t>(deadline) >= 0; }

  // Of the block that a draft needs.
  struct Layout {
    explicit Layout(const EntryDraft& draft)
        : flags(FlagsOf(draft)),
          key_offset(OffsetOfTags(flags) + draft.tag_count * sizeof(TagMembership)),
          size(key_offset + draft.key.size() + draft.value.size()) {}
    const uint8_t flags;
    const size_t key_offset;
    const size_t size;
  };
  static Entry* Make(void* block, const EntryDraft& draft, const Layout& layout);
  Entry(const EntryDraft& draft, const Layout& layout);
  ~Entry();

  size_t key_size() const { return (deadline_ & ((1u << kKeyBits) - 1)) + 1; }
  size_t key_offset() const { return key_words_ * kWord; }
  size_t size() const { return key_offset() + key_size() + value_size_; }
  size_t tags_offset() const { return OffsetOfTags(flags_); }
  static size_t OffsetOfTags(uint8_t flags) {
    return OffsetOfObject(flags) + ((flags & kIsTyped) != 0 ? sizeof(Object) : 0) +
           ((flags & kHasOrigin) != 0 ? sizeof(Origin) : 0);
  }
  static size_t OffsetOfObject(uint8_t flags) {
    return sizeof(Entry) + ((flags & kHasIdle) != 0 ? sizeof(Idle) : 0);
  }
  static uint8_t ClassOf(size_t size) {
    return size <= kSmallBytesMax ? static_cast<uint8_t>(SizeClassOf(size)) : kLarge;
  }
  static uint8_t FlagsOf(const EntryDraft& draft) {
    return static_cast<uint8_t>(
        (draft.idle != kNever ? kHasIdle : 0) | (draft.versioned ? kHasOrigin : 0) |
        (draft.tag_count != 0 ? kHasTags : 0) | (draft.object != nullptr ? kIsTyped : 0));
  }

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  char* bytes() { return reinterpret_cast<char*>(this); }
  Idle* IdlePart() const {
    return reinterpret_cast<Idle*>(const_cast<char*>(bytes()) + sizeof(Entry));
  }
  Object* ObjectPart() const {
    return reinterpret_cast<Object*>(const_cast<char*>(bytes()) + OffsetOfObject(flags_));
  }
  Origin* OriginPart() const {
    return reinterpret_cast<Origin*>(const_cast<char*>(bytes()) + tags_offset() - sizeof(Origin));
  }

  const uint32_t space_id_;
  const uint32_t value_size_;
  Relaxed<uint64_t> deadline_;           // and the size of the key; see PackDeadline
  std::atomic<uint32_t> references_{1};  // see EntryLedger
  const uint8_t flags_;
  const uint8_t key_words_;   // where the key begins
  const uint8_t size_class_;  // of the block; kLarge if that is a run of pages

 public:
  // Reads as the policy counts them, up to kUsesMax; written by readers. Two readers at a time may
  // count as one.
  Relaxed<uint8_t> uses = 0;
};

static_assert(sizeof(Entry) == 32);

// Owns a draft until a shard takes it.
struct EntryDeleter {
  void operator()(Entry* entry) const { Entry::Destroy(*arena, entry); }
  Arena* arena = nullptr;
};
using EntryPtr = std::unique_ptr<Entry, EntryDeleter>;

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ENTRY_H_
