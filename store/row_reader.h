// Rows as they are read.
#ifndef TRIVET_STORE_ROW_READER_H_
#define TRIVET_STORE_ROW_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "store/connection.h"
#include "store/query.h"
#include "trivet/backing.h"

namespace trivet::store {

// What a row tells without its value.
struct RowHead {
  int64_t id = 0;
  int64_t namespace_id = 0;
  uint64_t version = 0;
  std::optional<int64_t> expires_at;  // as in row_time.h
  std::string tags;                   // as in tag_codec.h
};

// The row a query stands on. REQUIRES: the query's columns are those of Sql::kFindRow.
RowHead HeadOf(const Query& query);

// The same with the value. REQUIRES: the columns are those of Sql::kReadRow. DataLoss if the tags
// cannot be decoded.
absl::StatusOr<StoredValue> ValueOf(const Query& query, const Connection& connection);

// nullopt: no such row, or it expired by `now`.
absl::StatusOr<std::optional<StoredValue>> ReadRow(Connection& connection,
                                                   std::string_view namespace_name,
                                                   std::string_view key, int64_t now);

absl::StatusOr<std::vector<Backing::Count>> CountLiveRows(Connection& connection, int64_t now);

// DecodeTags, with DataLoss if it cannot.
absl::StatusOr<std::vector<std::string>> TagsOf(std::string_view encoded,
                                                const Connection& connection);

}  // namespace trivet::store

#endif  // TRIVET_STORE_ROW_READER_H_
