#include "store/sqlite_backing.h"

#include <utility>

#include "store/change_log.h"
#include "store/limits.h"
#include "store/row_reader.h"
#include "store/row_time.h"
#include "store/transaction.h"

namespace trivet::store {
namespace {

// Keeps the answer where Change() has no place for it.
template <typename Answer>
absl::Status Keep(absl::StatusOr<Answer> from, Answer* to) {
  if (!from.ok()) return from.status();
  *to = *std::move(from);
  return absl::OkStatus();
}

}  // namespace

SqliteBacking::SqliteBacking(std::unique_ptr<Connection> writer,
                             std::vector<std::unique_ptr<Connection>> readers, const Clock* clock)
    : clock_(clock), writer_(std::move(writer)), readers_(std::move(readers)) {}

int64_t SqliteBacking::Now() const { return ToRowNow(clock_->WallTime()); }

absl::Status SqliteBacking::Change(absl::FunctionRef<absl::Status(RowWriter&)> work) {
  if (writer_ == nullptr) return absl::PermissionDeniedError("the store is open for reading only");
  engine::MutexLock lock(write_mutex_);
  Transaction transaction(*writer_, Transaction::Kind::kWrite);
  if (!transaction.status().ok()) return transaction.status();
  RowWriter rows(*writer_, Now());  // after the wait for the lock
  if (absl::Status status = work(rows); !status.ok()) return status;
  if (absl::Status status = transaction.Commit(); !status.ok()) return status;
  log_keeper_.AfterCommit(*writer_, readers_);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<StoredValue>> SqliteBacking::Read(std::string_view namespace_name,
                                                               std::string_view key) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = CheckKey(key); !status.ok()) return status;
  const ReaderPool::Lease reader = readers_.Borrow();
  return ReadRow(*reader, namespace_name, key, Now());
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> SqliteBacking::ReadMany(
    std::string_view namespace_name, std::span<const std::string_view> keys) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = CheckKeys(keys); !status.ok()) return status;
  std::vector<std::optional<StoredValue>> values;
  values.reserve(keys.size());
  const ReaderPool::Lease reader = readers_.Borrow();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  if (!snapshot.status().ok()) return snapshot.status();
  const int64_t now = Now();
  for (const std::string_view key : keys) {
    absl::StatusOr<std::optional<StoredValue>> value = ReadRow(*reader, namespace_name, key, now);
    if (!value.ok()) return value.status();
    values.push_back(*std::move(value));
  }
  return values;
}

absl::StatusOr<std::vector<StoreWritten>> SqliteBacking::Write(std::string_view namespace_name,
                                                               std::span<const StoreWrite> writes,
                                                               uint64_t ticket) {
  return WriteRows(nullptr, namespace_name, writes, ticket);
}

absl::StatusOr<std::vector<StoreWritten>> SqliteBacking::WriteFenced(
    const WriteFence& fence, std::string_view namespace_name, std::span<const StoreWrite> writes,
    uint64_t ticket) {
  if (absl::Status status = Validate(fence); !status.ok()) return status;
  return WriteRows(&fence, namespace_name, writes, ticket);
}

absl::StatusOr<std::vector<StoreWritten>> SqliteBacking::WriteRows(
    const WriteFence* fence, std::string_view namespace_name, std::span<const StoreWrite> writes,
    uint64_t ticket) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = CheckWrites(writes); !status.ok()) return status;
  std::vector<StoreWritten> written;
  const absl::Status status = Change([&](RowWriter& rows) {
    absl::Status passed = fence != nullptr ? rows.PassFence(*fence) : absl::OkStatus();
    return passed.ok() ? Keep(rows.Write(namespace_name, writes, ticket), &written) : passed;
  });
  if (!status.ok()) return status;
  return written;
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> SqliteBacking::Delete(
    std::string_view namespace_name, std::span<const std::string_view> keys, uint64_t ticket) {
  return DeleteRows(nullptr, namespace_name, keys, ticket);
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> SqliteBacking::DeleteFenced(
    const WriteFence& fence, std::string_view namespace_name,
    std::span<const std::string_view> keys, uint64_t ticket) {
  if (absl::Status status = Validate(fence); !status.ok()) return status;
  return DeleteRows(&fence, namespace_name, keys, ticket);
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> SqliteBacking::DeleteRows(
    const WriteFence* fence, std::string_view namespace_name,
    std::span<const std::string_view> keys, uint64_t ticket) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = CheckKeys(keys); !status.ok()) return status;
  std::vector<std::optional<StoredValue>> deleted;
  const absl::Status status = Change([&](RowWriter& rows) {
    absl::Status passed = fence != nullptr ? rows.PassFence(*fence) : absl::OkStatus();
    return passed.ok() ? Keep(rows.Delete(namespace_name, keys, ticket), &deleted) : passed;
  });
  if (!status.ok()) return status;
  return deleted;
}

absl::StatusOr<bool> SqliteBacking::Touch(std::string_view namespace_name, std::string_view key,
                                          absl::Time expires_at, uint64_t ticket) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = CheckKey(key); !status.ok()) return status;
  bool touched = false;
  const absl::Status status = Change([&](RowWriter& rows) {
    return Keep(rows.Touch(namespace_name, key, ToRowTime(expires_at), ticket), &touched);
  });
  if (!status.ok()) return status;
  return touched;
}

absl::StatusOr<uint64_t> SqliteBacking::DeleteTag(std::string_view namespace_name,
                                                  std::string_view tag, uint64_t ticket) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = CheckTag(tag); !status.ok()) return status;
  uint64_t deleted = 0;
  const absl::Status status = Change(
      [&](RowWriter& rows) { return Keep(rows.DeleteTag(namespace_name, tag, ticket), &deleted); });
  if (!status.ok()) return status;
  return deleted;
}

absl::Status SqliteBacking::Clear(std::string_view namespace_name, uint64_t ticket) {
  if (absl::Status status = CheckNamespace(namespace_name); !status.ok()) return status;
  return Change([&](RowWriter& rows) { return rows.Clear(namespace_name, ticket); });
}

absl::Status SqliteBacking::ClearAll(uint64_t ticket) {
  return Change([&](RowWriter& rows) { return rows.ClearAll(ticket); });
}

absl::StatusOr<std::vector<LoggedChange>> SqliteBacking::ReadChangeLog(size_t rows_max) {
  const ReaderPool::Lease reader = readers_.Borrow();
  return store::ReadChangeLog(*reader, rows_max);
}

absl::Status SqliteBacking::TrimChangeLog(std::span<const uint64_t> tickets) {
  if (tickets.empty()) return absl::OkStatus();
  return Change([&](RowWriter& rows) { return rows.TrimChangeLog(tickets); });
}

absl::StatusOr<bool> SqliteBacking::Sweep(size_t rows_max) {
  bool more = false;
  const absl::Status status =
      Change([&](RowWriter& rows) { return Keep(rows.Sweep(rows_max), &more); });
  if (!status.ok()) return status;
  return more;
}

absl::StatusOr<std::vector<Backing::Count>> SqliteBacking::CountRows() {
  const ReaderPool::Lease reader = readers_.Borrow();
  return CountLiveRows(*reader, Now());
}

}  // namespace trivet::store
