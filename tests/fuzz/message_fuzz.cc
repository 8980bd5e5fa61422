// Messages between processes: whatever the bytes, decoding ends, stays within the limits, and what
// it accepts is exactly what would be sent again.
//
// Inputs of which the check is wrong get past it in a second try, with the right one.

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/check.h"
#include "sync/message_codec.h"

namespace {

constexpr std::size_t kHeadBytes = 24;
constexpr std::size_t kRecordsAt = 32;
constexpr std::size_t kEndBytes = 16;  // check and sequence

void Decode(std::string_view bytes) {
  const std::optional<trivet::SharedMessage> message = trivet::sync::DecodeMessage(bytes);
  if (!message) return;
  TRIVET_CHECK(message->records.size() <= trivet::sync::kRecordsMax, "too many records");
  trivet::sync::MessageBuilder builder(message->origin, message->generation);
  for (const trivet::SharedRecord& record : message->records) {
    // Senders make no longer messages; they are understood all the same.
    if (!builder.Add(record.kind, record.version, record.token, record.name)) return;
  }
  TRIVET_CHECK(WholeMessage(builder.Finish(), message->sequence) == bytes, "sent differently");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Decode(input);
  if (size < kRecordsAt + kEndBytes) return 0;
  std::string checked(input);
  const std::size_t check_at = size - kEndBytes;
  const std::string_view records = input.substr(kRecordsAt, check_at - kRecordsAt);
  std::uint64_t check =
      XXH3_64bits_withSeed(records.data(), records.size(), XXH3_64bits(input.data(), kHeadBytes));
  for (std::size_t i = 0; i < 8; ++i, check >>= 8) {
    checked[check_at + i] = static_cast<char>(check & 0xFF);
    checked[check_at + 8 + i] = input[kHeadBytes + i];
  }
  Decode(checked);
  return 0;
}
