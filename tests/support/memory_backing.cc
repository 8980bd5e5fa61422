#include "tests/support/memory_backing.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "store/limits.h"

namespace trivet::testing {

using engine::MutexLock;

std::optional<StoredValue> MemoryBacking::FindLive(std::string_view namespace_name,
                                                   std::string_view key) const {
  const auto found = rows_.find(Name(namespace_name, key));
  if (found == rows_.end() || !IsLive(found->second)) return std::nullopt;
  return found->second;
}

absl::StatusOr<std::optional<StoredValue>> MemoryBacking::Read(std::string_view namespace_name,
                                                               std::string_view key) {
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckKey(key); !status.ok()) return status;
  MutexLock lock(mutex_);
  return FindLive(namespace_name, key);
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> MemoryBacking::ReadMany(
    std::string_view namespace_name, std::span<const std::string_view> keys) {
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckKeys(keys); !status.ok()) return status;
  MutexLock lock(mutex_);
  std::vector<std::optional<StoredValue>> values;
  for (const std::string_view key : keys) values.push_back(FindLive(namespace_name, key));
  return values;
}

absl::StatusOr<std::vector<StoreWritten>> MemoryBacking::Write(std::string_view namespace_name,
                                                               std::span<const StoreWrite> writes,
                                                               uint64_t ticket) {
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckWrites(writes); !status.ok()) return status;
  MutexLock lock(mutex_);
  return WriteRows(namespace_name, writes, ticket);
}

absl::StatusOr<std::vector<StoreWritten>> MemoryBacking::WriteFenced(
    const WriteFence& fence, std::string_view namespace_name, std::span<const StoreWrite> writes,
    uint64_t ticket) {
  if (absl::Status status = Validate(fence); !status.ok()) return status;
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckWrites(writes); !status.ok()) return status;
  MutexLock lock(mutex_);
  if (!PassFence(fence)) return FencedOutError();
  return WriteRows(namespace_name, writes, ticket);
}

bool MemoryBacking::PassFence(const WriteFence& fence) {
  uint64_t& greatest = fences_[fence.lock];
  if (greatest > fence.token) return false;
  greatest = fence.token;
  return true;
}

std::vector<StoreWritten> MemoryBacking::WriteRows(std::string_view namespace_name,
                                                   std::span<const StoreWrite> writes,
                                                   uint64_t ticket) {
  std::vector<StoreWritten> written;
  for (const StoreWrite& write : writes) {
    const std::optional<StoredValue> found = FindLive(namespace_name, write.key);
    const bool applies =
        write.when == SetWhen::kAlways || (write.when == SetWhen::kIfAbsent && !found) ||
        (write.when == SetWhen::kIfPresent && found) ||
        (write.when == SetWhen::kIfVersion && found && found->version == write.if_version);
    if (!applies) {
      written.push_back({.applied = false, .version = found ? found->version : 0});
      continue;
    }
    namespaces_.emplace(namespace_name);
    const std::set<std::string> tags(write.tags.begin(), write.tags.end());
    rows_[Name(namespace_name, write.key)] = {.value = std::string(write.value),
                                              .version = ++newest_version_,
                                              .expires_at = write.expires_at,
                                              .tags = {tags.begin(), tags.end()}};
    LogChange(ticket, written.size(),
              {.namespace_name = std::string(namespace_name),
               .name = std::string(write.key),
               .version = newest_version_});
    written.push_back({.applied = true, .version = newest_version_});
  }
  return written;
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> MemoryBacking::Delete(
    std::string_view namespace_name, std::span<const std::string_view> keys, uint64_t ticket) {
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckKeys(keys); !status.ok()) return status;
  MutexLock lock(mutex_);
  return DeleteRows(namespace_name, keys, ticket);
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> MemoryBacking::DeleteFenced(
    const WriteFence& fence, std::string_view namespace_name,
    std::span<const std::string_view> keys, uint64_t ticket) {
  if (absl::Status status = Validate(fence); !status.ok()) return status;
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckKeys(keys); !status.ok()) return status;
  MutexLock lock(mutex_);
  if (!PassFence(fence)) return FencedOutError();
  return DeleteRows(namespace_name, keys, ticket);
}

std::vector<std::optional<StoredValue>> MemoryBacking::DeleteRows(
    std::string_view namespace_name, std::span<const std::string_view> keys, uint64_t ticket) {
  std::vector<std::optional<StoredValue>> deleted;
  for (const std::string_view key : keys) {
    LogChange(ticket, deleted.size(),
              {.namespace_name = std::string(namespace_name), .name = std::string(key)});
    deleted.push_back(FindLive(namespace_name, key));
    rows_.erase(Name(namespace_name, key));
  }
  return deleted;
}

absl::StatusOr<bool> MemoryBacking::Touch(std::string_view namespace_name, std::string_view key,
                                          absl::Time expires_at, uint64_t ticket) {
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckKey(key); !status.ok()) return status;
  MutexLock lock(mutex_);
  if (!FindLive(namespace_name, key)) return false;
  rows_[Name(namespace_name, key)].expires_at = expires_at;
  LogChange(ticket, 0, {.namespace_name = std::string(namespace_name), .name = std::string(key)});
  return true;
}

absl::StatusOr<uint64_t> MemoryBacking::DeleteTag(std::string_view namespace_name,
                                                  std::string_view tag, uint64_t ticket) {
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  if (absl::Status status = store::CheckTag(tag); !status.ok()) return status;
  MutexLock lock(mutex_);
  uint64_t live = 0;
  std::erase_if(rows_, [&](const Rows::value_type& row) {
    const std::vector<std::string>& tags = row.second.tags;
    const bool labelled =
        row.first.first == namespace_name && std::find(tags.begin(), tags.end(), tag) != tags.end();
    if (labelled && IsLive(row.second)) ++live;
    return labelled;
  });
  LogChange(ticket, 0,
            {.namespace_name = std::string(namespace_name),
             .kind = LoggedChange::Kind::kTag,
             .name = std::string(tag)});
  return live;
}

absl::Status MemoryBacking::Clear(std::string_view namespace_name, uint64_t ticket) {
  if (absl::Status status = store::CheckNamespace(namespace_name); !status.ok()) return status;
  MutexLock lock(mutex_);
  cleared_rows_ += std::erase_if(
      rows_, [&](const Rows::value_type& row) { return row.first.first == namespace_name; });
  namespaces_.erase(std::string(namespace_name));
  LogChange(ticket, 0,
            {.namespace_name = std::string(namespace_name), .kind = LoggedChange::Kind::kClear});
  return absl::OkStatus();
}

absl::Status MemoryBacking::ClearAll(uint64_t ticket) {
  MutexLock lock(mutex_);
  cleared_rows_ += rows_.size();
  rows_.clear();
  size_t logged = 0;
  for (const std::string& name : namespaces_) {
    LogChange(ticket, logged++, {.namespace_name = name, .kind = LoggedChange::Kind::kClear});
  }
  namespaces_.clear();
  return absl::OkStatus();
}

void MemoryBacking::LogChange(uint64_t ticket, size_t index, LoggedChange change) {
  if (ticket == kUnlogged) return;
  const auto has_ticket = [&](const LoggedChange& row) { return row.ticket == change.ticket; };
  change.ticket = ticket + index;
  uint64_t other = uint64_t{1} << 63;  // from where no caller takes any
  while (std::any_of(log_.begin(), log_.end(), has_ticket)) change.ticket = other++;
  log_.push_back(std::move(change));
}

absl::StatusOr<std::vector<LoggedChange>> MemoryBacking::ReadChangeLog(size_t rows_max) {
  MutexLock lock(mutex_);
  const size_t rows = std::min(rows_max, log_.size());
  return std::vector<LoggedChange>(log_.begin(), log_.begin() + static_cast<ptrdiff_t>(rows));
}

absl::Status MemoryBacking::TrimChangeLog(std::span<const uint64_t> tickets) {
  MutexLock lock(mutex_);
  std::erase_if(log_, [&](const LoggedChange& row) {
    return std::find(tickets.begin(), tickets.end(), row.ticket) != tickets.end();
  });
  return absl::OkStatus();
}

absl::StatusOr<bool> MemoryBacking::Sweep(size_t rows_max) {
  MutexLock lock(mutex_);
  size_t left = rows_max;
  std::erase_if(rows_, [&](const Rows::value_type& row) {
    if (left == 0 || IsLive(row.second)) return false;
    --left;
    return true;
  });
  const size_t freed = std::min(left, cleared_rows_);
  cleared_rows_ -= freed;
  return left == freed;
}

absl::StatusOr<std::vector<Backing::Count>> MemoryBacking::CountRows() {
  MutexLock lock(mutex_);
  std::vector<Count> counts;
  for (const auto& [name, row] : rows_) {
    if (!IsLive(row)) continue;
    if (counts.empty() || counts.back().namespace_name != name.first) {
      counts.push_back({.namespace_name = name.first});
    }
    ++counts.back().rows;
    counts.back().value_bytes += row.value.size();
  }
  return counts;
}

}  // namespace trivet::testing
