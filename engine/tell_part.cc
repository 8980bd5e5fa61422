#include "engine/tell_part.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "absl/random/random.h"
#include "engine/random.h"

namespace trivet::engine {
namespace {

using Kind = SharedRecord::Kind;

constexpr absl::Duration kPatternTimeout = absl::Seconds(30);

bool IsDone(const absl::StatusOr<SharedAnswer>& answer) { return answer.ok() && answer->current; }

}  // namespace

uint64_t NewToken() {
  return absl::Uniform<uint64_t>(absl::IntervalClosed, Random(), 1,
                                 std::numeric_limits<uint64_t>::max());
}

bool IsAway(const absl::Status& error) {
  return absl::IsUnavailable(error) || absl::IsDeadlineExceeded(error);
}

absl::StatusOr<SharedAnswer> TellPart(SharedTier& tier, const SharedPart& part,
                                      std::span<const SharedRecord> changes, const Clock& clock,
                                      absl::Duration timeout) {
  std::vector<SharedChange> keys;
  std::vector<std::string_view> tags;
  std::vector<std::string_view> patterns;
  for (const SharedRecord& change : changes) {
    switch (change.kind) {
      case Kind::kClear:
        // All else is in it.
        return tier.Clear(part, NewToken(), clock.Elapsed() + timeout);
      case Kind::kTag:
        tags.push_back(change.name);
        break;
      case Kind::kPattern:
        patterns.push_back(change.name);
        break;
      default:
        keys.push_back({.key = change.name, .version = change.version});
    }
  }
  absl::StatusOr<SharedAnswer> answer = SharedAnswer();
  if (!keys.empty()) answer = tier.InvalidateKeys(part, keys, clock.Elapsed() + timeout);
  if (!tags.empty() && IsDone(answer)) {
    answer = tier.InvalidateTags(part, tags, clock.Elapsed() + timeout);
  }
  for (const std::string_view pattern : patterns) {
    if (!IsDone(answer)) break;
    answer =
        tier.InvalidatePattern(part, pattern, clock.Elapsed() + std::max(timeout, kPatternTimeout));
  }
  return answer;
}

}  // namespace trivet::engine
