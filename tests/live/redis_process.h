// A redis-server of a run's own, on a loopback port.
#ifndef TRIVET_TESTS_LIVE_REDIS_PROCESS_H_
#define TRIVET_TESTS_LIVE_REDIS_PROCESS_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "sync/redis_client.h"
#include "sync/reply.h"
#include "tests/support/child_process.h"

namespace trivet::testing {

// Ends with the process that started it, if not before.
//
// Thread-safety: one call at a time, and Do beside RunEndlessScript.
class RedisProcess {
 public:
  // `folder` is its own. Does not start.
  explicit RedisProcess(std::string folder);
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  // With what it saved, or empty; and waits until it answers. REQUIRES: it does not run.
  void Start(bool empty);
  void Kill() { process_.Kill(); }
  void Pause() { process_.Pause(); }
  void Resume() { process_.Resume(); }

  uint16_t port() const { return port_; }
  const std::string& folder() const { return folder_; }
  std::string SavedFile() const { return folder_ + "/dump.rdb"; }

  // An empty reply where that fails.
  sync::Reply Do(std::initializer_list<std::string_view> words);
  // Returns when somebody has killed it. The server does nothing else meanwhile.
  void RunEndlessScript();

 private:
  std::unique_ptr<sync::RedisClient> NewClient() const;

  const std::string folder_;
  const uint16_t port_;
  ChildProcess process_;
  std::unique_ptr<sync::RedisClient> client_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_REDIS_PROCESS_H_
