#include "sync/message_codec.h"

#include <xxhash.h>

#include <utility>

#include "engine/check.h"
#include "sync/little_endian.h"
#include "trivet/options.h"

namespace trivet::sync {
namespace {

using Kind = SharedRecord::Kind;

constexpr std::string_view kMagic = "tM";
constexpr size_t kHeadBytes = 24;
constexpr size_t kSequenceBytes = 8;
constexpr size_t kCheckBytes = 8;
constexpr size_t kRecordHeadBytes = 21;
// Sequences are counted in doubles by the scripts.
constexpr uint64_t kSequenceMax = uint64_t{1} << 53;

uint64_t CheckOf(std::string_view head, std::string_view records) {
  return XXH3_64bits_withSeed(records.data(), records.size(),
                              XXH3_64bits(head.data(), head.size()));
}

bool MayBeCalled(Kind kind, std::string_view name) {
  switch (kind) {
    case Kind::kWriting:
    case Kind::kKey:
      return !name.empty() && name.size() <= kKeyBytesMax;
    case Kind::kTag:
      return !name.empty() && name.size() <= kNameBytesMax;
    case Kind::kPattern:
      return name.size() <= kPatternBytesMax;
    case Kind::kClear:
    case Kind::kFence:
      return name.empty();
  }
  return false;
}

// Takes a record off the front of `bytes`.
std::optional<SharedRecord> TakeRecord(std::string_view& bytes) {
  if (bytes.size() < kRecordHeadBytes) return std::nullopt;
  const size_t name_bytes = NumberAt<uint32_t>(bytes, 17);
  if (name_bytes > bytes.size() - kRecordHeadBytes) return std::nullopt;
  const Kind kind = static_cast<Kind>(NumberAt<uint8_t>(bytes, 0));
  const std::string_view name = bytes.substr(kRecordHeadBytes, name_bytes);
  if (!MayBeCalled(kind, name)) return std::nullopt;
  SharedRecord record{.kind = kind,
                      .version = NumberAt<uint64_t>(bytes, 1),
                      .token = NumberAt<uint64_t>(bytes, 9),
                      .name = std::string(name)};
  bytes.remove_prefix(kRecordHeadBytes + name_bytes);
  return record;
}

}  // namespace

bool MessageBuilder::Add(Kind kind, uint64_t version, uint64_t token, std::string_view name) {
  TRIVET_CHECK(MayBeCalled(kind, name), "a name nobody allowed");
  const size_t bytes = records_.size() + kRecordHeadBytes + name.size();
  if (count_ == kRecordsMax || (count_ > 0 && bytes > kMessageBytesMax)) return false;
  AppendNumber(static_cast<uint8_t>(kind), records_);
  AppendNumber(version, records_);
  AppendNumber(token, records_);
  AppendNumber(static_cast<uint32_t>(name.size()), records_);
  records_ += name;
  ++count_;
  return true;
}

MessageBytes MessageBuilder::Finish() const {
  TRIVET_CHECK(count_ > 0, "a message without records");
  MessageBytes bytes{.head = std::string(kMagic), .tail = records_};
  AppendNumber(kMessageFormat, bytes.head);
  bytes.head.push_back('\0');
  AppendNumber(static_cast<uint32_t>(count_), bytes.head);
  AppendNumber(origin_, bytes.head);
  AppendNumber(generation_, bytes.head);
  AppendNumber(CheckOf(bytes.head, records_), bytes.tail);
  return bytes;
}

std::string WholeMessage(const MessageBytes& bytes, uint64_t sequence) {
  std::string whole = bytes.head;
  AppendNumber(sequence, whole);
  whole += bytes.tail;
  AppendNumber(sequence, whole);
  return whole;
}

std::optional<SharedMessage> DecodeMessage(std::string_view bytes) {
  constexpr size_t kFrameBytes = kHeadBytes + 2 * kSequenceBytes + kCheckBytes;
  if (bytes.size() < kFrameBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  if (NumberAt<uint8_t>(bytes, 2) != kMessageFormat || bytes[3] != '\0') return std::nullopt;
  const size_t count = NumberAt<uint32_t>(bytes, 4);
  const std::string_view head = bytes.substr(0, kHeadBytes);
  std::string_view records = bytes.substr(kHeadBytes + kSequenceBytes, bytes.size() - kFrameBytes);
  const size_t check_at = bytes.size() - kSequenceBytes - kCheckBytes;
  if (count == 0 || count > kRecordsMax || count * kRecordHeadBytes > records.size()) {
    return std::nullopt;
  }
  if (NumberAt<uint64_t>(bytes, check_at) != CheckOf(head, records)) return std::nullopt;
  SharedMessage message{.origin = NumberAt<uint64_t>(bytes, 8),
                        .generation = NumberAt<uint64_t>(bytes, 16),
                        .sequence = NumberAt<uint64_t>(bytes, kHeadBytes)};
  if (message.sequence != NumberAt<uint64_t>(bytes, check_at + kCheckBytes)) return std::nullopt;
  if (message.sequence == 0 || message.sequence >= kSequenceMax) return std::nullopt;
  message.records.reserve(count);
  while (message.records.size() < count) {
    std::optional<SharedRecord> record = TakeRecord(records);
    if (!record) return std::nullopt;
    message.records.push_back(*std::move(record));
  }
  if (!records.empty()) return std::nullopt;
  return message;
}

}  // namespace trivet::sync
