#include "engine/entry.h"

#include <cstring>
#include <new>

#include "engine/check.h"
#include "trivet/options.h"

namespace trivet::engine {

Entry::Entry(const EntryDraft& draft, uint8_t flags, size_t key_offset, uint8_t size_class)
    : space_id_(draft.space_id),
      value_size_(static_cast<uint32_t>(draft.value.size())),
      deadline_(PackDeadline(draft.expires, draft.key.size())),
      flags_(flags),
      key_words_(static_cast<uint8_t>(key_offset / kWord)),
      size_class_(size_class) {
  static_assert((sizeof(Entry) + sizeof(Idle) + sizeof(Object) + sizeof(Origin) +
                 kTagsPerEntryMax * sizeof(TagMembership)) /
                    kWord <=
                std::numeric_limits<decltype(key_words_)>::max());
  static_assert(kKeyBytesMax == size_t{1} << kKeyBits);
  static_assert(kValueBytesCeiling <= std::numeric_limits<decltype(value_size_)>::max());
  if (has_idle()) new (IdlePart()) Idle{draft.idle, draft.created};
  if (is_typed()) {
    const LiveObject& object = *draft.object;
    new (ObjectPart()) Object{draft.object->Release(), object.ops(), object.bytes()};
  }
  if (is_versioned()) new (OriginPart()) Origin{draft.version, draft.created};
}

Entry::~Entry() {
  if (is_typed()) ObjectPart()->ops->destroy(ObjectPart()->object);
}

Entry* Entry::Create(Arena& arena, const EntryDraft& draft) {
  void* const block = arena.Allocate(SizeOf(draft));
  return block == nullptr ? nullptr : Make(block, draft);
}

Entry* Entry::CreateOnHeap(const EntryDraft& draft) {
  return Make(Arena::AllocateOnHeap(SizeOf(draft)), draft);
}

Entry* Entry::Make(void* block, const EntryDraft& draft) {
  TRIVET_DCHECK(!draft.key.empty(), "a key has a byte at least");
  TRIVET_DCHECK(draft.object == nullptr || draft.value.empty(), "an object or bytes, not both");
  const size_t key_offset = KeyOffsetOf(draft);
  auto* entry = new (block) Entry(draft, FlagsOf(draft), key_offset, ClassOf(SizeOf(draft)));
  for (TagMembership& membership : entry->tags()) new (&membership) TagMembership();
  char* const key = entry->bytes() + key_offset;
  std::memcpy(key, draft.key.data(), draft.key.size());
  if (!draft.value.empty()) {
    std::memcpy(key + draft.key.size(), draft.value.data(), draft.value.size());
  }
  return entry;
}

Entry* Entry::Copy(Arena& arena, Entry& entry) {
  TRIVET_DCHECK(!entry.is_typed(), "an object has one owner");
  Entry* const copy = Create(arena, {.space_id = entry.space_id(),
                                     .key = entry.key(),
                                     .value = entry.value(),
                                     .tag_count = entry.tags().size(),
                                     .versioned = entry.is_versioned(),
                                     .version = entry.version(),
                                     .created = entry.created(),
                                     .expires = entry.expires(),
                                     .idle = entry.idle()});
  if (copy != nullptr && entry.has_idle()) copy->SetAccessed(entry.accessed());
  return copy;
}

void Entry::Destroy(Arena& arena, Entry* entry) {
  const size_t block_bytes = entry->block_bytes();
  entry->~Entry();
  arena.Free(entry, block_bytes);
}

}  // namespace trivet::engine
