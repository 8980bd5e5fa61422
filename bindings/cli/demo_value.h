// Values that tell which row they belong to, how new they are, and whether they are whole.
#ifndef TRIVET_BINDINGS_CLI_DEMO_VALUE_H_
#define TRIVET_BINDINGS_CLI_DEMO_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trivet::cli {

// 64 to 511 bytes, always the same for a row.
size_t DemoValueBytes(uint64_t row);

// The value of a row after its `sequence`-th change: both numbers, a checksum, and bytes that look
// random and depend on both.
void EncodeDemoValue(uint64_t row, uint64_t sequence, std::string* value);

// The sequence number of a value of `row`; nullopt if the value is of another row, or damaged.
std::optional<uint64_t> DecodeDemoValue(uint64_t row, std::string_view value);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_VALUE_H_
