// A connected stream socket that never blocks, and the one place where a thread waits for it.
#ifndef TRIVET_SYNC_SOCKET_H_
#define TRIVET_SYNC_SOCKET_H_

#include <sys/socket.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/clock.h"

namespace trivet::sync {

// Closes a file descriptor. Movable.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Where to connect to.
struct SocketAddress {
  sockaddr_storage bytes = {};
  socklen_t size = 0;

  // REQUIRES: `path` is not empty and fits into a sockaddr_un.
  static SocketAddress OfPath(std::string_view path);
};

// Errors are those of redis_status.h: kUnreachable before the connection stands, kDisconnected
// afterwards, with the system's words for it.
//
// Thread-safety: one thread may send while another receives or waits.
class Socket {
 public:
  // Begins to connect: at once for unix sockets; for TCP, Await kOut, then Finish.
  static absl::StatusOr<Socket> Connect(const SocketAddress& address);

  // Whether the connection stands, once the socket can be written.
  absl::Status Finish() const;

  // How many bytes the system took; 0: none for now.
  absl::StatusOr<size_t> Send(std::string_view bytes) const;

  // How many bytes came; nothing: none for now. The end of the stream is an error.
  absl::StatusOr<std::optional<size_t>> Receive(std::span<char> into) const;

  int fd() const { return fd_.get(); }

 private:
  explicit Socket(FileDescriptor fd) : fd_(std::move(fd)) {}

  FileDescriptor fd_;
};

// Wakes a thread in Await from another one.
class Doorbell {
 public:
  Doorbell();
  void Ring() const;
  void Silence() const;  // what was rung before is forgotten
  // Waits for it to ring, until `deadline` (of Clock::Elapsed) has passed.
  void AwaitUntil(const Clock& clock, absl::Duration deadline) const;
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

// What a thread waits for, and what came of it.
struct Awaited {
  bool in = false;
  bool out = false;
  bool bell = false;
};

// Waits until `socket` can be read or, with `out`, written, until `bell` (may be null) rings, or
// until `deadline` (of Clock::Elapsed) has passed: then nothing of it is true. Errors of the socket
// count as both.
Awaited Await(const Socket& socket, bool out, const Doorbell* bell, const Clock& clock,
              absl::Duration deadline);

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SOCKET_H_
