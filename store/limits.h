// What a caller of the store may hand over.
#ifndef TRIVET_STORE_LIMITS_H_
#define TRIVET_STORE_LIMITS_H_

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "trivet/backing.h"

namespace trivet::store {

// The limits of trivet/options.h: OK, or InvalidArgument with what is wrong and its length.
absl::Status CheckNamespace(std::string_view name);
absl::Status CheckKey(std::string_view key);
absl::Status CheckKeys(std::span<const std::string_view> keys);
absl::Status CheckTag(std::string_view tag);
absl::Status CheckPattern(std::string_view pattern);
absl::Status CheckWrite(const StoreWrite& write);
absl::Status CheckWrites(std::span<const StoreWrite> writes);

}  // namespace trivet::store

#endif  // TRIVET_STORE_LIMITS_H_
