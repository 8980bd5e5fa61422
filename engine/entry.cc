#include "engine/entry.h"

#include <cstring>
#include <new>

#include "trivet/options.h"

namespace trivet::engine {
namespace {

static_assert(kTagsPerEntryMax <= std::numeric_limits<uint8_t>::max());
static_assert(kValueBytesCeiling <= std::numeric_limits<uint32_t>::max());
static_assert(sizeof(Entry) % alignof(TagMembership) == 0);

}  // namespace

Entry::Entry(const EntryDraft& draft, size_t charge)
    : granules_(static_cast<uint32_t>(charge / kGranuleBytes)),
      version(draft.version),
      created(draft.created),
      idle_(draft.idle),
      accessed(draft.created),
      hash_(draft.hash),
      space_(draft.space),
      expires(draft.expires),
      key_size_(static_cast<uint32_t>(draft.key.size())),
      value_size_(static_cast<uint32_t>(draft.value.size())),
      tag_count_(static_cast<uint8_t>(draft.tag_count)),
      has_idle_(draft.idle != kNever) {}

Entry* Entry::Create(Arena& arena, const EntryDraft& draft) {
  const size_t tags_bytes = draft.tag_count * sizeof(TagMembership);
  const size_t size = sizeof(Entry) + tags_bytes + draft.key.size() + draft.value.size();
  void* const block = arena.Allocate(size);
  if (block == nullptr) return nullptr;
  auto* entry = new (block) Entry(draft, Arena::BlockBytes(size));
  for (TagMembership& membership : entry->tags()) new (&membership) TagMembership();
  char* bytes = reinterpret_cast<char*>(entry + 1) + tags_bytes;
  if (!draft.key.empty()) std::memcpy(bytes, draft.key.data(), draft.key.size());
  if (!draft.value.empty()) {
    std::memcpy(bytes + draft.key.size(), draft.value.data(), draft.value.size());
  }
  return entry;
}

Entry* Entry::Copy(Arena& arena, Entry& entry) {
  Entry* const copy = Create(arena, {.space = entry.space(),
                                     .hash = entry.hash(),
                                     .key = entry.key(),
                                     .value = entry.value(),
                                     .tag_count = entry.tags().size(),
                                     .version = entry.version,
                                     .created = entry.created,
                                     .expires = entry.expires,
                                     .idle = entry.idle()});
  if (copy != nullptr) copy->accessed = Millis{entry.accessed};
  return copy;
}

void Entry::Destroy(Arena& arena, Entry* entry) {
  const size_t charge = entry->charge();
  entry->~Entry();
  arena.Free(entry, charge);
}

}  // namespace trivet::engine
