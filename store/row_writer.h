// The changes a write transaction makes.
#ifndef TRIVET_STORE_ROW_WRITER_H_
#define TRIVET_STORE_ROW_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/change_log.h"
#include "store/connection.h"
#include "store/row_reader.h"
#include "trivet/backing.h"
#include "trivet/write_fence.h"

namespace trivet::store {

// Lives as long as one write transaction of `connection`; its methods do what those of Backing with
// the same names promise, logging included, without the transaction. After an error the transaction
// is to be rolled back. An expired row that is met on the way is treated as absent.
class RowWriter {
 public:
  // `now` as in row_time.h.
  RowWriter(Connection& connection, int64_t now) : connection_(connection), now_(now) {}

  // FencedOutError() if a greater token was seen with the lock; else remembers this one. Before the
  // changes that it protects.
  absl::Status PassFence(const WriteFence& fence);

  absl::StatusOr<std::vector<StoreWritten>> Write(std::string_view namespace_name,
                                                  std::span<const StoreWrite> writes,
                                                  uint64_t ticket);
  absl::StatusOr<std::vector<std::optional<StoredValue>>> Delete(
      std::string_view namespace_name, std::span<const std::string_view> keys, uint64_t ticket);
  absl::StatusOr<bool> Touch(std::string_view namespace_name, std::string_view key,
                             std::optional<int64_t> expires_at, uint64_t ticket);
  absl::StatusOr<uint64_t> DeleteTag(std::string_view namespace_name, std::string_view tag,
                                     uint64_t ticket);
  absl::Status Clear(std::string_view namespace_name, uint64_t ticket);
  absl::Status ClearAll(uint64_t ticket);
  absl::Status TrimChangeLog(std::span<const uint64_t> tickets) {
    return store::TrimChangeLog(connection_, tickets);
  }
  absl::StatusOr<bool> Sweep(size_t rows_max);

 private:
  // nullopt: there is none.
  absl::StatusOr<std::optional<int64_t>> FindNamespace(std::string_view name);
  absl::StatusOr<int64_t> AddNamespace(std::string_view name);
  absl::StatusOr<std::optional<RowHead>> FindRow(int64_t namespace_id, std::string_view key);

  // `found` is the row of that key, expired or not.
  absl::Status PutRow(const std::optional<RowHead>& found, int64_t namespace_id,
                      const StoreWrite& write, uint64_t version);
  absl::Status RemoveRow(const RowHead& row);

  absl::Status LabelRow(int64_t row, int64_t namespace_id, std::string_view encoded_tags);
  absl::Status UnlabelRow(int64_t row, int64_t namespace_id, std::string_view encoded_tags);

  // The first of `count` versions that follow one another.
  absl::StatusOr<uint64_t> TakeVersions(size_t count);

  absl::Status Log(const ChangeToLog& change) { return LogChange(connection_, change, now_); }
  absl::Status LogClearOfAll(uint64_t ticket);

  // Removes the rows of a query with the columns of kFindRow; returns how many.
  absl::StatusOr<int64_t> RemoveRows(Sql sql, int64_t argument, int64_t rows_max);

  Connection& connection_;
  const int64_t now_;
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_ROW_WRITER_H_
