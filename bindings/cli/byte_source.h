// A stream of bytes to be read once, from the front.
#ifndef TRIVET_BINDINGS_CLI_BYTE_SOURCE_H_
#define TRIVET_BINDINGS_CLI_BYTE_SOURCE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivet::cli {

// Thread-safety: one thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Puts at least one byte into `buffer` and returns how many; 0 at the end. An error says at which
  // byte of the source it happened. REQUIRES: `buffer` is not empty.
  virtual absl::StatusOr<size_t> Read(std::span<char> buffer) = 0;
};

// The bytes of a file. NotFound, PermissionDenied or Internal if it cannot be opened.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path);

// The bytes of a string, which must outlive the source.
std::unique_ptr<ByteSource> ReadFrom(std::string_view bytes);

// The content of zstd frames, one after the other, decompressed as it is asked for. Memory: the
// window of the frame, at most 128 MiB, and one block. DataLoss if a frame is corrupt or ends
// early.
std::unique_ptr<ByteSource> Decompress(std::unique_ptr<ByteSource> compressed);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_BYTE_SOURCE_H_
