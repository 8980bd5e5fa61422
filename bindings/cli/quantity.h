// Sizes and durations as people write and read them.
#ifndef TRIVET_BINDINGS_CLI_QUANTITY_H_
#define TRIVET_BINDINGS_CLI_QUANTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivet::cli {

// "4096", "64K", "64KB" or "64KiB": K, M, G and T are powers of 1024, in either case.
// InvalidArgument for anything else, and for what does not fit into 63 bits.
absl::StatusOr<uint64_t> ParseBytes(std::string_view text);

// "90" (seconds), "1.5s", "250ms", "1h30m" or "7d". InvalidArgument for anything else. May be zero,
// negative or infinite ("inf"): see ParseTtl.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// A duration that the cache takes for a TTL: more than zero, at most kTtlMax, or infinite.
absl::StatusOr<absl::Duration> ParseTtl(std::string_view text);

std::string FormatCount(uint64_t count);         // "1,234,567"
std::string FormatBytes(uint64_t bytes);         // "999 B", "15.9 MiB"
std::string FormatNanoseconds(uint64_t ns);      // "350 ns", "5.1 us", "1.2 ms", "3.0 s"
std::string FormatPercent(double ratio);         // 0.8312 is "83.12 %"
std::string FormatSeconds(absl::Duration time);  // "12.3 s"

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_QUANTITY_H_
