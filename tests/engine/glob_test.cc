#include "engine/glob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/strings.h"
#include "tests/support/random_test.h"
#include "tests/support/slow_glob.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

using testing::RandomTestSeed;
using testing::ScaledCount;
using testing::SeedTrace;
using testing::SlowGlobMatches;

bool Matches(std::string_view pattern, std::string_view text) {
  const absl::StatusOr<Glob> glob = Glob::Compile(pattern);
  EXPECT_TRUE(glob.ok()) << glob.status();
  return glob.ok() && glob->Matches(text);
}

std::string Repeat(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

// What each pattern matches and what it does not.
TEST(Glob, ReadsPatternsAsRedisDoes) {
  const struct {
    std::string_view pattern;
    std::vector<std::string_view> matches;
    std::vector<std::string_view> others;
  } kCases[] = {
      // Plain bytes.
      {"", {""}, {"a"}},
      {"abc", {"abc"}, {"", "ab", "abcd", "abd", "ABC"}},
      {"a-b]c^d", {"a-b]c^d"}, {"a-b]c^"}},
      // Question marks.
      {"?", {"a", "?", "*"}, {"", "ab"}},
      {"a?c", {"abc", "a?c"}, {"ac", "abbc"}},
      {"??", {"ab"}, {"a", "abc"}},
      // Stars.
      {"*", {"", "a", "abc"}, {}},
      {"**", {"", "a", "abc"}, {}},
      {"a*", {"a", "ab", "a*"}, {"", "ba"}},
      {"*a", {"a", "ba", "aa"}, {"", "ab"}},
      {"a*c", {"ac", "abc", "acc", "abcc"}, {"a", "c", "acb"}},
      {"a**c", {"ac", "abc"}, {"ab"}},
      {"*b*", {"b", "abc", "bb"}, {"", "ac"}},
      {"a*b*c", {"abc", "axbxc", "abcbc"}, {"acb", "ab", "ac"}},
      {"*ab", {"ab", "aab", "abab"}, {"aba"}},
      {"*a?b*", {"axb", "aab", "xaxbx", "aaxb"}, {"ab", "axxb"}},
      {"?*", {"a", "ab"}, {""}},
      {"*?", {"a", "ab"}, {""}},
      {"a*?b", {"axb", "axxb", "abb"}, {"ab"}},
      // Brackets.
      {"[abc]", {"a", "b", "c"}, {"", "d", "ab"}},
      {"x[ab]y", {"xay", "xby"}, {"xcy", "xy"}},
      {"[a-c]", {"a", "b", "c"}, {"d", "-", "`"}},
      {"[c-a]", {"a", "b", "c"}, {"d", "-"}},
      {"[a-a]", {"a"}, {"b", "-"}},
      {"[a-cx-z]", {"b", "y"}, {"d", "w", "-"}},
      {"[a-c-e]", {"b", "-", "e"}, {"d"}},
      {"[^a]", {"b", "^"}, {"", "a"}},
      {"[^a-c]", {"d", "-"}, {"a", "b", "c"}},
      {"[a^]", {"a", "^"}, {"b"}},
      {"[-a]", {"-", "a"}, {"b"}},
      {"[*]", {"*"}, {"a", ""}},
      {"[?]", {"?"}, {"a"}},
      {"[[]", {"["}, {"]"}},
      {"*[ab]", {"xa", "b"}, {"ax"}},
      // Odd brackets.
      {"[]", {}, {"", "]", "a", "[]"}},
      {"[]a]", {}, {"a]", "]a]"}},
      {"[^]", {"a", "]", "^"}, {"", "ab"}},
      {"[^]a]", {"xa]"}, {"x", "a]"}},
      {"[", {}, {"", "[", "a"}},
      {"[^", {"a", "^", "["}, {""}},
      {"[ab", {"a", "b"}, {"[ab", "ab", "["}},
      {"x[a-", {"xa", "x-"}, {"x", "xb"}},
      {"[a-]", {"a", "]", "^", "_", "`"}, {"-", "b", "\\"}},
      {"[a-]]", {"a", "_", "]"}, {"-", "a]", "b"}},
      {"[a-\\]", {"a", "\\", "]"}, {"-", "["}},
      {"[--a]", {"-", "a", "A", "."}, {",", "b"}},
      // Escapes.
      {"\\*", {"*"}, {"a", "\\", "\\*", ""}},
      {"\\?", {"?"}, {"a"}},
      {"\\[a]", {"[a]"}, {"a"}},
      {"\\a", {"a"}, {"\\a", "\\"}},
      {"\\\\", {"\\"}, {"\\\\", "a"}},
      {"\\", {"\\"}, {"", "a"}},
      {"a\\", {"a\\"}, {"a"}},
      {"a\\*b", {"a*b"}, {"axb"}},
      {"*\\", {"\\", "a\\"}, {"a"}},
      {"[\\]]", {"]"}, {"\\", "\\]"}},
      {"[\\]", {"]"}, {"\\"}},
      {"[a\\", {"a", "\\"}, {"b"}},
      {"[\\a-z]", {"a", "-", "z"}, {"b", "\\"}},
      {"[\\^a]", {"^", "a"}, {"b", "\\"}},
      {"[^\\^]", {"a"}, {"^"}},
  };
  for (const auto& c : kCases) {
    for (const std::string_view text : c.matches) {
      EXPECT_TRUE(Matches(c.pattern, text)) << c.pattern << " on " << text;
      EXPECT_TRUE(SlowGlobMatches(c.pattern, text)) << "model: " << c.pattern << " on " << text;
    }
    for (const std::string_view text : c.others) {
      EXPECT_FALSE(Matches(c.pattern, text)) << c.pattern << " on " << text;
      EXPECT_FALSE(SlowGlobMatches(c.pattern, text)) << "model: " << c.pattern << " on " << text;
    }
  }
}

TEST(Glob, TakesAnyBytes) {
  const std::string zero("a\0b", 3);
  EXPECT_TRUE(Matches(zero, zero));
  EXPECT_FALSE(Matches(zero, "a"));
  EXPECT_TRUE(Matches("a?b", zero));
  EXPECT_TRUE(Matches(std::string_view("[\0]", 3), std::string_view("\0", 1)));
  EXPECT_FALSE(Matches("?", "\xc3\xa9"));  // two bytes, though one letter
  EXPECT_TRUE(Matches("??", "\xc3\xa9"));
}

TEST(Glob, RangesCompareBytesAsUnsignedNumbers) {
  EXPECT_TRUE(Matches("[a-\xff]", "b"));
  EXPECT_TRUE(Matches("[a-\xff]", "\xc3"));
  EXPECT_TRUE(Matches("[a-\xff]", "\xff"));
  EXPECT_FALSE(Matches("[a-\xff]", "A"));
  EXPECT_TRUE(Matches("[^\x01-\x7f]", "\x80"));
}

TEST(Glob, LongestPatternCompilesAndALongerOneIsRefused) {
  const absl::StatusOr<Glob> longest = Glob::Compile(std::string(kPatternBytesMax, '?'));
  ASSERT_TRUE(longest.ok());
  EXPECT_TRUE(longest->Matches(std::string(kPatternBytesMax, 'x')));
  EXPECT_FALSE(longest->Matches(std::string(kPatternBytesMax - 1, 'x')));

  const absl::Status status = Glob::Compile(std::string(kPatternBytesMax + 1, 'S')).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ToStd(status.message()), "pattern: must be at most 65536 bytes, got 65537");
}

TEST(Glob, MatchesMoreStarsThanRecursionCouldFollow) {
  EXPECT_TRUE(Matches(Repeat("a*", 30'000), Repeat("ab", 30'000)));
  EXPECT_FALSE(Matches(Repeat("a*", 30'000) + "c", Repeat("ab", 30'000)));
}

// Each of these takes time exponential in the number of stars for a matcher that tries every way
// to divide the text.
TEST(Glob, HostilePatternsStayWithinTheBound) {
  const std::string text(20'000, 'a');
  const std::string kPatterns[] = {
      Repeat("a*", 5'000) + "b",
      Repeat("*a", 5'000) + "b",
      Repeat("*a*a?", 3'000) + "b*",
      Repeat("*", 10'000) + "b",
      "*" + Repeat("[a-z]", 5'000) + "b",
      Repeat("*" + Repeat("a", 50), 100) + "b",
      Repeat("*" + Repeat("a", 50) + "b", 100),
      Repeat("?*", 5'000) + "b",
  };
  for (const std::string& pattern : kPatterns) {
    SCOPED_TRACE(pattern.substr(0, 60));
    const absl::StatusOr<Glob> glob = Glob::Compile(pattern);
    ASSERT_TRUE(glob.ok());
    size_t comparisons = 0;
    EXPECT_FALSE(glob->MatchesCounting(text, &comparisons));
    EXPECT_LE(comparisons, pattern.size() * (text.size() + 1));
  }
}

// The stars that a*a*...b has do not multiply: each byte of the text is compared about once.
TEST(Glob, StarsAloneCostAboutAsMuchAsTheText) {
  const std::string text(20'000, 'a');
  const absl::StatusOr<Glob> glob = Glob::Compile(Repeat("a*", 5'000) + "b");
  ASSERT_TRUE(glob.ok());
  size_t comparisons = 0;
  EXPECT_FALSE(glob->MatchesCounting(text, &comparisons));
  EXPECT_LE(comparisons, 2 * text.size());
}

TEST(Glob, AgreesWithTheSlowMatcher) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  // Few different bytes, so that patterns match now and then; the second has all that is special.
  constexpr std::string_view kAlphabets[] = {"ab*", "ab*?[]^-\\", "ab*?", "a*[b-]\\\xff"};
  const auto draw = [&random](std::string_view alphabet, size_t size_max) {
    std::string drawn(random() % (size_max + 1), ' ');
    for (char& byte : drawn) byte = alphabet[random() % alphabet.size()];
    return drawn;
  };
  constexpr size_t kTextsPerPattern = 10;
  size_t matches = 0;
  const size_t patterns = ScaledCount(150'000);
  for (size_t i = 0; i < patterns; ++i) {
    const std::string_view alphabet = kAlphabets[random() % std::size(kAlphabets)];
    const std::string pattern = draw(alphabet, 10);
    const absl::StatusOr<Glob> glob = Glob::Compile(pattern);
    ASSERT_TRUE(glob.ok());
    for (size_t j = 0; j < kTextsPerPattern; ++j) {
      const std::string text = draw(random() % 2 == 0 ? "ab" : alphabet, 8);
      size_t comparisons = 0;
      const bool expected = SlowGlobMatches(pattern, text);
      ASSERT_EQ(glob->MatchesCounting(text, &comparisons), expected) << pattern << " on " << text;
      ASSERT_LE(comparisons, pattern.size() * (text.size() + 1)) << pattern << " on " << text;
      matches += expected ? 1 : 0;
    }
  }
  // The comparison says little if nearly all answers are the same.
  EXPECT_GT(matches, patterns * kTextsPerPattern / 50);
}

}  // namespace
}  // namespace trivet::engine
