// What stands at a key in Redis: whatever the bytes, decoding ends, stays within the limits, and
// what it accepts of values is exactly what would be written again.
//
// Inputs of which the check is wrong get past it in a second try, with the right one.

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/check.h"
#include "sync/slot_codec.h"
#include "trivet/options.h"

namespace {

using trivet::sync::Slot;
using trivet::sync::SlotState;

constexpr std::size_t kCheckAt = 48;

void Decode(std::string_view bytes) {
  const std::optional<Slot> slot = trivet::sync::DecodeSlot(bytes);
  const std::uint64_t token = trivet::sync::TokenOf(bytes);
  if (!slot) return;
  TRIVET_CHECK(slot->token == token, "two tokens");
  TRIVET_CHECK(slot->tags.size() <= trivet::kTagsPerEntryMax, "too many tags");
  if (slot->state != SlotState::kValue) return;
  const std::string again = trivet::sync::EncodeValue(token, {.value = slot->value,
                                                              .negative = slot->negative,
                                                              .version = slot->version,
                                                              .tags = slot->tags,
                                                              .birth = slot->birth,
                                                              .ttl = slot->ttl});
  TRIVET_CHECK(again == bytes, "written differently");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Decode(input);
  if (size < trivet::sync::kValueHeaderBytes) return 0;
  std::string checked(input);
  const std::string_view rest = input.substr(trivet::sync::kValueHeaderBytes);
  std::uint64_t check =
      XXH3_64bits_withSeed(rest.data(), rest.size(), XXH3_64bits(input.data(), kCheckAt));
  for (std::size_t i = 0; i < 8; ++i, check >>= 8) {
    checked[kCheckAt + i] = static_cast<char>(check & 0xFF);
  }
  Decode(checked);
  return 0;
}
