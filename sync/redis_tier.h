// SharedTier over a RedisClient.
#ifndef TRIVET_SYNC_REDIS_TIER_H_
#define TRIVET_SYNC_REDIS_TIER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/message_codec.h"
#include "sync/redis_client.h"
#include "sync/redis_names.h"
#include "sync/script.h"
#include "sync/script_words.h"
#include "sync/slot_codec.h"
#include "sync/subscriber.h"
#include "trivet/redis_tier.h"
#include "trivet/shared_tier.h"

namespace trivet::sync {

// Keeps no state of parts: what a caller believes comes with each call. Whether the server is still
// the one of the caller's handshake is looked at in each answer, for the client reconnects by
// itself, and a server that took the place of another one may offer what was over there. Until it
// is fenced, no answer of its is believed; what it was made to do meanwhile concerns a generation
// that the fence ends.
class RedisTier final : public SharedTier {
 public:
  // `options` are valid.
  RedisTier(const RedisTierOptions& options, std::unique_ptr<RedisClient> client,
            std::unique_ptr<Subscriber> subscriber);

  uint32_t parts() const override { return options_.parts; }
  uint32_t PartOf(std::string_view key) const override { return PartOfKey(key, options_.parts); }
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
  // Runs them in one go; an answer to each.
  absl::StatusOr<std::vector<SharedAnswer>> RunEach(const SharedPart& part,
                                                    std::span<const ScriptWords> scripts,
                                                    absl::Duration deadline);
  // The same. The answer is that of the last one; current if all are.
  absl::StatusOr<SharedAnswer> RunAll(const SharedPart& part, std::span<const ScriptWords> scripts,
                                      absl::Duration deadline);

  RedisNames Names(const SharedPart& part) const { return {client_->names(), part}; }

  // A script of a part, called with the generation, and, if it publishes, with the message.
  static ScriptWords Of(Script& script, const RedisNames& names, const SharedPart& part);
  static ScriptWords Of(Script& script, const RedisNames& names, const SharedPart& part,
                        const MessageBuilder& message);
  MessageBuilder MessageOf(const SharedPart& part, const SharedRecord& record) const;

  ScriptWords StoreScript(const SharedPart& part, std::string_view key, SlotState replaced,
                          uint64_t replaced_token, uint64_t token, const SharedWrite& write) const;
  // Whether every process can read it.
  bool Fits(const SharedWrite& write) const;
  // Adds birth, life, value and tags.
  void AddValue(uint64_t token, const SharedWrite& write, ScriptWords& words) const;

  const RedisTierOptions options_;
  const uint64_t origin_;
  const std::string claim_life_;  // in milliseconds
  const std::string tomb_life_;
  const std::unique_ptr<RedisClient> client_;
  const std::unique_ptr<Subscriber> subscriber_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_TIER_H_
