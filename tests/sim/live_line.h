// The way from one process to the shared server, and back: a SharedTier on which commands and
// messages take their time, get lost, and come twice or in another order.
#ifndef TRIVET_TESTS_SIM_LIVE_LINE_H_
#define TRIVET_TESTS_SIM_LIVE_LINE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/sim/live_fibers.h"
#include "tests/sim/live_random.h"
#include "tests/support/fake_shared_tier.h"
#include "trivet/shared_tier.h"

namespace trivet::sim {

class Line final : public SharedTier {
 public:
  // What may go wrong; 0: never, else one in so many.
  struct Weather {
    size_t lost_request = 0;  // half of them arrive all the same, later
    size_t lost_reply = 0;
    size_t lost_message = 0;
    size_t repeated_message = 0;
    size_t swapped_message = 0;
  };

  Line(testing::FakeSharedServer* server, Fibers* fibers, Chance* chance)
      : fake_(server), fibers_(*fibers), chance_(*chance) {}
  ~Line() override = default;

  Weather& weather() { return weather_; }
  // Nothing comes through, in either direction.
  void SetCut(bool cut) { cut_ = cut; }
  bool cut() const { return cut_; }
  // The subscriptions break, and come back after a while.
  void BreakSubscriptions();
  size_t faults() const { return faults_; }

  uint32_t parts() const override { return fake_.parts(); }
  uint32_t PartOf(std::string_view key) const override { return fake_.PartOf(key); }
  uint64_t origin() const override { return fake_.origin(); }

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
                                                                SharedListener& listener) override;

 private:
  class Subscription;

  // One command, there and back. `command` owns what it needs: it may be executed later.
  template <typename Answer>
  Answer Send(std::function<Answer(absl::Duration deadline)> command, absl::Duration deadline);

  testing::FakeSharedTier fake_;
  Fibers& fibers_;
  Chance& chance_;
  Weather weather_;
  bool cut_ = false;
  size_t faults_ = 0;
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_LIVE_LINE_H_
