// A SharedTier that passes everything on to another one, and loses a request or a reply when told.
#ifndef TRIVET_TESTS_SUPPORT_FAULTY_SHARED_TIER_H_
#define TRIVET_TESTS_SUPPORT_FAULTY_SHARED_TIER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/mutex.h"
#include "trivet/shared_tier.h"

namespace trivet::testing {

//   FaultySharedTier tier(&fake);
//   tier.LoseRequest(2);
//   tier.Clear(...);  // passes
//   tier.Clear(...);  // DeadlineExceeded; the tier behind was not asked
//   tier.Clear(...);  // passes
//
// Every call that goes to the server counts, whichever it is; Subscribe passes and does not count.
//
// Thread-safety: all methods may be called from any thread at any time.
class FaultySharedTier final : public SharedTier {
 public:
  // `behind` must outlive this.
  explicit FaultySharedTier(SharedTier* behind) : behind_(*behind) {}

  // The nth call from now (1: the next one) ends in DeadlineExceeded, without effect or with it.
  // One fault is armed at a time: the last one.
  void LoseRequest(size_t nth);
  void LoseReply(size_t nth);

  // Every call answers `error`, without effect, until it is OkStatus().
  void FailAll(absl::Status error);

  // Every command about that namespace answers `error`, without effect, until it is OkStatus().
  void Refuse(std::string_view space, absl::Status error);

  // Called at the beginning of every call, on its thread, without a lock: to count, to hold a call
  // up, to make something happen just then. Null: nothing.
  void OnCall(std::function<void()> hook);

  // How many calls there were, those that failed included.
  size_t calls() const;

  uint32_t parts() const override { return behind_.parts(); }
  uint32_t PartOf(std::string_view key) const override { return behind_.PartOf(key); }
  uint64_t origin() const override { return behind_.origin(); }

  absl::StatusOr<PartState> Fence(const SharedPart& part, uint64_t proposed_generation,
                                  absl::Duration deadline) override;
  absl::StatusOr<std::vector<absl::StatusOr<PartState>>> ReadStates(
      std::span<const SharedPart> parts, absl::Duration deadline) override;
  absl::StatusOr<SharedReading> Read(const SharedPart& part,
                                     std::span<const SharedRequest> requests,
                                     absl::Duration deadline) override;
  absl::StatusOr<std::vector<SharedAnswer>> ClaimOverMany(const SharedPart& part,
                                                          std::span<const SharedClaim> claims,
                                                          absl::Duration deadline) override;
  absl::StatusOr<std::vector<SharedAnswer>> FillMany(const SharedPart& part,
                                                     std::span<const SharedFill> fills,
                                                     absl::Duration deadline) override;
  absl::StatusOr<SharedAnswer> Renew(const SharedPart& part, std::string_view key, uint64_t token,
                                     uint64_t instead_of, const SharedWrite& write,
                                     absl::Duration deadline) override;
  absl::StatusOr<SharedAnswer> BeginWrite(const SharedPart& part, std::string_view key,
                                          uint64_t token, absl::Duration deadline) override;
  absl::StatusOr<SharedAnswer> EndWrite(const SharedPart& part, std::string_view key,
                                        uint64_t token, uint64_t version,
                                        const std::optional<SharedWrite>& write,
                                        absl::Duration deadline) override;
  absl::StatusOr<SharedAnswer> InvalidateKeys(const SharedPart& part,
                                              std::span<const SharedChange> changes,
                                              absl::Duration deadline) override;
  absl::StatusOr<SharedAnswer> InvalidateTags(const SharedPart& part,
                                              std::span<const std::string_view> tags,
                                              absl::Duration deadline) override;
  absl::StatusOr<SharedAnswer> InvalidatePattern(const SharedPart& part, std::string_view pattern,
                                                 absl::Duration deadline) override;
  absl::StatusOr<SharedAnswer> Clear(const SharedPart& part, uint64_t new_generation,
                                     absl::Duration deadline) override;
  absl::StatusOr<std::unique_ptr<SharedSubscription>> Subscribe(std::span<const SharedPart> parts,
                                                                SharedListener& listener) override {
    return behind_.Subscribe(parts, listener);
  }

 private:
  // What happens to one call.
  struct Fate {
    absl::Status before;  // not OK: the answer, and the tier behind is not asked
    absl::Status after;   // not OK: the answer, after the tier behind was asked
  };
  Fate NextFate();
  void Arm(size_t nth, Fate fate);

  // OK if the namespace is not refused.
  absl::Status RefusalOf(const SharedPart& part) const;

  template <typename Answer>
  Answer Pass(const SharedPart& part, absl::FunctionRef<Answer()> call) {
    const Fate fate = NextFate();
    if (!fate.before.ok()) return fate.before;
    if (absl::Status refused = RefusalOf(part); !refused.ok()) return refused;
    Answer answer = call();
    if (!fate.after.ok()) return fate.after;
    return answer;
  }

  SharedTier& behind_;
  mutable engine::Mutex mutex_;
  size_t calls_ TRIVET_GUARDED_BY(mutex_) = 0;
  size_t calls_to_fault_ TRIVET_GUARDED_BY(mutex_) = 0;  // 0: none is armed
  Fate fault_ TRIVET_GUARDED_BY(mutex_);
  absl::Status all_ TRIVET_GUARDED_BY(mutex_);
  std::string refused_space_ TRIVET_GUARDED_BY(mutex_);
  absl::Status refusal_ TRIVET_GUARDED_BY(mutex_);
  std::function<void()> hook_ TRIVET_GUARDED_BY(mutex_);
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_FAULTY_SHARED_TIER_H_
