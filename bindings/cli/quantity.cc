#include "bindings/cli/quantity.h"

#include <cctype>
#include <charconv>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "trivet/options.h"

namespace trivet::cli {
namespace {

absl::Status Wrong(std::string_view text, std::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", std::string(text), "\" is not ", std::string(expected)));
}

constexpr std::string_view kSizeForm = "a size such as 4096, 64K, 16M or 2G";
constexpr std::string_view kDurationForm = "a duration such as 90, 1.5s, 250ms, 1h30m or 7d";

// The power of 1024 that a suffix stands for; -1 for an unknown one.
int ShiftOfSuffix(std::string_view suffix) {
  if (suffix.empty()) return 0;
  const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(suffix[0])));
  const std::string_view tail = suffix.substr(1);
  if (letter == 'B') return tail.empty() ? 0 : -1;
  if (!tail.empty() && tail != "B" && tail != "b" && tail != "iB" && tail != "ib") return -1;
  switch (letter) {
    case 'K':
      return 10;
    case 'M':
      return 20;
    case 'G':
      return 30;
    case 'T':
      return 40;
    default:
      return -1;
  }
}

// One digit after the point, and the first unit in which the number has at most `digits` before it.
std::string Scaled(double number, double step, const char* const* units, int unit_count) {
  int unit = 0;
  while (number >= step && unit + 1 < unit_count) {
    number /= step;
    ++unit;
  }
  return unit == 0 ? absl::StrFormat("%.0f %s", number, units[unit])
                   : absl::StrFormat("%.1f %s", number, units[unit]);
}

}  // namespace

absl::StatusOr<uint64_t> ParseBytes(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return Wrong(text, kSizeForm);
  const int shift = ShiftOfSuffix(text.substr(static_cast<size_t>(end - text.data())));
  if (shift < 0) return Wrong(text, kSizeForm);
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (number > (kMax >> shift)) return Wrong(text, "a size below 8 EiB");
  return number << shift;
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  // A bare number is seconds; absl knows all other units but days.
  std::string spelled(text);
  const bool ends_in_digit =
      !text.empty() && std::isdigit(static_cast<unsigned char>(text.back())) != 0;
  const bool days = !text.empty() && text.back() == 'd';
  if (ends_in_digit) spelled += 's';
  if (days) spelled.back() = 'h';
  absl::Duration duration;
  if (!absl::ParseDuration(spelled, &duration)) return Wrong(text, kDurationForm);
  if (!days) return duration;
  // "1h2d" would have become "1h2h": days stand alone.
  if (text.find_first_not_of("+-.0123456789") != text.size() - 1) return Wrong(text, kDurationForm);
  return duration * 24;
}

absl::StatusOr<absl::Duration> ParseTtl(std::string_view text) {
  absl::StatusOr<absl::Duration> ttl = ParseDuration(text);
  if (!ttl.ok()) return ttl;
  if (*ttl <= absl::ZeroDuration()) return Wrong(text, "a TTL: it must be more than 0");
  if (*ttl > kTtlMax && *ttl != absl::InfiniteDuration()) {
    return Wrong(text, "a TTL: it must be at most 366 days, or inf");
  }
  return ttl;
}

std::string FormatCount(uint64_t count) {
  std::string digits = absl::StrCat(count);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string FormatBytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  return Scaled(static_cast<double>(bytes), 1024, kUnits, 5);
}

std::string FormatNanoseconds(uint64_t ns) {
  static constexpr const char* kUnits[] = {"ns", "us", "ms", "s"};
  return Scaled(static_cast<double>(ns), 1000, kUnits, 4);
}

std::string FormatPercent(double ratio) { return absl::StrFormat("%.2f %%", ratio * 100); }

std::string FormatSeconds(absl::Duration time) {
  return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(time));
}

}  // namespace trivet::cli
