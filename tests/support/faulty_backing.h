// A Backing that passes everything on to another one, and fails when it is told to.
#ifndef TRIVET_TESTS_SUPPORT_FAULTY_BACKING_H_
#define TRIVET_TESTS_SUPPORT_FAULTY_BACKING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/mutex.h"
#include "trivet/backing.h"

namespace trivet::testing {

//   FaultyBacking store(std::make_shared<MemoryBacking>(&clock));
//   store.FailBefore(2, absl::UnavailableError("busy"));
//   store.Read("users", "a");  // passes
//   store.Read("users", "b");  // Unavailable; the store behind was not asked
//   store.Read("users", "c");  // passes
//
// Every call of a method of Backing counts, whichever it is.
//
// Thread-safety: all methods may be called from any thread at any time.
class FaultyBacking final : public Backing {
 public:
  explicit FaultyBacking(std::shared_ptr<Backing> behind) : behind_(std::move(behind)) {}

  // The nth call from now (1: the next one) answers `error` and has no effect. One fault is armed
  // at a time: the last one.
  void FailBefore(size_t nth, absl::Status error);

  // The nth call from now takes effect and answers Unknown, as a database does whose connection
  // breaks while it commits.
  void FailAfter(size_t nth);

  // Every call answers `error`, without effect, until it is OkStatus().
  void FailAll(absl::Status error);

  // Called at the beginning of every call, on its thread, without a lock: to count, to hold a call
  // up, to make something happen just then. Null: nothing.
  void OnCall(std::function<void()> hook);

  // How many calls there were, those that failed included.
  size_t calls() const;

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
  // What happens to one call.
  struct Fate {
    absl::Status before;  // not OK: the answer, and the store behind is not asked
    absl::Status after;   // not OK: the answer, after the store behind was asked
  };
  Fate NextFate();

  // Answer is a Status or a StatusOr.
  template <typename Answer>
  Answer Pass(absl::FunctionRef<Answer()> call) {
    const Fate fate = NextFate();
    if (!fate.before.ok()) return fate.before;
    Answer answer = call();
    if (!fate.after.ok()) return fate.after;
    return answer;
  }

  const std::shared_ptr<Backing> behind_;
  mutable engine::Mutex mutex_;
  size_t calls_ TRIVET_GUARDED_BY(mutex_) = 0;
  size_t calls_to_fault_ TRIVET_GUARDED_BY(mutex_) = 0;  // 0: none is armed
  Fate fault_ TRIVET_GUARDED_BY(mutex_);
  absl::Status all_ TRIVET_GUARDED_BY(mutex_);
  std::function<void()> hook_ TRIVET_GUARDED_BY(mutex_);
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_FAULTY_BACKING_H_
