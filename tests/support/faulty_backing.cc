#include "tests/support/faulty_backing.h"

namespace trivet::testing {

using engine::MutexLock;

void FaultyBacking::FailBefore(size_t nth, absl::Status error) {
  MutexLock lock(mutex_);
  calls_to_fault_ = nth;
  fault_ = {.before = std::move(error), .after = absl::OkStatus()};
}

void FaultyBacking::FailAfter(size_t nth) {
  MutexLock lock(mutex_);
  calls_to_fault_ = nth;
  fault_ = {.before = absl::OkStatus(),
            .after = absl::UnknownError("the answer to a commit was lost")};
}

void FaultyBacking::FailAll(absl::Status error) {
  MutexLock lock(mutex_);
  all_ = std::move(error);
}

void FaultyBacking::OnCall(std::function<void()> hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

size_t FaultyBacking::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

FaultyBacking::Fate FaultyBacking::NextFate() {
  std::function<void()> hook;
  Fate fate;
  {
    MutexLock lock(mutex_);
    ++calls_;
    hook = hook_;
    if (calls_to_fault_ > 0 && --calls_to_fault_ == 0) fate = fault_;
    if (!all_.ok()) fate.before = all_;
  }
  if (hook) hook();
  return fate;
}

absl::StatusOr<std::optional<StoredValue>> FaultyBacking::Read(std::string_view namespace_name,
                                                               std::string_view key) {
  return Pass<absl::StatusOr<std::optional<StoredValue>>>(
      [&] { return behind_->Read(namespace_name, key); });
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> FaultyBacking::ReadMany(
    std::string_view namespace_name, std::span<const std::string_view> keys) {
  return Pass<absl::StatusOr<std::vector<std::optional<StoredValue>>>>(
      [&] { return behind_->ReadMany(namespace_name, keys); });
}

absl::StatusOr<std::vector<StoreWritten>> FaultyBacking::Write(std::string_view namespace_name,
                                                               std::span<const StoreWrite> writes,
                                                               uint64_t ticket) {
  return Pass<absl::StatusOr<std::vector<StoreWritten>>>(
      [&] { return behind_->Write(namespace_name, writes, ticket); });
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> FaultyBacking::Delete(
    std::string_view namespace_name, std::span<const std::string_view> keys, uint64_t ticket) {
  return Pass<absl::StatusOr<std::vector<std::optional<StoredValue>>>>(
      [&] { return behind_->Delete(namespace_name, keys, ticket); });
}

absl::StatusOr<std::vector<StoreWritten>> FaultyBacking::WriteFenced(
    const WriteFence& fence, std::string_view namespace_name, std::span<const StoreWrite> writes,
    uint64_t ticket) {
  return Pass<absl::StatusOr<std::vector<StoreWritten>>>(
      [&] { return behind_->WriteFenced(fence, namespace_name, writes, ticket); });
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> FaultyBacking::DeleteFenced(
    const WriteFence& fence, std::string_view namespace_name,
    std::span<const std::string_view> keys, uint64_t ticket) {
  return Pass<absl::StatusOr<std::vector<std::optional<StoredValue>>>>(
      [&] { return behind_->DeleteFenced(fence, namespace_name, keys, ticket); });
}

absl::StatusOr<bool> FaultyBacking::Touch(std::string_view namespace_name, std::string_view key,
                                          absl::Time expires_at, uint64_t ticket) {
  return Pass<absl::StatusOr<bool>>(
      [&] { return behind_->Touch(namespace_name, key, expires_at, ticket); });
}

absl::StatusOr<uint64_t> FaultyBacking::DeleteTag(std::string_view namespace_name,
                                                  std::string_view tag, uint64_t ticket) {
  return Pass<absl::StatusOr<uint64_t>>(
      [&] { return behind_->DeleteTag(namespace_name, tag, ticket); });
}

absl::Status FaultyBacking::Clear(std::string_view namespace_name, uint64_t ticket) {
  return Pass<absl::Status>([&] { return behind_->Clear(namespace_name, ticket); });
}

absl::Status FaultyBacking::ClearAll(uint64_t ticket) {
  return Pass<absl::Status>([&] { return behind_->ClearAll(ticket); });
}

absl::StatusOr<std::vector<LoggedChange>> FaultyBacking::ReadChangeLog(size_t rows_max) {
  return Pass<absl::StatusOr<std::vector<LoggedChange>>>(
      [&] { return behind_->ReadChangeLog(rows_max); });
}

absl::Status FaultyBacking::TrimChangeLog(std::span<const uint64_t> tickets) {
  return Pass<absl::Status>([&] { return behind_->TrimChangeLog(tickets); });
}

absl::StatusOr<bool> FaultyBacking::Sweep(size_t rows_max) {
  return Pass<absl::StatusOr<bool>>([&] { return behind_->Sweep(rows_max); });
}

absl::StatusOr<std::vector<Backing::Count>> FaultyBacking::CountRows() {
  return Pass<absl::StatusOr<std::vector<Count>>>([&] { return behind_->CountRows(); });
}

}  // namespace trivet::testing
