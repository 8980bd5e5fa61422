// Writes down the messages of a shared tier.
#ifndef TRIVET_TESTS_SUPPORT_MESSAGE_DIARY_H_
#define TRIVET_TESTS_SUPPORT_MESSAGE_DIARY_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/mutex.h"
#include "trivet/shared_messages.h"

namespace trivet::testing {

// "key a v7 t3", so that tests read as stories.
inline std::string Text(const SharedRecord& record) {
  static constexpr const char* kKinds[] = {"?",       "writing", "key",  "tag",
                                           "pattern", "clear",   "fence"};
  std::string text = kKinds[static_cast<size_t>(record.kind)];
  if (!record.name.empty()) absl::StrAppend(&text, " ", record.name);
  if (record.version != 0) absl::StrAppend(&text, " v", record.version);
  if (record.token != 0) absl::StrAppend(&text, " t", record.token);
  return text;
}

// Thread-safety: all methods may be called from any thread at any time.
class MessageDiary final : public SharedListener {
 public:
  void OnListening() override {
    engine::MutexLock lock(mutex_);
    ++listening_;
  }
  void OnMessage(size_t part, SharedMessage message) override {
    engine::MutexLock lock(mutex_);
    for (const SharedRecord& record : message.records) records_.push_back(Text(record));
    messages_.emplace_back(part, std::move(message));
  }
  void OnUnreadable(size_t) override {
    engine::MutexLock lock(mutex_);
    ++unreadable_;
  }
  void OnLost(const absl::Status&) override {
    engine::MutexLock lock(mutex_);
    ++lost_;
  }

  // How often.
  int listening() const {
    engine::MutexLock lock(mutex_);
    return listening_;
  }
  int lost() const {
    engine::MutexLock lock(mutex_);
    return lost_;
  }
  int unreadable() const {
    engine::MutexLock lock(mutex_);
    return unreadable_;
  }

  // With the part they concern.
  std::vector<std::pair<size_t, SharedMessage>> messages() const {
    engine::MutexLock lock(mutex_);
    return messages_;
  }
  // Of all messages.
  std::vector<std::string> records() const {
    engine::MutexLock lock(mutex_);
    return records_;
  }

 private:
  mutable engine::Mutex mutex_;
  int listening_ TRIVET_GUARDED_BY(mutex_) = 0;
  int lost_ TRIVET_GUARDED_BY(mutex_) = 0;
  int unreadable_ TRIVET_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<size_t, SharedMessage>> messages_ TRIVET_GUARDED_BY(mutex_);
  std::vector<std::string> records_ TRIVET_GUARDED_BY(mutex_);
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_MESSAGE_DIARY_H_
