// A Lua script that servers run for us.
#ifndef TRIVET_SYNC_SCRIPT_H_
#define TRIVET_SYNC_SCRIPT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/mutex.h"

namespace trivet::sync {

// The text is a constant of ours, never made of what came from outside; what differs from call to
// call goes into KEYS and ARGV. Servers know it by a digest of the text, so that the digest one of
// them told holds for all.
//
//   static Script script("return redis.call('GET', KEYS[1])");
//
// Thread-safety: all methods may be called from any thread at any time.
class Script {
 public:
  explicit Script(std::string text) : text_(std::move(text)) {}

  std::string_view text() const { return text_; }

  // Empty until a server has told it.
  std::string digest() const {
    engine::MutexLock lock(mutex_);
    return digest_;
  }
  void set_digest(std::string digest) {
    engine::MutexLock lock(mutex_);
    digest_ = std::move(digest);
  }

 private:
  const std::string text_;
  mutable engine::Mutex mutex_;
  std::string digest_ TRIVET_GUARDED_BY(mutex_);
};

// A script and what it is called with. The views are valid during the call.
struct ScriptCall {
  Script* script = nullptr;
  std::vector<std::string_view> keys = {};
  std::vector<std::string_view> arguments = {};
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SCRIPT_H_
