// Bridges between std::string_view and Abseil, and maps keyed by std::string.
#ifndef TRIVET_ENGINE_STRINGS_H_
#define TRIVET_ENGINE_STRINGS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/strings/string_view.h"

namespace trivet::engine {

// Where Abseil was built for C++14, absl::string_view is a type of its own that does not convert to
// or from std::string_view. Our signatures use the std type; these two stand wherever it meets
// Abseil, and cost nothing where both are the same.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// Whether two keys are the same. Inlined, for the short ones that most keys are.
inline bool SameBytes(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const size_t size = a.size();
  const auto word_at = [](std::string_view text, size_t offset) {
    uint64_t word;
    std::memcpy(&word, text.data() + offset, sizeof(word));
    return word;
  };
  // Two words that may overlap.
  if (size - 8 <= 8) [[likely]] {
    return ((word_at(a, 0) ^ word_at(b, 0)) | (word_at(a, size - 8) ^ word_at(b, size - 8))) == 0;
  }
  return std::memcmp(a.data(), b.data(), size) == 0;
}

// For maps that hold std::string and are asked for std::string_view without making a string:
//
//   absl::flat_hash_map<std::string, Tag, StringHash, StringEqual> tags_;
//   auto it = tags_.find(name);
//
// The hash is XXH3 with a seed that differs from process to process, so that nobody can send names
// that collide on purpose. Never store it.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const;
};

struct StringEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_STRINGS_H_
