// Compiles and matches a pattern on a text. Input: the pattern, a line feed, the text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/check.h"
#include "engine/glob.h"
#include "tests/support/slow_glob.h"
#include "trivet/options.h"

namespace {

// Longer inputs would make the model the slow part.
constexpr std::size_t kModelBytesMax = 64;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view pattern = input.substr(0, input.find('\n'));
  const std::string_view text =
      pattern.size() == size ? std::string_view() : input.substr(pattern.size() + 1);

  const absl::StatusOr<trivet::engine::Glob> glob = trivet::engine::Glob::Compile(pattern);
  TRIVET_CHECK(glob.ok() == (pattern.size() <= trivet::kPatternBytesMax),
               "only length makes a pattern bad");
  if (!glob.ok()) return 0;

  std::size_t comparisons = 0;
  const bool matches = glob->MatchesCounting(text, &comparisons);
  TRIVET_CHECK(comparisons <= pattern.size() * (text.size() + 1), "more work than promised");
  TRIVET_CHECK(matches == glob->Matches(text), "two answers");
  if (pattern.size() <= kModelBytesMax && text.size() <= kModelBytesMax) {
    TRIVET_CHECK(matches == trivet::testing::SlowGlobMatches(pattern, text),
                 "the model says otherwise");
  }
  return 0;
}
