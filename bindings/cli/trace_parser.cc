#include "bindings/cli/trace_parser.h"

#include "absl/strings/str_cat.h"

namespace trivet::cli {

void TraceParser::Feed(std::string_view bytes) {
  buffer_.erase(0, taken_);
  buffer_offset_ += taken_;
  taken_ = 0;
  buffer_.append(bytes);
}

absl::Status TraceParser::Wrong(size_t ahead, const std::string& what) const {
  return absl::DataLossError(absl::StrCat("byte ", buffer_offset_ + taken_ + ahead, ": ", what));
}

}  // namespace trivet::cli
