// A real sentinel of a test's own, on a loopback port.
#ifndef TRIVET_TESTS_SYNC_REDIS_SENTINEL_H_
#define TRIVET_TESTS_SYNC_REDIS_SENTINEL_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/store/temp_folder.h"
#include "tests/support/child_process.h"
#include "tests/support/eventually.h"

namespace trivet::testing {

// Watches the server on `primary_port` under the name "m", and decides alone. Asked by the tests in
// the way of a server.
class RedisSentinel {
 public:
  // `settings` are lines of its file.
  explicit RedisSentinel(uint16_t primary_port, const std::vector<std::string>& settings = {}) {
    const std::string file = folder_.File("sentinel.conf");
    std::ofstream(file) << "port " << port_ << "\nbind 127.0.0.1\ndir " << folder_.path()
                        << "\nsentinel monitor m 127.0.0.1 " << primary_port << " 1\n"
                        << "sentinel down-after-milliseconds m 300\n"
                        << "sentinel failover-timeout m 2000\n"
                        << absl::StrJoin(settings, "\n") << "\n";
    process_.Start({"redis-server", file, "--sentinel"});
  }

  uint16_t port() const { return port_; }
  // As it stands in a URL.
  std::string place() const { return absl::StrCat("127.0.0.1:", port_); }
  void Kill() { process_.Kill(); }
  // Hangs: connections stand, and nothing is answered.
  void Pause() { process_.Pause(); }

 private:
  const TempFolder folder_;
  const uint16_t port_ = FreePort();
  ChildProcess process_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_REDIS_SENTINEL_H_
