#include "bindings/cli/byte_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace trivet::cli {
namespace {

class FileSource final : public ByteSource {
 public:
  explicit FileSource(int fd) : fd_(fd) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(fd_); }

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    ssize_t got;
    do {
      got = ::read(fd_, buffer.data(), buffer.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot read at byte ", offset_));
    }
    offset_ += static_cast<uint64_t>(got);
    return static_cast<size_t>(got);
  }

 private:
  const int fd_;
  uint64_t offset_ = 0;
};

class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : rest_(bytes) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t taken = std::min(buffer.size(), rest_.size());
    std::copy_n(rest_.data(), taken, buffer.data());
    rest_.remove_prefix(taken);
    return taken;
  }

 private:
  std::string_view rest_;
};

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<ByteSource> compressed)
      : compressed_(std::move(compressed)),
        context_(ZSTD_createDCtx()),
        buffer_(ZSTD_DStreamInSize()) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (context_ == nullptr) return absl::ResourceExhaustedError("no memory for a zstd context");
    ZSTD_outBuffer out = {buffer.data(), buffer.size(), 0};
    while (out.pos == 0) {
      // Output may wait inside the context: ask for it before reading on.
      if (in_.pos == in_.size && !more_inside_) {
        absl::StatusOr<bool> filled = Refill();
        if (!filled.ok()) return filled.status();
        if (!*filled) return size_t{0};
      }
      const size_t left = ZSTD_decompressStream(context_.get(), &out, &in_);
      if (ZSTD_isError(left)) return Corrupt(ZSTD_getErrorName(left));
      inside_frame_ = left != 0;
      more_inside_ = inside_frame_ && out.pos == out.size;
    }
    return out.pos;
  }

 private:
  // False at the end of the last frame.
  absl::StatusOr<bool> Refill() {
    offset_ += in_.size;
    in_ = {buffer_.data(), 0, 0};
    absl::StatusOr<size_t> got = compressed_->Read(buffer_);
    if (!got.ok()) return got.status();
    in_.size = *got;
    if (*got == 0 && inside_frame_) return Corrupt("the file ends within a frame");
    return *got > 0;
  }

  absl::Status Corrupt(const char* reason) const {
    return absl::DataLossError(
        absl::StrCat("zstd, compressed byte ", offset_ + in_.pos, ": ", reason));
  }

  std::unique_ptr<ByteSource> compressed_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::vector<char> buffer_;
  ZSTD_inBuffer in_ = {nullptr, 0, 0};
  uint64_t offset_ = 0;        // of the first byte of in_ in the compressed stream
  bool inside_frame_ = false;  // a frame has begun and not ended
  bool more_inside_ = false;   // the context may hold output that did not fit
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "cannot open");
  return std::make_unique<FileSource>(fd);
}

std::unique_ptr<ByteSource> ReadFrom(std::string_view bytes) {
  return std::make_unique<StringSource>(bytes);
}

std::unique_ptr<ByteSource> Decompress(std::unique_ptr<ByteSource> compressed) {
  return std::make_unique<ZstdSource>(std::move(compressed));
}

}  // namespace trivet::cli
