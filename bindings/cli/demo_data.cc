#include "bindings/cli/demo_data.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "absl/strings/str_format.h"
#include "bindings/cli/demo_value.h"

namespace trivet::cli {

DemoAnswer JudgeDemoValue(size_t row, std::string_view value, uint64_t acknowledged_before,
                          uint64_t begun_after) {
  const std::optional<uint64_t> sequence = DecodeDemoValue(row, value);
  if (!sequence.has_value() || *sequence > begun_after) return DemoAnswer::kWrong;
  return *sequence < acknowledged_before ? DemoAnswer::kStale : DemoAnswer::kRight;
}

DemoData::DemoData(size_t rows, uint64_t seed)
    : zipf_(rows, kSkew), row_of_rank_(rows), ledger_(rows) {
  keys_.reserve(rows);
  for (size_t row = 0; row < rows; ++row) keys_.push_back(absl::StrFormat("row:%010d", row));
  std::iota(row_of_rank_.begin(), row_of_rank_.end(), 0U);
  std::mt19937_64 random(seed);
  std::shuffle(row_of_rank_.begin(), row_of_rank_.end(), random);
}

}  // namespace trivet::cli
