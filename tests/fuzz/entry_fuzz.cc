// Entries, which pack what they hold: whatever is drafted, copied and changed, each says what it
// was told, and nothing else of its block or its neighbours changes.
//
// The input is a list of operations on a few entries; see Act.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/arena.h"
#include "engine/check.h"
#include "engine/entry.h"
#include "tests/engine/test_entries.h"
#include "tests/fuzz/fuzz_input.h"
#include "trivet/options.h"

namespace {

using trivet::engine::Arena;
using trivet::engine::Entry;
using trivet::engine::EntryPtr;
using trivet::engine::kNever;
using trivet::engine::Millis;
using trivet::engine::TagMembership;
using trivet::testing::FuzzInput;
using trivet::testing::TestArena;

constexpr Millis kLastMillis = (Millis{1} << 47) - 1;  // that an entry can expire at

// An entry, and what it was told.
struct Twin {
  EntryPtr entry;
  std::uint32_t space_id = 0;
  std::string key;
  std::string value;
  std::vector<TagMembership> tags;
  bool versioned = false;
  std::uint64_t version = 0;
  Millis created = 0;
  Millis expires = kNever;
  Millis idle = kNever;
  Millis accessed = 0;
};

// Each byte is another than the one before.
std::string Bytes(std::size_t size, std::uint8_t first) {
  std::array<char, 256> turn;
  for (char& byte : turn) byte = static_cast<char>(first++);
  std::string bytes;
  while (bytes.size() < size) {
    bytes.append(turn.data(), std::min(turn.size(), size - bytes.size()));
  }
  return bytes;
}

std::size_t AnySize(FuzzInput& input) {
  switch (input.Byte() % 8) {
    case 0:
      return 0;
    case 1:
      return input.Number(2);
    case 2:
      return input.Number(2) * 4;
    default:
      return input.Byte();
  }
}

Millis AnyMillis(FuzzInput& input) {
  switch (input.Byte() % 4) {
    case 0:
      return kNever;
    case 1:
      return kLastMillis - 1 + input.Byte() % 4;
    case 2:
      return input.Number(8);
    default:
      return input.Number(3);
  }
}

// In words of eight bytes, as entry.h draws it.
std::size_t SizeOf(const Twin& twin) {
  const std::size_t words =
      4 + (twin.idle != kNever ? 2 : 0) + (twin.versioned ? 2 : 0) + twin.tags.size();
  return words * 8 + twin.key.size() + twin.value.size();
}

void Check(const Twin& twin) {
  Entry& entry = *twin.entry;
  TRIVET_CHECK(entry.space_id() == twin.space_id, "the namespace");
  TRIVET_CHECK(entry.key() == twin.key, "the key");
  TRIVET_CHECK(entry.value() == twin.value, "the value");
  TRIVET_CHECK(entry.has_tags() == !twin.tags.empty(), "whether there are tags");
  TRIVET_CHECK(
      std::equal(entry.tags().begin(), entry.tags().end(), twin.tags.begin(), twin.tags.end(),
                 [](const TagMembership& a, const TagMembership& b) {
                   return a.group == b.group && a.position == b.position;
                 }),
      "the tags");
  TRIVET_CHECK(entry.is_versioned() == twin.versioned, "whether there is a version");
  TRIVET_CHECK(entry.version() == (twin.versioned ? twin.version : 0), "the version");
  TRIVET_CHECK(entry.created() == (twin.versioned ? twin.created : 0), "the creation");
  TRIVET_CHECK(
      entry.expires() == (twin.expires == kNever ? kNever : std::min(twin.expires, kLastMillis)),
      "the expiry");
  TRIVET_CHECK(entry.has_idle() == (twin.idle != kNever), "whether there is an idle TTL");
  TRIVET_CHECK(entry.idle() == twin.idle, "the idle TTL");
  if (entry.has_idle()) TRIVET_CHECK(entry.accessed() == twin.accessed, "the last read");
  TRIVET_CHECK(entry.has_ttl() == (twin.expires != kNever || twin.idle != kNever), "mortality");
  TRIVET_CHECK(!entry.is_typed(), "an object out of nothing");
  TRIVET_CHECK(entry.block_bytes() == Arena::BlockBytes(SizeOf(twin)), "the block");
  TRIVET_CHECK(entry.charge() == entry.block_bytes(), "the charge");
}

Twin Created(FuzzInput& input) {
  Twin twin;
  twin.space_id = static_cast<std::uint32_t>(input.Number(4));
  twin.key = Bytes(std::clamp<std::size_t>(AnySize(input), 1, trivet::kKeyBytesMax), input.Byte());
  twin.value = Bytes(AnySize(input), input.Byte());
  twin.tags.resize(input.Byte() % (trivet::kTagsPerEntryMax + 1));
  twin.versioned = input.Byte() % 2 != 0;
  twin.version = input.Number(8);
  twin.created = twin.accessed = input.Number(8);
  twin.expires = AnyMillis(input);
  twin.idle = AnyMillis(input);
  twin.entry = trivet::testing::MakeEntry({.space_id = twin.space_id,
                                           .key = twin.key,
                                           .value = twin.value,
                                           .tag_count = twin.tags.size(),
                                           .versioned = twin.versioned,
                                           .version = twin.version,
                                           .created = twin.created,
                                           .expires = twin.expires,
                                           .idle = twin.idle});
  return twin;
}

// The same in another block, where no tag group knows it.
Twin CopyOf(const Twin& twin) {
  Entry* const copy = Entry::Copy(TestArena(), *twin.entry);
  return {.entry = EntryPtr(copy, {&TestArena()}),
          .space_id = twin.space_id,
          .key = twin.key,
          .value = twin.value,
          .tags = std::vector<TagMembership>(twin.tags.size()),
          .versioned = twin.versioned,
          .version = twin.version,
          .created = twin.created,
          .expires = twin.expires,
          .idle = twin.idle,
          .accessed = twin.accessed};
}

using Twins = std::array<Twin, 8>;

void Act(FuzzInput& input, Twins& twins) {
  const std::uint8_t choice = input.Byte();
  Twin& twin = twins[choice / 8 % twins.size()];
  if (twin.entry == nullptr || choice % 8 == 0) {
    twin = Created(input);
  } else if (choice % 8 == 1) {
    twins[input.Byte() % twins.size()] = CopyOf(twin);
  } else if (choice % 8 == 2) {
    twin = {};
  } else if (choice % 8 == 3) {
    twin.entry->SetExpires(twin.expires = AnyMillis(input));
  } else if (choice % 8 == 4) {
    twin.entry->SetVersion(twin.version = input.Number(8));
  } else if (choice % 8 == 5 && twin.idle != kNever) {
    twin.entry->SetAccessed(twin.accessed = input.Number(8));
  } else if (choice % 8 == 6 && !twin.tags.empty()) {
    const std::size_t tag = input.Byte() % twin.tags.size();
    const TagMembership membership{.group = static_cast<std::uint32_t>(input.Number(4)),
                                   .position = static_cast<std::uint32_t>(input.Number(4))};
    twin.entry->tags()[tag] = twin.tags[tag] = membership;
  }
  if (twin.entry != nullptr) Check(twin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input({data, size});
  const std::size_t block_bytes = TestArena().block_bytes();
  {
    Twins twins;
    while (!input.empty()) Act(input, twins);
    for (const Twin& twin : twins) {
      if (twin.entry != nullptr) Check(twin);
    }
  }
  TRIVET_CHECK(TestArena().block_bytes() == block_bytes, "blocks are lost");
  TestArena().CheckInvariants();
  return 0;
}
