// Text traces: a line per request, KEY or KEY<tab>SIZE, ended by LF or CRLF (the last one by the
// end of the trace, too). Empty lines are skipped.
#include <charconv>

#include "absl/strings/str_cat.h"
#include "bindings/cli/trace_parser.h"
#include "trivet/options.h"

namespace trivet::cli {
namespace {

// A key, a tab, a size and CRLF.
constexpr size_t kLineBytesMax = kKeyBytesMax + 16;

class TextTraceParser final : public TraceParser {
 public:
  TextTraceParser() { fields_.size = true; }

  absl::StatusOr<Step> Next(TraceRequest* request) override {
    if (!header_told_) {
      header_told_ = true;
      return Step::kHeader;
    }
    Take(line_bytes_);
    line_bytes_ = 0;
    while (!rest().empty()) {
      const size_t feed = rest().substr(0, kLineBytesMax).find('\n');
      if (feed == std::string_view::npos && rest().size() >= kLineBytesMax) {
        return Wrong(0, absl::StrCat("a line of more than ", kLineBytesMax, " bytes"));
      }
      if (feed == std::string_view::npos && !ended()) return Step::kNeedBytes;
      const size_t line_end = std::min(feed, rest().size());
      std::string_view line = rest().substr(0, line_end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      const size_t taken = feed == std::string_view::npos ? line_end : line_end + 1;
      if (line.empty()) {
        Take(taken);
        continue;
      }
      if (absl::Status status = Parse(line, request); !status.ok()) return status;
      line_bytes_ = taken;  // taken by the next call: the key lies in it
      return Step::kRequest;
    }
    return ended() ? Step::kEnd : Step::kNeedBytes;
  }

 private:
  absl::Status Parse(std::string_view line, TraceRequest* request) const {
    if (const size_t nul = line.find('\0'); nul != std::string_view::npos) {
      return Wrong(nul, "neither text nor a trace: a byte of value 0");
    }
    const size_t tab = line.find('\t');
    *request = {.key = line.substr(0, tab), .size = kTextTraceSize, .ttl = 0, .time = 0};
    if (request->key.empty()) return Wrong(0, "a line without a key");
    if (request->key.size() > kKeyBytesMax) {
      return Wrong(0, absl::StrCat("a key of more than ", kKeyBytesMax, " bytes"));
    }
    if (tab == std::string_view::npos) return absl::OkStatus();
    const std::string_view size = line.substr(tab + 1);
    const auto [end, error] =
        std::from_chars(size.data(), size.data() + size.size(), request->size);
    if (error != std::errc() || end != size.data() + size.size()) {
      return Wrong(tab + 1, "what follows the tab is not a size in bytes");
    }
    return absl::OkStatus();
  }

  bool header_told_ = false;
  size_t line_bytes_ = 0;  // of the line that the last request lies in
};

}  // namespace

std::unique_ptr<TraceParser> NewTextTraceParser() { return std::make_unique<TextTraceParser>(); }

}  // namespace trivet::cli
