// Traces made for tests.
#ifndef TRIVET_TESTS_CLI_TRACE_BYTES_H_
#define TRIVET_TESTS_CLI_TRACE_BYTES_H_

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace trivet::cli {

struct TraceRecord {
  uint64_t key = 0;
  uint32_t size = 0;
  uint32_t ttl = 0;
  uint32_t time = 0;
};

enum TraceFlags : uint16_t { kSizes = 1, kTtls = 2, kTimes = 4 };

inline void AppendNumber(std::string& bytes, uint64_t number, size_t width) {
  for (size_t i = 0; i < width; ++i) bytes += static_cast<char>(number >> (8 * i));
}

// A binary trace with the fields that `flags` names.
inline std::string BinaryTrace(const std::vector<TraceRecord>& records, uint16_t flags) {
  std::string bytes = "CTRC";
  AppendNumber(bytes, 1, 2);
  AppendNumber(bytes, flags, 2);
  AppendNumber(bytes, records.size(), 8);
  AppendNumber(bytes, records.empty() ? 0 : 1, 8);
  for (const TraceRecord& record : records) {
    AppendNumber(bytes, record.key, 8);
    if ((flags & kSizes) != 0) AppendNumber(bytes, record.size, 4);
    if ((flags & kTtls) != 0) AppendNumber(bytes, record.ttl, 4);
    if ((flags & kTimes) != 0) AppendNumber(bytes, record.time, 4);
  }
  return bytes;
}

inline std::string Compressed(std::string_view bytes) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), 3);
  EXPECT_FALSE(ZSTD_isError(size));
  frame.resize(size);
  return frame;
}

}  // namespace trivet::cli

#endif  // TRIVET_TESTS_CLI_TRACE_BYTES_H_
