#include "tests/sim/live_store.h"

#include <utility>

#include "absl/status/status.h"

namespace trivet::sim {
namespace {

absl::Status Gone() { return absl::UnavailableError("the store is not there"); }

}  // namespace

template <typename Answer>
Answer SimStore::Change(const std::function<Answer()>& change) {
  Fibers::Pause();
  if (dead_ || (chance_.OneIn(troubles_) && chance_.Coin())) return Gone();
  Answer answer = change();
  const bool loses_answer = chance_.OneIn(troubles_);
  Fibers::Pause();
  if (loses_answer) return absl::UnknownError("it may be committed");
  return answer;
}

absl::StatusOr<std::optional<StoredValue>> SimStore::Read(std::string_view space,
                                                          std::string_view key) {
  Fibers::Pause();
  if (dead_) return Gone();
  auto answer = rows_->Read(space, key);
  Fibers::Pause();
  return answer;
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> SimStore::ReadMany(
    std::string_view space, std::span<const std::string_view> keys) {
  Fibers::Pause();
  if (dead_) return Gone();
  auto answer = rows_->ReadMany(space, keys);
  Fibers::Pause();
  return answer;
}

absl::StatusOr<std::vector<StoreWritten>> SimStore::Write(std::string_view space,
                                                          std::span<const StoreWrite> writes,
                                                          uint64_t ticket) {
  return Change<absl::StatusOr<std::vector<StoreWritten>>>([&] {
    auto answer = rows_->Write(space, writes, ticket);
    for (size_t i = 0; answer.ok() && i < writes.size(); ++i) {
      if (!(*answer)[i].applied) continue;
      Note(truth_.Commit({std::string(space), std::string(writes[i].key)},
                         {.value = std::string(writes[i].value),
                          .tags = {writes[i].tags.begin(), writes[i].tags.end()},
                          .ends_tag = {},
                          .logged = ticket != kUnlogged},
                         clock_.Elapsed()));
    }
    return answer;
  });
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> SimStore::Delete(
    std::string_view space, std::span<const std::string_view> keys, uint64_t ticket) {
  return Change<absl::StatusOr<std::vector<std::optional<StoredValue>>>>([&] {
    auto answer = rows_->Delete(space, keys, ticket);
    NoteGone(space);
    return answer;
  });
}

absl::StatusOr<bool> SimStore::Touch(std::string_view space, std::string_view key,
                                     absl::Time expires_at, uint64_t ticket) {
  return Change<absl::StatusOr<bool>>([&] { return rows_->Touch(space, key, expires_at, ticket); });
}

absl::StatusOr<uint64_t> SimStore::DeleteTag(std::string_view space, std::string_view tag,
                                             uint64_t ticket) {
  return Change<absl::StatusOr<uint64_t>>([&] {
    auto answer = rows_->DeleteTag(space, tag, ticket);
    NoteGone(space, tag);
    return answer;
  });
}

absl::Status SimStore::Clear(std::string_view space, uint64_t ticket) {
  return Change<absl::Status>([&] {
    absl::Status answer = rows_->Clear(space, ticket);
    NoteGone(space);
    return answer;
  });
}

absl::Status SimStore::ClearAll(uint64_t ticket) {
  return Change<absl::Status>([&] { return rows_->ClearAll(ticket); });
}

absl::StatusOr<std::vector<LoggedChange>> SimStore::ReadChangeLog(size_t rows_max) {
  Fibers::Pause();
  if (dead_) return Gone();
  auto answer = rows_->ReadChangeLog(rows_max);
  Fibers::Pause();
  return answer;
}

absl::Status SimStore::TrimChangeLog(std::span<const uint64_t> tickets) {
  return Change<absl::Status>([&] { return rows_->TrimChangeLog(tickets); });
}

void SimStore::Note(Truth::Change change) {
  if (!Fibers::IsInside() || Fibers::Local() == nullptr) return;
  static_cast<std::vector<Truth::Change>*>(Fibers::Local())->push_back(std::move(change));
}

void SimStore::NoteGone(std::string_view space, std::string_view ends_tag) {
  for (const Truth::Key& key : truth_.KeysWithValue(space)) {
    const auto row = rows_->Read(space, key.key);
    if (row.ok() && row->has_value()) continue;
    Note(truth_.Commit(key, {.ends_tag = std::string(ends_tag), .logged = true}, clock_.Elapsed()));
  }
}

}  // namespace trivet::sim
