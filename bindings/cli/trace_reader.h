// Reads the requests of a trace file.
#ifndef TRIVET_BINDINGS_CLI_TRACE_READER_H_
#define TRIVET_BINDINGS_CLI_TRACE_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/cli/byte_source.h"
#include "bindings/cli/trace_parser.h"

namespace trivet::cli {

// A trace is read once, from the front, in bounded memory. Files that begin like zstd are
// decompressed on the way. A name that ends in ".ctr" or ".ctr.zst" promises the binary format; of
// other files those that begin with its magic are binary, all others text.
//
// Every error names the trace and the byte (of the decompressed trace, if it is compressed).
// Thread-safety: one thread at a time.
class TraceReader {
 public:
  // Opens the file and reads the header.
  static absl::StatusOr<TraceReader> Open(const std::string& path);

  // The same for bytes from elsewhere; `name` chooses the format as a file name does.
  static absl::StatusOr<TraceReader> Read(const std::string& name,
                                          std::unique_ptr<ByteSource> bytes);

  const TraceFields& fields() const { return parser_->fields(); }

  // The next request, whose key is valid until the next call. False: that was all.
  absl::StatusOr<bool> Next(TraceRequest* request);

 private:
  TraceReader(std::string name, std::unique_ptr<ByteSource> bytes);

  // Feeds until the parser answers.
  absl::StatusOr<TraceParser::Step> Step(TraceRequest* request);
  absl::Status Named(const absl::Status& status) const;

  std::string name_;
  std::unique_ptr<ByteSource> bytes_;
  std::vector<char> buffer_;
  std::unique_ptr<TraceParser> parser_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_TRACE_READER_H_
