#include "store/limits.h"

#include <cstddef>
#include <string>

#include "trivet/options.h"

namespace trivet::store {
namespace {

absl::Status CheckLength(const char* what, size_t size, size_t size_max) {
  if (size >= 1 && size <= size_max) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(what) + " of " + std::to_string(size) +
                                    " bytes; 1 to " + std::to_string(size_max) + " are allowed");
}

// For what may be empty.
absl::Status TooLong(const char* what, size_t size, size_t size_max) {
  return absl::InvalidArgumentError(std::string(what) + " of " + std::to_string(size) +
                                    " bytes; at most " + std::to_string(size_max) + " are allowed");
}

}  // namespace

absl::Status CheckNamespace(std::string_view name) {
  return CheckLength("a namespace", name.size(), kNameBytesMax);
}

absl::Status CheckKey(std::string_view key) {
  return CheckLength("a key", key.size(), kKeyBytesMax);
}

absl::Status CheckKeys(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (absl::Status status = CheckKey(key); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckTag(std::string_view tag) {
  return CheckLength("a tag", tag.size(), kNameBytesMax);
}

absl::Status CheckPattern(std::string_view pattern) {
  if (pattern.size() <= kPatternBytesMax) return absl::OkStatus();
  return TooLong("a pattern", pattern.size(), kPatternBytesMax);
}

absl::Status CheckWrite(const StoreWrite& write) {
  if (absl::Status status = CheckKey(write.key); !status.ok()) return status;
  if (write.value.size() > kValueBytesCeiling) {
    return TooLong("a value", write.value.size(), kValueBytesCeiling);
  }
  for (const std::string& tag : write.tags) {
    if (absl::Status status = CheckTag(tag); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckWrites(std::span<const StoreWrite> writes) {
  for (const StoreWrite& write : writes) {
    if (absl::Status status = CheckWrite(write); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace trivet::store
