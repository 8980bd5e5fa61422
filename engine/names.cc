#include "engine/names.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/strings.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

absl::Status WrongLength(std::string_view what, size_t size, size_t size_max) {
  return absl::InvalidArgumentError(
      absl::StrCat(ToAbsl(what), ": must be 1 to ", size_max, " bytes, got ", size));
}

size_t CountDistinct(std::span<const std::string> tags) {
  std::vector<std::string_view> sorted(tags.begin(), tags.end());
  std::sort(sorted.begin(), sorted.end());
  return static_cast<size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
}

}  // namespace

absl::Status WrongKeySize(size_t bytes) { return WrongLength("key", bytes, kKeyBytesMax); }

absl::Status WrongValueSize(size_t bytes, size_t limit) {
  return absl::InvalidArgumentError(absl::StrCat("value: ", bytes, " bytes, at most ", limit,
                                                 " (CacheOptions.value_bytes_max) are allowed"));
}

absl::Status CheckName(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= kNameBytesMax) return absl::OkStatus();
  return WrongLength(what, name.size(), kNameBytesMax);
}

absl::Status CheckTtl(std::string_view field, absl::Duration ttl) {
  if (ttl == absl::InfiniteDuration()) return absl::OkStatus();
  if (ttl > absl::ZeroDuration() && ttl <= kTtlMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(ToAbsl(field), ": must be positive, at most ",
                                                 absl::FormatDuration(kTtlMax), ", got ",
                                                 absl::FormatDuration(ttl)));
}

absl::Status CheckTags(std::span<const std::string> tags, std::string_view field) {
  for (size_t i = 0; i < tags.size(); ++i) {
    if (!tags[i].empty() && tags[i].size() <= kNameBytesMax) continue;
    return WrongLength(absl::StrCat(ToAbsl(field), "[", i, "]"), tags[i].size(), kNameBytesMax);
  }
  if (tags.size() <= kTagsPerEntryMax) return absl::OkStatus();
  const size_t distinct = CountDistinct(tags);
  if (distinct <= kTagsPerEntryMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(ToAbsl(field), ": at most ", kTagsPerEntryMax,
                                                 " distinct ones, got ", distinct));
}

}  // namespace trivet::engine
