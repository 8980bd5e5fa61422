#include "engine/entry.h"

#include <cstring>
#include <new>

#include "engine/check.h"
#include "trivet/options.h"

namespace trivet::engine {

Entry::Entry(const EntryDraft& draft, const Layout& layout)
    : space_id_(draft.space_id),
      value_size_(static_cast<uint32_t>(draft.value.size())),
      deadline_(PackDeadline(draft.expires, draft.key.size())),
      flags_(layout.flags),
      key_words_(static_cast<uint8_t>(layout.key_offset / kWord)),
      size_class_(ClassOf(layout.size)) {
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
  const Layout layout(draft);
  void* const block = arena.Allocate(layout.size);
  return block == nullptr ? nullptr : Make(block, draft, layout);
}

Entry* Entry::CreateOnHeap(const EntryDraft& draft) {
  const Layout layout(draft);
  return Make(Arena::AllocateOnHeap(layout.size), draft, layout);
}

Entry* Entry::Make(void* block, const EntryDraft& draft, const Layout& layout) {
  TRIVET_DCHECK(!draft.key.empty(), "a key has a byte at least");
  TRIVET_DCHECK(draft.object == nullptr || draft.value.empty(), "an object or bytes, not both");
  auto* entry = new (block) Entry(draft, layout);
  for (TagMembership& membership : entry->tags()) new (&membership) TagMembership();
  char* const key = entry->bytes() + layout.key_offset;
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
