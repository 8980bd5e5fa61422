// The channels of parts, as messages.
#ifndef TRIVET_SYNC_REDIS_TIER_SUBSCRIPTION_H_
#define TRIVET_SYNC_REDIS_TIER_SUBSCRIPTION_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/redis_names.h"
#include "sync/subscriber.h"
#include "trivet/shared_tier.h"

namespace trivet::sync {

// Decodes what a Subscription hears.
//
// Thread-safety: that of a Subscription.
class RedisTierSubscription final : public SharedSubscription, private ChannelListener {
 public:
  // `subscriber` and `listener` must outlive the subscription. InvalidArgument without parts.
  static absl::StatusOr<std::unique_ptr<SharedSubscription>> Start(
      Subscriber& subscriber, const NameRoot& names, std::span<const SharedPart> parts,
      SharedListener& listener);

 private:
  explicit RedisTierSubscription(SharedListener& listener) : listener_(listener) {}

  void OnSubscribed(const ServerInfo& server) override;
  void OnMessage(std::string_view channel, std::string_view payload) override;
  void OnLost(const absl::Status& why) override;

  SharedListener& listener_;
  std::map<std::string, size_t, std::less<>> part_of_;  // by channel; constant once started
  std::unique_ptr<Subscription> subscription_;          // last: calls the others
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_TIER_SUBSCRIPTION_H_
