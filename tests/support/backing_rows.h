// Rows for tests of and behind the Backing seam, in few words.
#ifndef TRIVET_TESTS_SUPPORT_BACKING_ROWS_H_
#define TRIVET_TESTS_SUPPORT_BACKING_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
                             const StoreWrite& row, uint64_t ticket = kUnlogged) {
  return backing.Write(namespace_name, {&row, 1}, ticket).status();
}

// The value, "-" if there is no row, or the error.
inline std::string ValueAt(Backing& backing, std::string_view namespace_name,
                           std::string_view key) {
  const auto row = backing.Read(namespace_name, key);
  if (!row.ok()) return row.status().ToString();
  return row->has_value() ? (*row)->value : "-";
}

// "7 users key a 12", without a version that is not known.
inline std::string TextOf(const LoggedChange& change) {
  constexpr const char* kKinds[] = {"?", "key", "tag", "pattern", "clear"};
  std::string text = std::to_string(change.ticket) + " " + change.namespace_name + " " +
                     kKinds[static_cast<size_t>(change.kind)];
  if (!change.name.empty()) text += " " + change.name;
  if (change.version != 0) text += " " + std::to_string(change.version);
  return text;
}

// The change log, or the error.
inline std::vector<std::string> LogOf(Backing& backing, size_t rows_max = 1000) {
  const auto changes = backing.ReadChangeLog(rows_max);
  if (!changes.ok()) return {changes.status().ToString()};
  std::vector<std::string> texts;
  for (const LoggedChange& change : *changes) texts.push_back(TextOf(change));
  return texts;
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_BACKING_ROWS_H_
