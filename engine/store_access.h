// The store as the facade calls it: counted, and with errors that say which tier they come from.
#ifndef TRIVET_ENGINE_STORE_ACCESS_H_
#define TRIVET_ENGINE_STORE_ACCESS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/memory_loads.h"
#include "engine/namespace_state.h"
#include "trivet/backing.h"
#include "trivet/clock.h"

namespace trivet::engine {

// The store of one namespace. Cheap to make.
class StoreAccess {
 public:
  StoreAccess(Backing& backing, NamespaceState& space) : backing_(backing), space_(space) {}

  absl::StatusOr<std::optional<StoredValue>> Read(std::string_view key);
  absl::StatusOr<std::vector<std::optional<StoredValue>>> ReadMany(
      std::span<const std::string_view> keys);
  absl::StatusOr<std::vector<StoreWritten>> Write(std::span<const StoreWrite> writes,
                                                  uint64_t ticket,
                                                  const std::optional<WriteFence>& fence = {});
  absl::StatusOr<std::vector<std::optional<StoredValue>>> Delete(
      std::span<const std::string_view> keys, uint64_t ticket,
      const std::optional<WriteFence>& fence = {});
  absl::StatusOr<bool> Touch(std::string_view key, absl::Time expires_at, uint64_t ticket);
  absl::StatusOr<uint64_t> DeleteTag(std::string_view tag, uint64_t ticket);
  absl::Status Clear(uint64_t ticket);

 private:
  // Makes the call.
  template <typename Call>
  auto Counted(size_t writes, Call call);

  Backing& backing_;
  NamespaceState& space_;
};

// True if the store may hold the change although it answered with this error.
inline bool MayHaveCommitted(const absl::Status& error) {
  return error.code() == absl::StatusCode::kUnknown;
}

// A row on its way into memory. Its expiry becomes a remaining time on the local clock. nullopt if
// it has expired meanwhile.
std::optional<LoadedValue> ToLoaded(StoredValue row, const NamespaceOptions& options,
                                    const Clock& clock);

// Makes an object of what was loaded, if the namespace holds objects; an error of the codec.
absl::Status DecodeIfTyped(const NamespaceState& space, LoadedValue* loaded);

// A TTL as the store keeps it.
absl::Time StoreExpiry(const Clock& clock, absl::Duration ttl);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_STORE_ACCESS_H_
