#include "store/row_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/query.h"
#include "store/row_time.h"
#include "store/tag_codec.h"

namespace trivet::store {
namespace {

// Whether the condition of `write` holds, given the version of the live row, if there is one.
bool Applies(const StoreWrite& write, std::optional<uint64_t> live_version) {
  switch (write.when) {
    case SetWhen::kAlways:
      return true;
    case SetWhen::kIfAbsent:
      return !live_version.has_value();
    case SetWhen::kIfPresent:
      return live_version.has_value();
    case SetWhen::kIfVersion:
      return live_version == write.if_version;
  }
  return false;
}

// Of the change `index` of a call.
uint64_t TicketOf(uint64_t ticket, size_t index) {
  return ticket == kUnlogged ? kUnlogged : ticket + index;
}

}  // namespace

absl::Status RowWriter::PassFence(const WriteFence& fence) {
  const auto token = static_cast<int64_t>(fence.token);
  {
    Query query(connection_, Sql::kReadFence);
    query.BorrowBytes(1, fence.lock);
    if (query.Next()) {
      const int64_t greatest = query.Int(0);
      if (greatest == token) return absl::OkStatus();  // no page is written
      if (greatest > token) return FencedOutError();
    } else if (!query.status().ok()) {
      return query.status();
    }
  }
  return Query(connection_, Sql::kRaiseFence).BorrowBytes(1, fence.lock).Bind(2, token).Run();
}

absl::StatusOr<std::vector<StoreWritten>> RowWriter::Write(std::string_view namespace_name,
                                                           std::span<const StoreWrite> writes,
                                                           uint64_t ticket) {
  absl::StatusOr<std::optional<int64_t>> namespace_id = FindNamespace(namespace_name);
  if (!namespace_id.ok()) return namespace_id.status();

  std::vector<StoreWritten> written;
  written.reserve(writes.size());
  uint64_t next_version = 0;  // 0: none taken yet, so that a call without effect changes nothing
  for (const StoreWrite& write : writes) {
    std::optional<RowHead> found;
    if (namespace_id->has_value()) {
      absl::StatusOr<std::optional<RowHead>> row = FindRow(**namespace_id, write.key);
      if (!row.ok()) return row.status();
      found = *std::move(row);
    }
    std::optional<uint64_t> live_version;
    if (found.has_value() && IsLive(found->expires_at, now_)) live_version = found->version;
    if (!Applies(write, live_version)) {
      written.push_back({.applied = false, .version = live_version.value_or(0)});
      continue;
    }
    if (!namespace_id->has_value()) {
      namespace_id = AddNamespace(namespace_name);
      if (!namespace_id.ok()) return namespace_id.status();
    }
    if (next_version == 0) {
      absl::StatusOr<uint64_t> first = TakeVersions(writes.size() - written.size());
      if (!first.ok()) return first.status();
      next_version = *first;
    }
    const uint64_t version = next_version++;
    if (absl::Status status = PutRow(found, **namespace_id, write, version); !status.ok()) {
      return status;
    }
    absl::Status logged = Log({.ticket = TicketOf(ticket, written.size()),
                               .namespace_name = namespace_name,
                               .name = write.key,
                               .version = version});
    if (!logged.ok()) return logged;
    written.push_back({.applied = true, .version = version});
  }
  return written;
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> RowWriter::Delete(
    std::string_view namespace_name, std::span<const std::string_view> keys, uint64_t ticket) {
  std::vector<std::optional<StoredValue>> deleted(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    absl::Status logged =
        Log({.ticket = TicketOf(ticket, i), .namespace_name = namespace_name, .name = keys[i]});
    if (!logged.ok()) return logged;
    RowHead row;
    {
      Query query(connection_, Sql::kReadRow);
      query.BorrowBytes(1, namespace_name).BorrowBytes(2, keys[i]);
      if (!query.Next()) {
        if (!query.status().ok()) return query.status();
        continue;
      }
      row = HeadOf(query);
      if (IsLive(row.expires_at, now_)) {
        absl::StatusOr<StoredValue> value = ValueOf(query, connection_);
        if (!value.ok()) return value.status();
        deleted[i] = *std::move(value);
      }
    }
    if (absl::Status status = RemoveRow(row); !status.ok()) return status;
  }
  return deleted;
}

absl::StatusOr<bool> RowWriter::Touch(std::string_view namespace_name, std::string_view key,
                                      std::optional<int64_t> expires_at, uint64_t ticket) {
  absl::StatusOr<std::optional<int64_t>> namespace_id = FindNamespace(namespace_name);
  if (!namespace_id.ok()) return namespace_id.status();
  if (!namespace_id->has_value()) return false;
  absl::StatusOr<std::optional<RowHead>> found = FindRow(**namespace_id, key);
  if (!found.ok()) return found.status();
  if (!found->has_value() || !IsLive((*found)->expires_at, now_)) return false;

  Query query(connection_, Sql::kTouchRow);
  query.Bind(1, (*found)->id).Bind(2, expires_at);
  if (absl::Status status = query.Run(); !status.ok()) return status;
  absl::Status logged = Log({.ticket = ticket, .namespace_name = namespace_name, .name = key});
  if (!logged.ok()) return logged;
  return true;
}

absl::StatusOr<uint64_t> RowWriter::DeleteTag(std::string_view namespace_name, std::string_view tag,
                                              uint64_t ticket) {
  absl::Status logged = Log({.ticket = ticket,
                             .namespace_name = namespace_name,
                             .kind = LoggedChange::Kind::kTag,
                             .name = tag});
  if (!logged.ok()) return logged;
  absl::StatusOr<std::optional<int64_t>> namespace_id = FindNamespace(namespace_name);
  if (!namespace_id.ok()) return namespace_id.status();
  if (!namespace_id->has_value()) return 0;

  std::vector<int64_t> ids;  // apart from the deleting, which changes what this query walks over
  {
    Query query(connection_, Sql::kRowsOfTag);
    query.Bind(1, **namespace_id).BorrowBytes(2, tag);
    while (query.Next()) ids.push_back(query.Int(0));
    if (!query.status().ok()) return query.status();
  }
  uint64_t deleted = 0;
  for (const int64_t id : ids) {
    RowHead row;
    {
      Query query(connection_, Sql::kFindRowById);
      query.Bind(1, id);
      if (!query.Next()) {
        if (!query.status().ok()) return query.status();
        return connection_.Damaged("a tag labels a row that does not exist");
      }
      row = HeadOf(query);
    }
    if (IsLive(row.expires_at, now_)) ++deleted;
    if (absl::Status status = RemoveRow(row); !status.ok()) return status;
  }
  return deleted;
}

// The name loses its id. Rows of that id can no longer be found, and Sweep takes them away; a later
// write gives the name a new id.
absl::Status RowWriter::Clear(std::string_view namespace_name, uint64_t ticket) {
  absl::Status logged =
      Log({.ticket = ticket, .namespace_name = namespace_name, .kind = LoggedChange::Kind::kClear});
  if (!logged.ok()) return logged;
  absl::StatusOr<std::optional<int64_t>> namespace_id = FindNamespace(namespace_name);
  if (!namespace_id.ok()) return namespace_id.status();
  if (!namespace_id->has_value()) return absl::OkStatus();
  if (absl::Status status = Query(connection_, Sql::kMarkCleared).Bind(1, **namespace_id).Run();
      !status.ok()) {
    return status;
  }
  return Query(connection_, Sql::kForgetNamespace).Bind(1, **namespace_id).Run();
}

absl::Status RowWriter::ClearAll(uint64_t ticket) {
  if (absl::Status logged = LogClearOfAll(ticket); !logged.ok()) return logged;
  if (absl::Status status = Query(connection_, Sql::kMarkAllCleared).Run(); !status.ok()) {
    return status;
  }
  return Query(connection_, Sql::kForgetNamespaces).Run();
}

absl::StatusOr<bool> RowWriter::Sweep(size_t rows_max) {
  int64_t left = static_cast<int64_t>(
      std::min(rows_max, static_cast<size_t>(std::numeric_limits<int64_t>::max())));
  absl::StatusOr<int64_t> expired = RemoveRows(Sql::kExpiredRows, now_, left);
  if (!expired.ok()) return expired.status();
  left -= *expired;
  while (left > 0) {
    int64_t cleared = 0;
    {
      Query query(connection_, Sql::kNextCleared);
      if (!query.Next()) {
        if (!query.status().ok()) return query.status();
        return false;
      }
      cleared = query.Int(0);
    }
    absl::StatusOr<int64_t> rows = RemoveRows(Sql::kClearedRows, cleared, left);
    if (!rows.ok()) return rows.status();
    left -= *rows;
    if (left == 0) break;
    // Its last row is gone. The mark counts as a row: there may be many without any.
    if (absl::Status status = Query(connection_, Sql::kUnmarkCleared).Bind(1, cleared).Run();
        !status.ok()) {
      return status;
    }
    --left;
  }
  return true;
}

absl::StatusOr<std::optional<int64_t>> RowWriter::FindNamespace(std::string_view name) {
  Query query(connection_, Sql::kFindNamespace);
  query.BorrowBytes(1, name);
  if (query.Next()) return query.Int(0);
  if (!query.status().ok()) return query.status();
  return std::nullopt;
}

absl::StatusOr<int64_t> RowWriter::AddNamespace(std::string_view name) {
  Query query(connection_, Sql::kInsertNamespace);
  query.BorrowBytes(1, name);
  if (absl::Status status = query.Run(); !status.ok()) return status;
  return connection_.last_insert_id();
}

absl::StatusOr<std::optional<RowHead>> RowWriter::FindRow(int64_t namespace_id,
                                                          std::string_view key) {
  Query query(connection_, Sql::kFindRow);
  query.Bind(1, namespace_id).BorrowBytes(2, key);
  if (query.Next()) return HeadOf(query);
  if (!query.status().ok()) return query.status();
  return std::nullopt;
}

absl::Status RowWriter::PutRow(const std::optional<RowHead>& found, int64_t namespace_id,
                               const StoreWrite& write, uint64_t version) {
  const std::string tags = EncodeTags(write.tags);
  int64_t id = 0;
  {
    Query query(connection_, found.has_value() ? Sql::kUpdateRow : Sql::kInsertRow);
    if (found.has_value()) {
      query.Bind(1, found->id);
    } else {
      query.Bind(1, namespace_id).BorrowBytes(2, write.key);
    }
    query.Bind(3, static_cast<int64_t>(version)).Bind(4, ToRowTime(write.expires_at));
    if (!tags.empty()) query.BorrowBytes(5, tags);
    query.BorrowBytes(6, write.value);
    if (absl::Status status = query.Run(); !status.ok()) return status;
    id = found.has_value() ? found->id : connection_.last_insert_id();
  }
  if (found.has_value()) {
    if (found->tags == tags) return absl::OkStatus();
    if (absl::Status status = UnlabelRow(id, namespace_id, found->tags); !status.ok()) {
      return status;
    }
  }
  return LabelRow(id, namespace_id, tags);
}

absl::Status RowWriter::RemoveRow(const RowHead& row) {
  if (absl::Status status = UnlabelRow(row.id, row.namespace_id, row.tags); !status.ok()) {
    return status;
  }
  return Query(connection_, Sql::kDeleteRow).Bind(1, row.id).Run();
}

absl::Status RowWriter::LabelRow(int64_t row, int64_t namespace_id, std::string_view encoded_tags) {
  absl::StatusOr<std::vector<std::string>> tags = TagsOf(encoded_tags, connection_);
  if (!tags.ok()) return tags.status();
  for (const std::string& tag : *tags) {
    Query query(connection_, Sql::kInsertTag);
    query.Bind(1, namespace_id).BorrowBytes(2, tag).Bind(3, row);
    if (absl::Status status = query.Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RowWriter::UnlabelRow(int64_t row, int64_t namespace_id,
                                   std::string_view encoded_tags) {
  absl::StatusOr<std::vector<std::string>> tags = TagsOf(encoded_tags, connection_);
  if (!tags.ok()) return tags.status();
  for (const std::string& tag : *tags) {
    Query query(connection_, Sql::kDeleteTag);
    query.Bind(1, namespace_id).BorrowBytes(2, tag).Bind(3, row);
    if (absl::Status status = query.Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> RowWriter::TakeVersions(size_t count) {
  Query query(connection_, Sql::kReserveVersions);
  query.Bind(1, static_cast<int64_t>(count));
  if (query.Next()) return static_cast<uint64_t>(query.Int(0)) - count + 1;
  if (!query.status().ok()) return query.status();
  return connection_.Damaged("the counter of versions is missing");
}

absl::Status RowWriter::LogClearOfAll(uint64_t ticket) {
  if (ticket == kUnlogged) return absl::OkStatus();
  Query query(connection_, Sql::kNamespaces);
  for (size_t i = 0; query.Next(); ++i) {
    absl::Status logged = Log({.ticket = TicketOf(ticket, i),
                               .namespace_name = query.Bytes(0),
                               .kind = LoggedChange::Kind::kClear});
    if (!logged.ok()) return logged;
  }
  return query.status();
}

absl::StatusOr<int64_t> RowWriter::RemoveRows(Sql sql, int64_t argument, int64_t rows_max) {
  std::vector<RowHead> rows;
  {
    Query query(connection_, sql);
    query.Bind(1, argument).Bind(2, rows_max);
    while (query.Next()) rows.push_back(HeadOf(query));
    if (!query.status().ok()) return query.status();
  }
  for (const RowHead& row : rows) {
    if (absl::Status status = RemoveRow(row); !status.ok()) return status;
  }
  return static_cast<int64_t>(rows.size());
}

}  // namespace trivet::store
