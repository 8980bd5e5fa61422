#include "sync/redis_tier_subscription.h"

#include <optional>
#include <utility>
#include <vector>

#include "sync/message_codec.h"
#include "sync/redis_names.h"

namespace trivet::sync {

absl::StatusOr<std::unique_ptr<SharedSubscription>> RedisTierSubscription::Start(
    Subscriber& subscriber, const NameRoot& names, std::span<const SharedPart> parts,
    SharedListener& listener) {
  if (parts.empty()) return absl::InvalidArgumentError("parts: are none");
  std::unique_ptr<RedisTierSubscription> made(new RedisTierSubscription(listener));
  std::vector<std::string> channels;
  for (size_t i = 0; i < parts.size(); ++i) {
    channels.push_back(RedisNames(names, parts[i]).channel());
    if (!made->part_of_.emplace(channels.back(), i).second) {
      return absl::InvalidArgumentError("parts: one is there twice");
    }
  }
  absl::StatusOr<std::unique_ptr<Subscription>> started =
      subscriber.Subscribe(std::move(channels), *made);
  if (!started.ok()) return started.status();
  made->subscription_ = *std::move(started);
  return made;
}

void RedisTierSubscription::OnSubscribed(const ServerInfo&) { listener_.OnListening(); }

void RedisTierSubscription::OnMessage(std::string_view channel, std::string_view payload) {
  const auto part = part_of_.find(channel);
  if (part == part_of_.end()) return;
  if (std::optional<SharedMessage> message = DecodeMessage(payload)) {
    listener_.OnMessage(part->second, *std::move(message));
  } else {
    listener_.OnUnreadable(part->second);
  }
}

void RedisTierSubscription::OnLost(const absl::Status& why) { listener_.OnLost(why); }

}  // namespace trivet::sync
