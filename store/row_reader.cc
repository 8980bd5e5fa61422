#include "store/row_reader.h"

#include <utility>

#include "store/row_time.h"
#include "store/tag_codec.h"

namespace trivet::store {
namespace {

// Columns of Sql::kFindRow and Sql::kReadRow.
enum Column { kId, kNamespace, kVersion, kExpiresAt, kTags, kValue };

}  // namespace

RowHead HeadOf(const Query& query) {
  return {.id = query.Int(kId),
          .namespace_id = query.Int(kNamespace),
          .version = static_cast<uint64_t>(query.Int(kVersion)),
          .expires_at = query.IntOrNull(kExpiresAt),
          .tags = std::string(query.Bytes(kTags))};
}

absl::StatusOr<std::vector<std::string>> TagsOf(std::string_view encoded,
                                                const Connection& connection) {
  std::optional<std::vector<std::string>> tags = DecodeTags(encoded);
  if (!tags.has_value()) return connection.Damaged("the tags of a row cannot be decoded");
  return *std::move(tags);
}

absl::StatusOr<StoredValue> ValueOf(const Query& query, const Connection& connection) {
  absl::StatusOr<std::vector<std::string>> tags = TagsOf(query.Bytes(kTags), connection);
  if (!tags.ok()) return tags.status();
  return StoredValue{.value = std::string(query.Bytes(kValue)),
                     .version = static_cast<uint64_t>(query.Int(kVersion)),
                     .expires_at = FromRowTime(query.IntOrNull(kExpiresAt)),
                     .tags = *std::move(tags)};
}

absl::StatusOr<std::optional<StoredValue>> ReadRow(Connection& connection,
                                                   std::string_view namespace_name,
                                                   std::string_view key, int64_t now) {
  Query query(connection, Sql::kReadRow);
  query.BorrowBytes(1, namespace_name).BorrowBytes(2, key);
  if (!query.Next()) {
    if (!query.status().ok()) return query.status();
    return std::nullopt;
  }
  if (!IsLive(query.IntOrNull(kExpiresAt), now)) return std::nullopt;
  return ValueOf(query, connection);
}

absl::StatusOr<std::vector<Backing::Count>> CountLiveRows(Connection& connection, int64_t now) {
  std::vector<Backing::Count> counts;
  Query query(connection, Sql::kCountRows);
  query.Bind(1, now);
  while (query.Next()) {
    counts.push_back({.namespace_name = std::string(query.Bytes(0)),
                      .rows = static_cast<uint64_t>(query.Int(1)),
                      .value_bytes = static_cast<uint64_t>(query.Int(2))});
  }
  if (!query.status().ok()) return query.status();
  return counts;
}

}  // namespace trivet::store
