// Checks of what callers hand over: keys, names, tags and TTLs, against the limits of
// trivet/options.h.
//
// All return OK or an InvalidArgument that says what is wrong, the limit and the length found, but
// never the content: keys and names may be secrets of the program's users.
#ifndef TRIVET_ENGINE_NAMES_H_
#define TRIVET_ENGINE_NAMES_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trivet/options.h"

namespace trivet::engine {

// What the two that follow say of what is wrong.
absl::Status WrongKeySize(size_t bytes);
absl::Status WrongValueSize(size_t bytes, size_t limit);

// 1 to kKeyBytesMax bytes.
inline absl::Status CheckKey(std::string_view key) {
  if (!key.empty() && key.size() <= kKeyBytesMax) [[likely]]
    return absl::OkStatus();
  return WrongKeySize(key.size());
}

// At most `limit`, which is CacheOptions::value_bytes_max.
inline absl::Status CheckValueSize(size_t bytes, size_t limit) {
  if (bytes <= limit) [[likely]]
    return absl::OkStatus();
  return WrongValueSize(bytes, limit);
}

// 1 to kNameBytesMax bytes. `what` begins the message: "namespace", "tag".
absl::Status CheckName(std::string_view what, std::string_view name);

// More than zero and at most kTtlMax, or infinite. `field` begins the message: "SetOptions.ttl".
absl::Status CheckTtl(std::string_view field, absl::Duration ttl);

// Each is a name, and there are at most kTagsPerEntryMax distinct ones. `field` begins the message.
// Costs a sort if there are more than kTagsPerEntryMax, duplicates counted.
absl::Status CheckTags(std::span<const std::string> tags, std::string_view field = "tags");

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_NAMES_H_
