#include "engine/entry.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "engine/check.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

// What glibc keeps in front of each block.
constexpr size_t kHeapHeaderBytes = 8;

static_assert(kTagsPerEntryMax <= std::numeric_limits<uint8_t>::max());
static_assert(kValueBytesCeiling <= std::numeric_limits<uint32_t>::max());
static_assert(sizeof(Entry) % alignof(TagMembership) == 0);

}  // namespace

Entry::Entry(const EntryDraft& draft, size_t charge)
    : version(draft.version),
      created(draft.created),
      expires(draft.expires),
      idle(draft.idle),
      accessed(draft.created),
      space_(draft.space),
      hash_(draft.hash),
      charge_(charge),
      key_size_(static_cast<uint32_t>(draft.key.size())),
      value_size_(static_cast<uint32_t>(draft.value.size())),
      tag_count_(static_cast<uint8_t>(draft.tag_count)) {}

Entry* Entry::Create(const EntryDraft& draft) {
  const size_t tags_bytes = draft.tag_count * sizeof(TagMembership);
  const size_t size = sizeof(Entry) + tags_bytes + draft.key.size() + draft.value.size();
  void* block = std::malloc(size);
  TRIVET_CHECK(block != nullptr, "out of memory");
  auto* entry = new (block) Entry(draft, malloc_usable_size(block) + kHeapHeaderBytes);
  for (TagMembership& membership : entry->tags()) new (&membership) TagMembership();
  char* bytes = reinterpret_cast<char*>(entry + 1) + tags_bytes;
  if (!draft.key.empty()) std::memcpy(bytes, draft.key.data(), draft.key.size());
  if (!draft.value.empty()) {
    std::memcpy(bytes + draft.key.size(), draft.value.data(), draft.value.size());
  }
  return entry;
}

void Entry::Destroy(Entry* entry) {
  entry->~Entry();
  std::free(entry);
}

}  // namespace trivet::engine
