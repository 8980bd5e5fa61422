// The way from one process to the store: a Backing that takes its time, fails, and says what was
// committed.
#ifndef TRIVET_TESTS_SIM_LIVE_STORE_H_
#define TRIVET_TESTS_SIM_LIVE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/live_fibers.h"
#include "tests/sim/live_random.h"
#include "tests/sim/live_truth.h"
#include "tests/support/memory_backing.h"
#include "trivet/backing.h"
#include "trivet/clock.h"

namespace trivet::sim {

// What is committed is added to the std::vector<Truth::Change> that Fibers::Local() of the fiber
// points to, if it points to one.
class SimStore final : public Backing {
 public:
  SimStore(std::shared_ptr<testing::MemoryBacking> rows, Truth* truth, const Clock* clock,
           Chance* chance)
      : rows_(std::move(rows)), truth_(*truth), clock_(*clock), chance_(*chance) {}

  // Nothing comes through.
  void SetDead() { dead_ = true; }
  // One change in so many fails, before or after it was committed; 0: none.
  void SetTroubles(size_t one_in) { troubles_ = one_in; }

  absl::StatusOr<std::optional<StoredValue>> Read(std::string_view space,
                                                  std::string_view key) override;
  absl::StatusOr<std::vector<std::optional<StoredValue>>> ReadMany(
      std::string_view space, std::span<const std::string_view> keys) override;
  absl::StatusOr<std::vector<StoreWritten>> Write(std::string_view space,
                                                  std::span<const StoreWrite> writes,
                                                  uint64_t ticket = kUnlogged) override;
  absl::StatusOr<std::vector<std::optional<StoredValue>>> Delete(
      std::string_view space, std::span<const std::string_view> keys,
      uint64_t ticket = kUnlogged) override;
  absl::StatusOr<bool> Touch(std::string_view space, std::string_view key, absl::Time expires_at,
                             uint64_t ticket = kUnlogged) override;
  absl::StatusOr<uint64_t> DeleteTag(std::string_view space, std::string_view tag,
                                     uint64_t ticket = kUnlogged) override;
  absl::Status Clear(std::string_view space, uint64_t ticket = kUnlogged) override;
  absl::Status ClearAll(uint64_t ticket = kUnlogged) override;
  absl::StatusOr<std::vector<LoggedChange>> ReadChangeLog(size_t rows_max) override;
  absl::Status TrimChangeLog(std::span<const uint64_t> tickets) override;
  absl::StatusOr<bool> Sweep(size_t) override { return false; }
  absl::StatusOr<std::vector<Count>> CountRows() override { return rows_->CountRows(); }

 private:
  // Calls `change`, which returns a status or a value with one, unless it fails before; may fail
  // after.
  template <typename Answer>
  Answer Change(const std::function<Answer()>& change);
  // Compares the rows of the namespace with the truth, and notes what is gone.
  void NoteGone(std::string_view space, std::string_view ends_tag = {});
  static void Note(Truth::Change change);

  std::shared_ptr<testing::MemoryBacking> rows_;
  Truth& truth_;
  const Clock& clock_;
  Chance& chance_;
  bool dead_ = false;
  size_t troubles_ = 0;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_LIVE_STORE_H_
