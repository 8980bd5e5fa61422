// What engine/glob.h promises, in the most obvious way: a model to compare it with.
#ifndef TRIVET_TESTS_SUPPORT_SLOW_GLOB_H_
#define TRIVET_TESTS_SUPPORT_SLOW_GLOB_H_

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>

namespace trivet::testing {

inline unsigned char Unsigned(char byte) { return static_cast<unsigned char>(byte); }

// Whether `byte` is in the bracket whose inside begins at pattern[*i]; moves *i behind the bracket.
inline bool BracketHas(std::string_view pattern, size_t* i, char byte) {
  bool negated = false;
  if (*i < pattern.size() && pattern[*i] == '^') {
    negated = true;
    ++*i;
  }
  bool found = false;
  while (*i < pattern.size() && pattern[*i] != ']') {
    const size_t left = pattern.size() - *i;
    if (pattern[*i] == '\\' && left > 1) {
      found = found || pattern[*i + 1] == byte;
      *i += 2;
    } else if (left > 2 && pattern[*i + 1] == '-') {
      const auto [low, high] = std::minmax({Unsigned(pattern[*i]), Unsigned(pattern[*i + 2])});
      found = found || (low <= Unsigned(byte) && Unsigned(byte) <= high);
      *i += 3;
    } else {
      found = found || pattern[*i] == byte;
      *i += 1;
    }
  }
  if (*i < pattern.size()) ++*i;  // the closing bracket
  return found != negated;
}

// Whether `byte` is what the element at pattern[*i] asks for; moves *i behind the element.
inline bool ElementHas(std::string_view pattern, size_t* i, char byte) {
  const char first = pattern[(*i)++];
  if (first == '?') return true;
  if (first == '[') return BracketHas(pattern, i, byte);
  if (first == '\\' && *i < pattern.size()) return pattern[(*i)++] == byte;
  return first == byte;
}

// Whether the pattern matches the whole text. Keeps the set of all places in the text that the
// pattern can have come to, element by element.
inline bool SlowGlobMatches(std::string_view pattern, std::string_view text) {
  std::set<size_t> places = {0};
  for (size_t i = 0; i < pattern.size() && !places.empty();) {
    std::set<size_t> next;
    size_t behind = i;
    if (pattern[i] == '*') {
      ++behind;
      for (size_t place = *places.begin(); place <= text.size(); ++place) next.insert(place);
    } else {
      for (const size_t place : places) {
        if (place == text.size()) continue;
        behind = i;
        if (ElementHas(pattern, &behind, text[place])) next.insert(place + 1);
      }
      if (behind == i) return false;  // every place is the end of the text
    }
    i = behind;
    places = next;
  }
  return places.contains(text.size());
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_SLOW_GLOB_H_
