#include "sync/redis_names.h"

#include <xxhash.h>

#include <charconv>

#include "absl/strings/str_cat.h"
#include "engine/strings.h"

namespace trivet::sync {
namespace {

constexpr std::string_view kSpecialInPatterns = "*?[\\";

}  // namespace

uint32_t PartOfKey(std::string_view key, uint32_t parts) {
  return static_cast<uint32_t>(XXH3_64bits(key.data(), key.size()) % parts);
}

std::string GenerationText(uint64_t generation) {
  char text[16];
  const auto end = std::to_chars(text, text + sizeof(text), generation, 16).ptr;
  return std::string(text, end);
}

uint64_t GenerationOf(std::string_view text) {
  uint64_t generation = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), generation, 16);
  return error == std::errc() && end == text.data() + text.size() ? generation : 0;
}

RedisNames::RedisNames(const NameRoot& root, const SharedPart& part)
    : database_(root.database),
      part_(absl::StrCat(root.prefix, "tv1:{", part.space.size(), ":", engine::ToAbsl(part.space),
                         ":", part.part, "}:")),
      key_prefix_(absl::StrCat(part_, absl::Hex(part.generation), ":k:")) {}

std::optional<std::string_view> RedisNames::KeyIn(std::string_view name) const {
  if (!name.starts_with(key_prefix_)) return std::nullopt;
  return name.substr(key_prefix_.size());
}

std::string RedisNames::Matching(std::string_view keys) const {
  std::string pattern;
  for (const char c : key_prefix_) {
    if (kSpecialInPatterns.find(c) != std::string_view::npos) pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern.append(keys);
}

std::string StampField(std::string_view tag) { return "t:" + std::string(tag); }

}  // namespace trivet::sync
