#include "engine/glob.h"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

// The bytes of a bracket. `*rest` begins after the opening bracket, and after the closing one when
// this returns.
std::bitset<256> ReadSet(std::string_view* rest) {
  const auto take = [rest] {
    const auto byte = static_cast<uint8_t>(rest->front());
    rest->remove_prefix(1);
    return byte;
  };
  std::bitset<256> set;
  const bool negated = rest->starts_with('^');
  if (negated) take();
  while (!rest->empty()) {
    if (rest->size() >= 2 && rest->front() == '\\') {
      take();
      set.set(take());
    } else if (rest->front() == ']') {
      take();
      break;
    } else if (rest->size() >= 3 && (*rest)[1] == '-') {
      uint8_t first = take();
      take();
      uint8_t last = take();
      if (first > last) std::swap(first, last);
      for (size_t byte = first; byte <= last; ++byte) set.set(byte);
    } else {
      set.set(take());
    }
  }
  return negated ? ~set : set;
}

}  // namespace

absl::StatusOr<Glob> Glob::Compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("pattern: must be at most ", kPatternBytesMax,
                                                   " bytes, got ", pattern.size()));
  }
  Glob glob;
  glob.tokens_.reserve(pattern.size());
  for (std::string_view rest = pattern; !rest.empty();) {
    char byte = rest.front();
    rest.remove_prefix(1);
    Token token;
    if (byte == '*') {
      if (!glob.tokens_.empty() && glob.tokens_.back().kind == Token::Kind::kStar) continue;
      token.kind = Token::Kind::kStar;
    } else if (byte == '?') {
      token.kind = Token::Kind::kAnyByte;
    } else if (byte == '[') {
      token.kind = Token::Kind::kSet;
      token.set = static_cast<uint32_t>(glob.sets_.size());
      glob.sets_.push_back(ReadSet(&rest));
    } else {
      if (byte == '\\' && !rest.empty()) {
        byte = rest.front();
        rest.remove_prefix(1);
      }
      token.byte = static_cast<uint8_t>(byte);
    }
    glob.tokens_.push_back(token);
    if (token.kind != Token::Kind::kStar) ++glob.text_size_min_;
  }
  return glob;
}

bool Glob::Accepts(const Token& token, char byte) const {
  switch (token.kind) {
    case Token::Kind::kByte:
      return token.byte == static_cast<uint8_t>(byte);
    case Token::Kind::kAnyByte:
      return true;
    case Token::Kind::kSet:
      return sets_[token.set][static_cast<uint8_t>(byte)];
    case Token::Kind::kStar:
      break;
  }
  return false;
}

bool Glob::Matches(std::string_view text) const {
  size_t comparisons = 0;
  return MatchesCounting(text, &comparisons);
}

bool Glob::MatchesCounting(std::string_view text, size_t* comparisons) const {
  *comparisons = 0;
  if (text.size() < text_size_min_) return false;
  size_t token = 0;
  size_t position = 0;  // in the text
  // The last star: where the tokens behind it begin, and where in the text they are tried.
  std::optional<size_t> behind_star;
  size_t tried_at = 0;
  while (position < text.size()) {
    if (token < tokens_.size()) {
      if (tokens_[token].kind == Token::Kind::kStar) {
        behind_star = ++token;
        tried_at = position;
        if (token == tokens_.size()) return true;
        continue;
      }
      ++*comparisons;
      if (Accepts(tokens_[token], text[position])) {
        ++token;
        ++position;
        continue;
      }
    }
    if (!behind_star) return false;
    token = *behind_star;
    position = ++tried_at;
  }
  if (token < tokens_.size() && tokens_[token].kind == Token::Kind::kStar) ++token;
  return token == tokens_.size();
}

}  // namespace trivet::engine
