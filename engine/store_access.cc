#include "engine/store_access.h"

#include <utility>

#include "engine/millis.h"
#include "engine/names.h"

namespace trivet::engine {
namespace {

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace

template <typename T>
T StoreAccess::Counted(T result, size_t writes) {
  NamespaceState::StoreCounters& counters = space_.store_counters();
  counters.writes.fetch_add(writes, std::memory_order_relaxed);
  if (!StatusOf(result).ok()) counters.errors.fetch_add(1, std::memory_order_relaxed);
  return result;
}

absl::StatusOr<std::optional<StoredValue>> StoreAccess::Read(std::string_view key) {
  auto row = Counted(backing_.Read(space_.name(), key), 0);
  NamespaceState::StoreCounters& counters = space_.store_counters();
  counters.reads.fetch_add(1, std::memory_order_relaxed);
  if (row.ok() && row->has_value()) counters.hits.fetch_add(1, std::memory_order_relaxed);
  return row;
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> StoreAccess::ReadMany(
    std::span<const std::string_view> keys) {
  auto rows = Counted(backing_.ReadMany(space_.name(), keys), 0);
  NamespaceState::StoreCounters& counters = space_.store_counters();
  counters.reads.fetch_add(keys.size(), std::memory_order_relaxed);
  if (!rows.ok()) return rows;
  for (const auto& row : *rows) {
    if (row.has_value()) counters.hits.fetch_add(1, std::memory_order_relaxed);
  }
  return rows;
}

absl::StatusOr<std::vector<StoreWritten>> StoreAccess::Write(
    std::span<const StoreWrite> writes, uint64_t ticket, const std::optional<WriteFence>& fence) {
  if (fence.has_value()) {
    return Counted(backing_.WriteFenced(*fence, space_.name(), writes, ticket), writes.size());
  }
  return Counted(backing_.Write(space_.name(), writes, ticket), writes.size());
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> StoreAccess::Delete(
    std::span<const std::string_view> keys, uint64_t ticket,
    const std::optional<WriteFence>& fence) {
  if (fence.has_value()) {
    return Counted(backing_.DeleteFenced(*fence, space_.name(), keys, ticket), keys.size());
  }
  return Counted(backing_.Delete(space_.name(), keys, ticket), keys.size());
}

absl::StatusOr<bool> StoreAccess::Touch(std::string_view key, absl::Time expires_at,
                                        uint64_t ticket) {
  return Counted(backing_.Touch(space_.name(), key, expires_at, ticket), 1);
}

absl::StatusOr<uint64_t> StoreAccess::DeleteTag(std::string_view tag, uint64_t ticket) {
  return Counted(backing_.DeleteTag(space_.name(), tag, ticket), 1);
}

absl::Status StoreAccess::Clear(uint64_t ticket) {
  return Counted(backing_.Clear(space_.name(), ticket), 1);
}

std::optional<LoadedValue> ToLoaded(StoredValue row, const NamespaceOptions& options,
                                    const Clock& clock) {
  const absl::Duration left = row.expires_at - clock.WallTime();
  if (left <= absl::ZeroDuration()) return std::nullopt;
  const auto now = static_cast<Millis>(absl::ToInt64Milliseconds(clock.Elapsed()));
  // Other programs may write to the store: a row with tags that no entry can have is not kept.
  const bool keep = CheckTags(row.tags).ok();
  if (!keep) row.tags.clear();
  return LoadedValue{.value = std::move(row.value),
                     .tags = std::move(row.tags),
                     .version = row.version,
                     .expires = ExpiryAfter(now, left),
                     .idle = CeilMillis(options.idle_ttl),
                     .keep = keep};
}

absl::Status DecodeIfTyped(const NamespaceState& space, LoadedValue* loaded) {
  const TypeOps* const type = space.type();
  if (type == nullptr) return absl::OkStatus();
  absl::StatusOr<LiveObject> object = type->decode(loaded->value);
  if (!object.ok()) return object.status();
  loaded->object = *std::move(object);
  loaded->value.clear();
  return absl::OkStatus();
}

absl::Time StoreExpiry(const Clock& clock, absl::Duration ttl) {
  return ttl == absl::InfiniteDuration() ? absl::InfiniteFuture() : clock.WallTime() + ttl;
}

}  // namespace trivet::engine
