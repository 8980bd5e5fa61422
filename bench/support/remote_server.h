// A cache server of one's own on a unix socket, and a connection to it.
#ifndef TRIVET_BENCH_SUPPORT_REMOTE_SERVER_H_
#define TRIVET_BENCH_SUPPORT_REMOTE_SERVER_H_

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/cli/temporary_folder.h"

namespace trivet::bench {

// A child process with a socket in a temporary folder; both go with this object. Movable only.
class RemoteServer {
 public:
  // Starts `command(socket)`, whose first word is looked for in the path, and waits until it
  // answers. Null, with a message, if it does not.
  static std::unique_ptr<RemoteServer> Start(
      const std::function<std::vector<std::string>(const std::string& socket)>& command);

  // A redis-server that keeps nothing on disk.
  static std::unique_ptr<RemoteServer> StartRedis();

  RemoteServer(const RemoteServer&) = delete;
  RemoteServer& operator=(const RemoteServer&) = delete;
  ~RemoteServer();

  const std::string& socket() const { return socket_; }

  // It hangs: connections stand, and nothing is answered.
  void Pause();
  void Resume();

 private:
  explicit RemoteServer(cli::TemporaryFolder folder);

  cli::TemporaryFolder folder_;
  std::string socket_;
  pid_t pid_ = -1;
};

// Sends a request and reads the answer, blocking. Aborts the program if the server goes away. Not
// thread-safe.
class Connection {
 public:
  explicit Connection(const std::string& socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // The answer up to and with `end`, which must be its last bytes. Valid until the next call.
  std::string_view Ask(std::string_view request, std::string_view end);

 private:
  int fd_;
  std::string answer_;
};

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_REMOTE_SERVER_H_
