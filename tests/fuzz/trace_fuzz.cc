// The parsers of traces: whatever the bytes, they end, stay inside their input, and do not care
// into which pieces it is cut.
//
// The first byte chooses the format and the size of the pieces, the rest is the trace.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "bindings/cli/trace_parser.h"
#include "trivet/options.h"

namespace {

using trivet::cli::TraceParser;
using trivet::cli::TraceRequest;

void Require(bool holds) {
  if (!holds) std::abort();
}

// All that a parser says about `bytes`, fed `step` at a time.
std::string Transcript(std::unique_ptr<TraceParser> parser, std::string_view bytes, size_t step) {
  std::string said;
  bool ended = false;
  while (true) {
    TraceRequest request;
    const auto next = parser->Next(&request);
    if (!next.ok()) return said + "error: " + std::string(next.status().message());
    switch (*next) {
      case TraceParser::Step::kHeader:
        Require(said.empty());
        said += parser->fields().time ? "header with time\n" : "header\n";
        break;
      case TraceParser::Step::kRequest:
        Require(!request.key.empty() && request.key.size() <= trivet::kKeyBytesMax);
        said += std::string(request.key) + ' ' + std::to_string(request.size) + ' ' +
                std::to_string(request.ttl) + ' ' + std::to_string(request.time) + '\n';
        break;
      case TraceParser::Step::kNeedBytes: {
        Require(!ended);
        const std::string_view piece = bytes.substr(0, step);
        bytes.remove_prefix(piece.size());
        ended = piece.empty();
        ended ? parser->End() : parser->Feed(piece);
        break;
      }
      case TraceParser::Step::kEnd:
        Require(ended && bytes.empty());
        return said + "end";
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool binary = data[0] % 2 == 0;
  const size_t step = 1 + data[0] / 2;
  const std::string_view trace(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto parser = [binary] {
    return binary ? trivet::cli::NewBinaryTraceParser() : trivet::cli::NewTextTraceParser();
  };
  Require(Transcript(parser(), trace, step) ==
          Transcript(parser(), trace, std::max<size_t>(trace.size(), 1)));
  return 0;
}
