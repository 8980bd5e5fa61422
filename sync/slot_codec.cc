#include "sync/slot_codec.h"

#include <xxhash.h>

#include <algorithm>
#include <span>
#include <utility>

#include "engine/check.h"
#include "sync/little_endian.h"
#include "trivet/options.h"

namespace trivet::sync {
namespace {

constexpr std::string_view kMagic = "tV";
constexpr uint8_t kDirtied = 1;
constexpr uint8_t kNegative = 2;
constexpr size_t kTokenAt = 8;
constexpr size_t kCheckAt = 48;
static_assert(kNameBytesMax <= 255, "the length of a tag is one byte");

std::string EncodeMark(SlotState state, uint8_t flags, uint64_t token, uint64_t version) {
  std::string bytes(kMagic);
  AppendNumber(kSlotFormat, bytes);
  AppendNumber(static_cast<uint8_t>(state), bytes);
  AppendNumber(flags, bytes);
  bytes.append(3, '\0');
  AppendNumber(token, bytes);
  AppendNumber(version, bytes);
  return bytes;
}

std::string EncodeTags(std::span<const std::string> tags) {
  std::vector<std::string_view> sorted(tags.begin(), tags.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string bytes;
  for (const std::string_view tag : sorted) {
    TRIVET_CHECK(!tag.empty() && tag.size() <= kNameBytesMax, "a tag of a length nobody allowed");
    AppendNumber(static_cast<uint8_t>(tag.size()), bytes);
    bytes += tag;
  }
  return bytes;
}

std::optional<std::vector<std::string>> DecodeTags(std::string_view bytes) {
  std::vector<std::string> tags;
  while (!bytes.empty()) {
    const size_t size = NumberAt<uint8_t>(bytes, 0);
    if (size == 0 || size >= bytes.size()) return std::nullopt;
    std::string tag(bytes.substr(1, size));
    bytes.remove_prefix(1 + size);
    if (tags.size() == kTagsPerEntryMax || (!tags.empty() && tags.back() >= tag)) {
      return std::nullopt;
    }
    tags.push_back(std::move(tag));
  }
  return tags;
}

// Less than a millisecond is one: 0 would be for ever.
uint64_t MillisOf(absl::Duration ttl) {
  if (ttl == absl::InfiniteDuration()) return 0;
  return static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Milliseconds(ttl), 1));
}

uint64_t CheckOf(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, kCheckAt);
  const std::string_view rest = bytes.substr(kValueHeaderBytes);
  return XXH3_64bits_withSeed(rest.data(), rest.size(), XXH3_64bits(head.data(), head.size()));
}

bool ReadValue(std::string_view bytes, Slot& slot) {
  if (bytes.size() < kValueHeaderBytes) return false;
  slot.birth = NumberAt<uint64_t>(bytes, 24);
  const uint64_t millis = NumberAt<uint64_t>(bytes, 32);
  const size_t tag_bytes = NumberAt<uint32_t>(bytes, 40);
  const size_t value_bytes = NumberAt<uint32_t>(bytes, 44);
  if (kValueHeaderBytes + tag_bytes + value_bytes != bytes.size()) return false;
  if (millis > static_cast<uint64_t>(absl::ToInt64Milliseconds(kTtlMax))) return false;
  if (NumberAt<uint64_t>(bytes, kCheckAt) != CheckOf(bytes)) return false;
  std::optional<std::vector<std::string>> tags =
      DecodeTags(bytes.substr(kValueHeaderBytes, tag_bytes));
  if (!tags) return false;
  slot.tags = *std::move(tags);
  if (millis > 0) slot.ttl = absl::Milliseconds(static_cast<int64_t>(millis));
  slot.value = bytes.substr(kValueHeaderBytes + tag_bytes);
  return !(slot.negative && value_bytes > 0);
}

}  // namespace

std::string EncodeClaim(uint64_t token) { return EncodeMark(SlotState::kClaim, 0, token, 0); }

std::string EncodeValue(uint64_t token, const SharedWrite& write) {
  const std::string tags = EncodeTags(write.tags);
  TRIVET_CHECK(write.value.size() <= kValueBytesCeiling && write.ttl > absl::ZeroDuration() &&
                   (write.ttl <= kTtlMax || write.ttl == absl::InfiniteDuration()),
               "a value nobody allowed");
  std::string bytes =
      EncodeMark(SlotState::kValue, write.negative ? kNegative : uint8_t{0}, token, write.version);
  bytes.reserve(kValueHeaderBytes + tags.size() + write.value.size());
  AppendNumber(write.birth, bytes);
  AppendNumber(MillisOf(write.ttl), bytes);
  AppendNumber(static_cast<uint32_t>(tags.size()), bytes);
  AppendNumber(static_cast<uint32_t>(write.value.size()), bytes);
  bytes.append(sizeof(uint64_t), '\0');
  bytes += tags;
  bytes += write.value;
  std::string check;
  AppendNumber(CheckOf(bytes), check);
  bytes.replace(kCheckAt, check.size(), check);
  return bytes;
}

std::optional<Slot> DecodeSlot(std::string_view bytes) {
  if (bytes.size() < kMarkBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  if (NumberAt<uint8_t>(bytes, 2) != kSlotFormat) return std::nullopt;
  const uint8_t state = NumberAt<uint8_t>(bytes, 3);
  const uint8_t flags = NumberAt<uint8_t>(bytes, 4);
  if (NumberAt<uint16_t>(bytes, 5) != 0 || bytes[7] != '\0') return std::nullopt;
  Slot slot{.state = static_cast<SlotState>(state),
            .dirtied = (flags & kDirtied) != 0,
            .negative = (flags & kNegative) != 0,
            .token = TokenOf(bytes),
            .version = NumberAt<uint64_t>(bytes, 16)};
  switch (slot.state) {
    case SlotState::kValue:
      if ((flags & ~kNegative) != 0 || !ReadValue(bytes, slot)) return std::nullopt;
      return slot;
    case SlotState::kWriting:
      if ((flags & ~kDirtied) != 0 || bytes.size() != kMarkBytes) return std::nullopt;
      return slot;
    case SlotState::kClaim:
    case SlotState::kTomb:
      if (flags != 0 || bytes.size() != kMarkBytes) return std::nullopt;
      return slot;
  }
  return std::nullopt;
}

uint64_t TokenOf(std::string_view bytes) {
  return bytes.size() < kTokenAt + sizeof(uint64_t) ? 0 : NumberAt<uint64_t>(bytes, kTokenAt);
}

}  // namespace trivet::sync
