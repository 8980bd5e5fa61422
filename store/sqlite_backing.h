// The Backing that OpenSqlite returns.
#ifndef TRIVET_STORE_SQLITE_BACKING_H_
#define TRIVET_STORE_SQLITE_BACKING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "store/connection.h"
#include "store/log_keeper.h"
#include "store/reader_pool.h"
#include "store/row_writer.h"
#include "trivet/backing.h"
#include "trivet/clock.h"

namespace trivet::store {

// One connection for writing, which writers take turns with, and some for reading. In WAL mode
// readers and the writer do not wait for each other.
class SqliteBacking final : public Backing {
 public:
  // `writer` is null if the database is open for reading only.
  SqliteBacking(std::unique_ptr<Connection> writer,
                std::vector<std::unique_ptr<Connection>> readers, const Clock* clock);

  absl::StatusOr<std::optional<StoredValue>> Read(std::string_view namespace_name,
                                                  std::string_view key) override;
  absl::StatusOr<std::vector<std::optional<StoredValue>>> ReadMany(
      std::string_view namespace_name, std::span<const std::string_view> keys) override;
  absl::StatusOr<std::vector<StoreWritten>> Write(std::string_view namespace_name,
                                                  std::span<const StoreWrite> writes,
                                                  uint64_t ticket = kUnlogged) override;
  absl::StatusOr<std::vector<std::optional<StoredValue>>> Delete(
      std::string_view namespace_name, std::span<const std::string_view> keys,
      uint64_t ticket = kUnlogged) override;
  absl::StatusOr<std::vector<StoreWritten>> WriteFenced(const WriteFence& fence,
                                                        std::string_view namespace_name,
                                                        std::span<const StoreWrite> writes,
                                                        uint64_t ticket = kUnlogged) override;
  absl::StatusOr<std::vector<std::optional<StoredValue>>> DeleteFenced(
      const WriteFence& fence, std::string_view namespace_name,
      std::span<const std::string_view> keys, uint64_t ticket = kUnlogged) override;
  absl::StatusOr<bool> Touch(std::string_view namespace_name, std::string_view key,
                             absl::Time expires_at, uint64_t ticket = kUnlogged) override;
  absl::StatusOr<uint64_t> DeleteTag(std::string_view namespace_name, std::string_view tag,
                                     uint64_t ticket = kUnlogged) override;
  absl::Status Clear(std::string_view namespace_name, uint64_t ticket = kUnlogged) override;
  absl::Status ClearAll(uint64_t ticket = kUnlogged) override;
  absl::StatusOr<std::vector<LoggedChange>> ReadChangeLog(size_t rows_max) override;
  absl::Status TrimChangeLog(std::span<const uint64_t> tickets) override;
  absl::StatusOr<bool> Sweep(size_t rows_max) override;
  absl::StatusOr<std::vector<Count>> CountRows() override;

 private:
  // `fence` may be null.
  absl::StatusOr<std::vector<StoreWritten>> WriteRows(const WriteFence* fence,
                                                      std::string_view namespace_name,
                                                      std::span<const StoreWrite> writes,
                                                      uint64_t ticket);
  absl::StatusOr<std::vector<std::optional<StoredValue>>> DeleteRows(
      const WriteFence* fence, std::string_view namespace_name,
      std::span<const std::string_view> keys, uint64_t ticket);

  // Runs `work` in a write transaction and commits it, unless it fails.
  absl::Status Change(absl::FunctionRef<absl::Status(RowWriter&)> work);

  int64_t Now() const;

  const Clock* const clock_;
  engine::Mutex write_mutex_;
  const std::unique_ptr<Connection> writer_ TRIVET_PT_GUARDED_BY(write_mutex_);
  LogKeeper log_keeper_ TRIVET_GUARDED_BY(write_mutex_);
  ReaderPool readers_;  // after writer_: closed before it, which leaves the clearing up to it
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_SQLITE_BACKING_H_
