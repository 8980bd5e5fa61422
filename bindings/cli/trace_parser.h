// Turns the bytes of an access log into requests, without a file: feed, then ask.
#ifndef TRIVET_BINDINGS_CLI_TRACE_PARSER_H_
#define TRIVET_BINDINGS_CLI_TRACE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivet::cli {

// One look-aside request: get the key; on a miss, put a value of this size that lives this long.
struct TraceRequest {
  std::string_view key;  // valid until the parser is fed or asked again
  uint32_t size = 0;     // bytes of the value
  uint32_t ttl = 0;      // seconds; 0: none
  uint32_t time = 0;     // seconds, from any starting point
};

// Which members of the requests mean something.
struct TraceFields {
  bool size = false;
  bool ttl = false;
  bool time = false;
};

// A parser of one trace in one format. The formats are described in docs/cli.md:
//
//   binary  magic "CTRC" and packed little-endian records, the number of which the header tells
//   text    one request per line: the key, or the key, a tab and the size of its value
//
//   parser->Feed(bytes);
//   while (step = parser->Next(&request), step.ok() && *step == Step::kRequest) ...
//
// A parser keeps what it was fed and has not yet parsed, and nothing else. After an error it must
// not be asked again. Thread-safety: one thread at a time.
class TraceParser {
 public:
  enum class Step {
    kHeader,     // fields() is known now; told once, before any request
    kRequest,    // *request is the next one
    kNeedBytes,  // feed more, or say End()
    kEnd,        // the trace was whole and is over
  };

  virtual ~TraceParser() = default;

  // Hands over the next bytes. REQUIRES: End() was not called.
  void Feed(std::string_view bytes);

  // There are no more bytes.
  void End() { ended_ = true; }

  // DataLoss that names the byte at which the trace is not one: truncated, corrupt, or followed by
  // bytes that do not belong to it.
  virtual absl::StatusOr<Step> Next(TraceRequest* request) = 0;

  const TraceFields& fields() const { return fields_; }

 protected:
  // Bytes that were fed and not yet taken.
  std::string_view rest() const { return std::string_view(buffer_).substr(taken_); }
  bool ended() const { return ended_; }
  void Take(size_t bytes) { taken_ += bytes; }

  // "byte N: what", where N is `ahead` bytes after the first that was not yet taken.
  absl::Status Wrong(size_t ahead, const std::string& what) const;

  TraceFields fields_;

 private:
  std::string buffer_;
  size_t taken_ = 0;            // bytes of buffer_ that are parsed
  uint64_t buffer_offset_ = 0;  // of buffer_ in the trace
  bool ended_ = false;
};

std::unique_ptr<TraceParser> NewBinaryTraceParser();
std::unique_ptr<TraceParser> NewTextTraceParser();

// What a binary trace begins with.
inline constexpr std::string_view kTraceMagic = "CTRC";

// The size that a line without one stands for.
inline constexpr uint32_t kTextTraceSize = 100;

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_TRACE_PARSER_H_
