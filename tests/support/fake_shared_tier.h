// A SharedTier in memory: what Redis does with its scripts, as plainly as it can be said.
#ifndef TRIVET_TESTS_SUPPORT_FAKE_SHARED_TIER_H_
#define TRIVET_TESTS_SUPPORT_FAKE_SHARED_TIER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/clock.h"
#include "trivet/shared_tier.h"

namespace trivet::testing {

// The server, for any number of tiers ("processes"), and its faults. Nothing is lost or late on the
// way: see FaultySharedTier for that. Listeners are called before the command that publishes
// returns, by its thread, unless another thread is just calling them.
//
// Thread-safety: all methods may be called from any thread at any time.
class FakeSharedServer {
 public:
  struct Options {
    absl::Duration claim_life = absl::Seconds(10);
    absl::Duration tomb_life = absl::Seconds(3);
    uint32_t parts = 1;
  };

  // `clock` must outlive the server.
  FakeSharedServer(const Clock* clock, const Options& options)
      : clock_(*clock), options_(options) {}

  // Forgets everything.
  void Flush();
  // Forgets one key.
  void Evict(const SharedPart& part, std::string_view key);
  // The same in whatever generation the part has.
  void EvictAnywhere(const SharedPart& part, std::string_view key);
  // To all who listen there: something that cannot be read.
  void PublishRubbish(const SharedPart& part);
  void TakeSnapshot();
  // Another server takes over with the last snapshot. Subscriptions break and are made again.
  void FailOver();
  void SetFull(bool full);

 private:
  friend class FakeSharedTier;
  class Subscription;

  enum class State { kAbsent, kValue, kClaim, kTomb, kWriting };
  struct Slot {
    State state = State::kAbsent;
    bool dirtied = false;
    uint64_t token = 0;
    uint64_t version = 0;    // of a value; else the newest one known
    SharedValue value = {};  // of a value
    absl::Duration until = absl::InfiniteDuration();
  };
  struct Part {
    uint64_t generation = 0;
    uint64_t sequence = 0;
    uint64_t fenced_run = 0;
    uint64_t forgotten = 0;
    std::map<std::string, uint64_t, std::less<>> stamps = {};
    std::map<std::string, Slot, std::less<>> slots = {};  // of this generation
  };
  using PartName = std::pair<std::string, uint32_t>;
  using Parts = std::map<PartName, Part>;

  struct Subscriber {
    SharedListener* listener = nullptr;
    std::map<PartName, size_t> parts = {};
  };
  struct Call {
    uint64_t subscriber = 0;
    std::function<void(SharedListener&)> call = {};
  };

  static PartName NameOf(const SharedPart& part) { return {std::string(part.space), part.part}; }
  // Null if the caller believes in another generation or server.
  Part* Current(const SharedPart& part) TRIVET_REQUIRES(mutex_);
  // What is there and not expired.
  Slot& SlotOf(Part& part, std::string_view key) TRIVET_REQUIRES(mutex_);
  bool IsStamped(const Part& part, std::span<const std::string> tags, uint64_t birth) const;
  Slot ValueOf(uint64_t token, const SharedWrite& write) const;
  Slot MarkOf(State state, uint64_t token, uint64_t version, absl::Duration life) const;
  void Tell(Slot& slot, bool own, uint64_t token, uint64_t version) TRIVET_REQUIRES(mutex_);
  // Numbers the records and has listeners told.
  void Publish(const SharedPart& name, Part& part, uint64_t origin,
               std::vector<SharedRecord> records) TRIVET_REQUIRES(mutex_);
  // Makes the calls that are due. REQUIRES: no lock is held.
  void CallListeners();
  // Waits for a call that is running.
  void Unsubscribe(uint64_t subscriber);

  const Clock& clock_;
  const Options options_;
  engine::Mutex mutex_;
  Parts parts_ TRIVET_GUARDED_BY(mutex_);
  Parts snapshot_ TRIVET_GUARDED_BY(mutex_);
  uint64_t run_ TRIVET_GUARDED_BY(mutex_) = 1;
  uint64_t origins_ TRIVET_GUARDED_BY(mutex_) = 0;
  bool full_ TRIVET_GUARDED_BY(mutex_) = false;
  std::map<uint64_t, Subscriber> subscribers_ TRIVET_GUARDED_BY(mutex_);
  uint64_t subscriptions_ TRIVET_GUARDED_BY(mutex_) = 0;
  std::deque<Call> calls_ TRIVET_GUARDED_BY(mutex_);
  bool calling_ TRIVET_GUARDED_BY(mutex_) = false;  // some thread is
  uint64_t called_ TRIVET_GUARDED_BY(mutex_) = 0;   // the subscriber, during the call
  engine::CondVar call_ended_;
};

// One process's way to the server, which must outlive it.
//
// Thread-safety: all methods may be called from any thread at any time.
class FakeSharedTier final : public SharedTier {
 public:
  explicit FakeSharedTier(FakeSharedServer* server);

  uint32_t parts() const override { return server_.options_.parts; }
  uint32_t PartOf(std::string_view key) const override;
  uint64_t origin() const override { return origin_; }

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
  absl::StatusOr<SharedAnswer> Store(const SharedPart& part, std::string_view key,
                                     FakeSharedServer::State replaced, uint64_t replaced_token,
                                     uint64_t token, const SharedWrite& write,
                                     absl::Duration deadline);
  absl::Status Check(absl::Duration deadline) const;
  absl::Status CheckMemory() const TRIVET_REQUIRES(server_.mutex_);

  FakeSharedServer& server_;
  const uint64_t origin_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_FAKE_SHARED_TIER_H_
