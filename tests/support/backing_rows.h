// Rows for tests of and behind the Backing seam, in few words.
#ifndef TRIVET_TESTS_SUPPORT_BACKING_ROWS_H_
#define TRIVET_TESTS_SUPPORT_BACKING_ROWS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "trivet/backing.h"
#include "trivet/options.h"

namespace trivet::testing {

// A row without tags and expiry. The views must stay valid.
inline StoreWrite Row(std::string_view key, std::string_view value, SetWhen when = SetWhen::kAlways,
                      uint64_t if_version = 0) {
  return {.key = key, .value = value, .when = when, .if_version = if_version};
}

inline StoreWrite TaggedRow(std::string_view key, std::string_view value,
                            std::span<const std::string> tags) {
  return {.key = key, .value = value, .tags = tags};
}

// One row, written; the status alone.
inline absl::Status WriteRow(Backing& backing, std::string_view namespace_name,
                             const StoreWrite& row) {
  return backing.Write(namespace_name, {&row, 1}).status();
}

// The value, "-" if there is no row, or the error.
inline std::string ValueAt(Backing& backing, std::string_view namespace_name,
                           std::string_view key) {
  const auto row = backing.Read(namespace_name, key);
  if (!row.ok()) return row.status().ToString();
  return row->has_value() ? (*row)->value : "-";
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_BACKING_ROWS_H_
