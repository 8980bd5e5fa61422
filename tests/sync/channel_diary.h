// Writes down what a Subscriber tells.
#ifndef TRIVET_TESTS_SYNC_CHANNEL_DIARY_H_
#define TRIVET_TESTS_SYNC_CHANNEL_DIARY_H_

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sync/audience.h"
#include "sync/redis_status.h"

namespace trivet::testing {

// Thread-safety: all methods may be called from any thread at any time.
class ChannelDiary final : public sync::ChannelListener {
 private:
  template <typename Read>
  auto Locked(const Read& read) const {
    const std::lock_guard lock(mutex_);
    return read();
  }

 public:
  void OnSubscribed(const sync::ServerInfo& server) override {
    const std::lock_guard lock(mutex_);
    ++subscribed_;
    run_id_ = server.run_id;
  }
  void OnMessage(std::string_view channel, std::string_view payload) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::string(channel) + ": " + std::string(payload));
  }
  void OnLost(const absl::Status& why) override {
    const std::lock_guard lock(mutex_);
    lost_.push_back(sync::Unshared(why));
  }

  int subscribed() const {
    return Locked([&] { return subscribed_; });
  }
  std::string run_id() const {
    return Locked([&] { return run_id_; });
  }
  std::vector<std::string> messages() const {
    return Locked([&] { return messages_; });
  }
  std::vector<absl::Status> lost() const {
    return Locked([&] {
      std::vector<absl::Status> copies;
      for (const absl::Status& status : lost_) copies.push_back(sync::Unshared(status));
      return copies;
    });
  }

 private:
  mutable std::mutex mutex_;
  int subscribed_ = 0;
  std::string run_id_;
  std::vector<std::string> messages_;
  std::vector<absl::Status> lost_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_CHANNEL_DIARY_H_
