#include "store/tag_codec.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/check.h"
#include "trivet/options.h"

namespace trivet::store {

static_assert(kNameBytesMax <= 255, "the length of a tag is one byte");

std::string EncodeTags(std::span<const std::string> tags) {
  std::string encoded;
  if (tags.empty()) return encoded;
  std::vector<std::string_view> sorted(tags.begin(), tags.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  for (const std::string_view tag : sorted) {
    TRIVET_CHECK(!tag.empty() && tag.size() <= kNameBytesMax, "a tag of a length nobody allowed");
    encoded.push_back(static_cast<char>(tag.size()));
    encoded.append(tag);
  }
  return encoded;
}

std::optional<std::vector<std::string>> DecodeTags(std::string_view encoded) {
  std::vector<std::string> tags;
  while (!encoded.empty()) {
    const size_t size = static_cast<unsigned char>(encoded.front());
    encoded.remove_prefix(1);
    if (size == 0 || size > encoded.size()) return std::nullopt;
    std::string tag(encoded.substr(0, size));
    encoded.remove_prefix(size);
    if (!tags.empty() && tags.back() >= tag) return std::nullopt;
    tags.push_back(std::move(tag));
  }
  return tags;
}

}  // namespace trivet::store
