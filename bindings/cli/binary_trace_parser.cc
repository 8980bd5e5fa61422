// Binary traces, all little-endian:
//
//   0   4 bytes  "CTRC"
//   4   u16      version: 1
//   6   u16      flags: bit 0 sizes, bit 1 TTLs, bit 2 times are present
//   8   u64      number of records
//   16  u64      number of distinct keys
//   24  records  u64 key, then u32 size, u32 TTL in seconds, u32 time in seconds, each if present
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bindings/cli/trace_parser.h"

namespace trivet::cli {
namespace {

constexpr size_t kHeaderBytes = 24;
constexpr uint64_t kVersion = 1;
constexpr uint64_t kSizePresent = 1;
constexpr uint64_t kTtlPresent = 2;
constexpr uint64_t kTimePresent = 4;
constexpr uint64_t kKnownFlags = kSizePresent | kTtlPresent | kTimePresent;

// The little-endian number in `width` bytes at `at`.
uint64_t Number(std::string_view bytes, size_t at, size_t width) {
  uint64_t number = 0;
  for (size_t i = width; i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
  return number;
}

class BinaryTraceParser final : public TraceParser {
 public:
  absl::StatusOr<Step> Next(TraceRequest* request) override {
    if (record_bytes_ == 0) return Header();
    if (records_read_ == records_) return AfterLast();
    if (rest().size() < record_bytes_) {
      if (!ended()) return Step::kNeedBytes;
      return Wrong(rest().size(), absl::StrCat("the trace ends early: ", records_read_, " of ",
                                               records_, " records are whole"));
    }
    Record(request);
    ++records_read_;
    Take(record_bytes_);
    return Step::kRequest;
  }

 private:
  absl::StatusOr<Step> Header() {
    const std::string_view header = rest();
    const std::string_view magic = header.substr(0, kTraceMagic.size());
    if (magic != kTraceMagic.substr(0, magic.size())) {
      return Wrong(0, "not a trace: it does not begin with CTRC");
    }
    if (header.size() < kHeaderBytes) {
      if (!ended()) return Step::kNeedBytes;
      return Wrong(header.size(),
                   absl::StrCat("the trace ends within its header of ", kHeaderBytes, " bytes"));
    }
    const uint64_t version = Number(header, 4, 2);
    const uint64_t flags = Number(header, 6, 2);
    records_ = Number(header, 8, 8);
    const uint64_t distinct = Number(header, 16, 8);
    if (version != kVersion) {
      return Wrong(4, absl::StrCat("version ", version, " is unknown; ", kVersion, " is known"));
    }
    if ((flags & ~kKnownFlags) != 0) {
      return Wrong(6,
                   absl::StrCat("flags ", flags, " are unknown; 0 to ", kKnownFlags, " are known"));
    }
    if (distinct > records_) {
      return Wrong(
          16, absl::StrCat("more distinct keys (", distinct, ") than records (", records_, ")"));
    }
    fields_ = {.size = (flags & kSizePresent) != 0,
               .ttl = (flags & kTtlPresent) != 0,
               .time = (flags & kTimePresent) != 0};
    record_bytes_ = 8 + 4 * (size_t{fields_.size} + size_t{fields_.ttl} + size_t{fields_.time});
    Take(kHeaderBytes);
    return Step::kHeader;
  }

  void Record(TraceRequest* request) {
    const std::string_view record = rest();
    const auto [end, error] = std::to_chars(key_, key_ + sizeof(key_), Number(record, 0, 8));
    request->key = std::string_view(key_, static_cast<size_t>(end - key_));
    size_t at = 8;
    for (const auto& [present, field] :
         {std::pair(fields_.size, &request->size), std::pair(fields_.ttl, &request->ttl),
          std::pair(fields_.time, &request->time)}) {
      *field = present ? static_cast<uint32_t>(Number(record, at, 4)) : 0;
      if (present) at += 4;
    }
  }

  absl::StatusOr<Step> AfterLast() {
    if (!rest().empty()) {
      return Wrong(0, absl::StrCat("bytes follow the last of ", records_, " records"));
    }
    return ended() ? Step::kEnd : Step::kNeedBytes;
  }

  size_t record_bytes_ = 0;  // 0: the header was not read yet
  uint64_t records_ = 0;
  uint64_t records_read_ = 0;
  char key_[20];  // decimal, so that it can be read in a database
};

}  // namespace

std::unique_ptr<TraceParser> NewBinaryTraceParser() {
  return std::make_unique<BinaryTraceParser>();
}

}  // namespace trivet::cli
