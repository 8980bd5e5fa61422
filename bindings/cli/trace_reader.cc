#include "bindings/cli/trace_reader.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace trivet::cli {
namespace {

constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
constexpr size_t kReadBytes = 64 << 10;

// A source whose first bytes were looked at.
class Peeked final : public ByteSource {
 public:
  Peeked(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t taken = std::min(buffer.size(), head_.size() - at_);
    if (taken == 0) return rest_->Read(buffer);
    std::copy_n(head_.data() + at_, taken, buffer.data());
    at_ += taken;
    return taken;
  }

  std::string_view head() const { return head_; }

 private:
  const std::string head_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

// Looks at the first four bytes, as long as both magics are, or at all there are.
absl::StatusOr<std::unique_ptr<Peeked>> Peek(std::unique_ptr<ByteSource> bytes) {
  char head[4];
  size_t size = 0;
  while (size < sizeof(head)) {
    absl::StatusOr<size_t> got = bytes->Read(std::span(head).subspan(size));
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    size += *got;
  }
  return std::make_unique<Peeked>(std::string(head, size), std::move(bytes));
}

}  // namespace

TraceReader::TraceReader(std::string name, std::unique_ptr<ByteSource> bytes)
    : name_(std::move(name)), bytes_(std::move(bytes)), buffer_(kReadBytes) {}

absl::StatusOr<TraceReader> TraceReader::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<ByteSource>> file = OpenFile(path);
  if (!file.ok()) {
    return absl::Status(file.status().code(), absl::StrCat(path, ": ", file.status().message()));
  }
  return Read(path, *std::move(file));
}

absl::StatusOr<TraceReader> TraceReader::Read(const std::string& name,
                                              std::unique_ptr<ByteSource> bytes) {
  TraceReader reader(name, nullptr);
  absl::StatusOr<std::unique_ptr<Peeked>> peeked = Peek(std::move(bytes));
  if (peeked.ok() && (*peeked)->head() == kZstdMagic) {
    peeked = Peek(Decompress(*std::move(peeked)));
  }
  if (!peeked.ok()) return reader.Named(peeked.status());

  const bool promised = name.ends_with(".ctr") || name.ends_with(".ctr.zst");
  const bool binary = promised || (*peeked)->head() == kTraceMagic;
  reader.parser_ = binary ? NewBinaryTraceParser() : NewTextTraceParser();
  reader.bytes_ = *std::move(peeked);
  TraceRequest none;
  absl::StatusOr<TraceParser::Step> header = reader.Step(&none);
  if (!header.ok()) return header.status();
  return reader;
}

absl::StatusOr<bool> TraceReader::Next(TraceRequest* request) {
  absl::StatusOr<TraceParser::Step> step = Step(request);
  if (!step.ok()) return step.status();
  return *step == TraceParser::Step::kRequest;
}

absl::StatusOr<TraceParser::Step> TraceReader::Step(TraceRequest* request) {
  while (true) {
    absl::StatusOr<TraceParser::Step> step = parser_->Next(request);
    if (!step.ok()) return Named(step.status());
    if (*step != TraceParser::Step::kNeedBytes) return step;
    absl::StatusOr<size_t> got = bytes_->Read(buffer_);
    if (!got.ok()) return Named(got.status());
    if (*got == 0) {
      parser_->End();
    } else {
      parser_->Feed(std::string_view(buffer_.data(), *got));
    }
  }
}

absl::Status TraceReader::Named(const absl::Status& status) const {
  return absl::Status(status.code(), absl::StrCat(name_, ": ", status.message()));
}

}  // namespace trivet::cli
