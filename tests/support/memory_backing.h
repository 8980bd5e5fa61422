// A Backing in memory: what a database does, as plainly as it can be said.
#ifndef TRIVET_TESTS_SUPPORT_MEMORY_BACKING_H_
#define TRIVET_TESTS_SUPPORT_MEMORY_BACKING_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/mutex.h"
#include "trivet/backing.h"
#include "trivet/clock.h"

namespace trivet::testing {

// One map behind one mutex; also the model that other implementations are compared with.
//
// Thread-safety: all methods may be called from any thread at any time.
class MemoryBacking final : public Backing {
 public:
  // `clock` must outlive the backing.
  explicit MemoryBacking(const Clock* clock) : clock_(clock) {}

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
  using Name = std::pair<std::string, std::string>;  // namespace and key
  using Rows = std::map<Name, StoredValue>;

  bool IsLive(const StoredValue& row) const { return row.expires_at > clock_->WallTime(); }
  std::optional<StoredValue> FindLive(std::string_view namespace_name, std::string_view key) const
      TRIVET_REQUIRES(mutex_);
  // False: a greater token was seen.
  bool PassFence(const WriteFence& fence) TRIVET_REQUIRES(mutex_);
  std::vector<StoreWritten> WriteRows(std::string_view namespace_name,
                                      std::span<const StoreWrite> writes, uint64_t ticket)
      TRIVET_REQUIRES(mutex_);
  std::vector<std::optional<StoredValue>> DeleteRows(std::string_view namespace_name,
                                                     std::span<const std::string_view> keys,
                                                     uint64_t ticket) TRIVET_REQUIRES(mutex_);
  // Under ticket + index.
  void LogChange(uint64_t ticket, size_t index, LoggedChange change) TRIVET_REQUIRES(mutex_);

  const Clock* const clock_;
  engine::Mutex mutex_;
  Rows rows_ TRIVET_GUARDED_BY(mutex_);
  // Those with rows since they were cleared, though the rows may be gone.
  std::set<std::string> namespaces_ TRIVET_GUARDED_BY(mutex_);
  std::vector<LoggedChange> log_ TRIVET_GUARDED_BY(mutex_);           // the oldest first
  std::map<std::string, uint64_t> fences_ TRIVET_GUARDED_BY(mutex_);  // the greatest token of each
  uint64_t newest_version_ TRIVET_GUARDED_BY(mutex_) = 0;
  size_t cleared_rows_ TRIVET_GUARDED_BY(mutex_) = 0;  // whose space Sweep has not yet freed
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_MEMORY_BACKING_H_
