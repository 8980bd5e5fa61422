#include "engine/store_access.h"

#include <utility>

#include "engine/millis.h"
#include "engine/names.h"
#include "engine/store_call.h"

namespace trivet::engine {
namespace {

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace

template <typename Call>
auto StoreAccess::Counted(size_t writes, Call call) {
  auto result = StoreCall(call);
  NamespaceState::StoreCounters& counters = space_.store_counters();
  counters.writes.fetch_add(writes, std::memory_order_relaxed);
  if (!StatusOf(result).ok()) counters.errors.fetch_add(1, std::memory_order_relaxed);
  return result;
}

absl::StatusOr<std::optional<StoredValue>> StoreAccess::Read(std::string_view key) {
  auto row = Counted(0, [&] { return backing_.Read(space_.name(), key); });
  NamespaceState::StoreCounters& counters = space_.store_counters();
  counters.reads.fetch_add(1, std::memory_order_relaxed);
  if (row.ok() && row->has_value()) counters.hits.fetch_add(1, std::memory_order_relaxed);
  return row;
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> StoreAccess::ReadMany(
    std::span<const std::string_view> keys) {
  auto rows = Counted(0, [&] { return backing_.ReadMany(space_.name(), keys); });
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
    return Counted(writes.size(),
                   [&] { return backing_.WriteFenced(*fence, space_.name(), writes, ticket); });
  }
  return Counted(writes.size(), [&] { return backing_.Write(space_.name(), writes, ticket); });
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> StoreAccess::Delete(
    std::span<const std::string_view> keys, uint64_t ticket,
    const std::optional<WriteFence>& fence) {
  if (fence.has_value()) {
    return Counted(keys.size(),
                   [&] { return backing_.DeleteFenced(*fence, space_.name(), keys, ticket); });
  }
  return Counted(keys.size(), [&] { return backing_.Delete(space_.name(), keys, ticket); });
}

absl::StatusOr<bool> StoreAccess::Touch(std::string_view key, absl::Time expires_at,
                                        uint64_t ticket) {
  return Counted(1, [&] { return backing_.Touch(space_.name(), key, expires_at, ticket); });
}

absl::StatusOr<uint64_t> StoreAccess::DeleteTag(std::string_view tag, uint64_t ticket) {
  return Counted(1, [&] { return backing_.DeleteTag(space_.name(), tag, ticket); });
}

absl::Status StoreAccess::Clear(uint64_t ticket) {
  return Counted(1, [&] { return backing_.Clear(space_.name(), ticket); });
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
