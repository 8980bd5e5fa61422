// Glob patterns as the KEYS command of Redis has them.
#ifndef TRIVET_ENGINE_GLOB_H_
#define TRIVET_ENGINE_GLOB_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trivet::engine {

// A compiled pattern. It matches a text as a whole, byte by byte, whatever the bytes mean:
//
//   *        any bytes, also none
//   ?        any one byte
//   [abc]    one of these bytes
//   [a-z]    one byte from a to z; from z to a means the same
//   [^abc]   one byte that is none of these
//   \x       the byte x itself, within brackets too
//   other    the byte itself
//
// Nothing is a syntax error; the odd cases are read as Redis reads them:
//
//   - a bracket that is never closed ends with the pattern: "[ab" is "[ab]";
//   - the first "]" closes, so "[]" matches no byte and "[^]" every byte; write "[\]]";
//   - a range may end with any byte: "[a-]" is an unclosed bracket with the bytes from ']' to 'a';
//     "[a-\]" goes from '\' to 'a';
//   - an escaped byte does not begin a range: "[\a-z]" is 'a', '-' or 'z';
//   - "-" that is not between two bytes, and "\" at the very end, stand for themselves.
//
// Differences from Redis: ranges compare bytes as unsigned numbers (in Redis as the machine's char,
// so that on x86 a range from 'a' to byte 255 runs downwards from 'a'); "*" matches the empty text
// too, which no key is; there is no limit on stars (recent versions of Redis find no match after a
// thousand of them nest).
//
// Costs. All tokens but stars take one byte of text each. So when the text behind a star disagrees,
// it is enough to try again one byte further behind the same star: an earlier star taking more
// could only leave less text for the rest. Where a new try begins never moves back, hence at most
// (length of pattern) * (length of text + 1) comparisons for any pattern, hostile ones included,
// and about (length of text) for ordinary ones. Matches allocates nothing; a pattern takes 8 bytes
// of memory per byte, and up to 40 if it is all brackets.
//
// Immutable: may be used from several threads.
class Glob {
 public:
  // InvalidArgument if the pattern is longer than kPatternBytesMax.
  static absl::StatusOr<Glob> Compile(std::string_view pattern);

  bool Matches(std::string_view text) const;

  // The same, and counts the comparisons. For tests of the bound.
  bool MatchesCounting(std::string_view text, size_t* comparisons) const;

 private:
  using ByteSet = std::bitset<256>;

  // What one byte of the text is compared with; or a star.
  struct Token {
    enum class Kind : uint8_t { kByte, kAnyByte, kSet, kStar };
    Kind kind = Kind::kByte;
    uint8_t byte = 0;  // of kByte
    uint32_t set = 0;  // of kSet: an index of sets_
  };

  Glob() = default;
  bool Accepts(const Token& token, char byte) const;

  std::vector<Token> tokens_;  // no two stars side by side
  std::vector<ByteSet> sets_;
  size_t text_size_min_ = 0;  // tokens that are not stars
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_GLOB_H_
