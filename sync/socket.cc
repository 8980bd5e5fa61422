#include "sync/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>

#include "engine/check.h"
#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

absl::Status Unreachable(std::string_view what, int error) {
  return MakeRedisStatus(RedisError::kUnreachable, Executed::kNo,
                         std::string(what) + ": " + std::generic_category().message(error));
}

absl::Status Disconnected(std::string_view why) {
  return MakeRedisStatus(RedisError::kDisconnected, Executed::kMaybe,
                         "the connection was lost: " + std::string(why));
}

bool IsBusy(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// Requests are small and answers awaited; peers that vanish are noticed within a minute even by a
// connection that nobody uses. Best effort: they change no result.
void TuneTcp(int fd) {
  const auto set = [fd](int level, int name, int value) {
    (void)setsockopt(fd, level, name, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

// Sleeps once: until something is ready, or for as long as the clock allows at a time.
int Poll(std::span<pollfd> fds, const Clock& clock, absl::Duration deadline) {
  // An hour at most, so that infinite durations fit.
  const absl::Duration slice = std::min(clock.WaitSlice(deadline), absl::Hours(1));
  const timespec timeout = absl::ToTimespec(std::max(slice, absl::ZeroDuration()));
  return ppoll(fds.data(), fds.size(), &timeout, nullptr);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

SocketAddress SocketAddress::OfPath(std::string_view path) {
  sockaddr_un address = {};
  TRIVET_CHECK(!path.empty() && path.size() < sizeof(address.sun_path), "the path does not fit");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  SocketAddress result;
  std::memcpy(&result.bytes, &address, sizeof(address));
  result.size = sizeof(address);
  return result;
}

absl::StatusOr<Socket> Socket::Connect(const SocketAddress& address) {
  const int family = address.bytes.ss_family;
  Socket made(FileDescriptor(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
  if (made.fd() < 0) return Unreachable("no socket", errno);
  if (family != AF_UNIX) TuneTcp(made.fd());
  const auto* where = reinterpret_cast<const sockaddr*>(&address.bytes);
  // EINTR: the attempt goes on in the background all the same. EAGAIN is what a unix socket says
  // whose server has too many others waiting.
  if (connect(made.fd(), where, address.size) != 0 && errno != EINPROGRESS && errno != EINTR) {
    return Unreachable("cannot connect", errno);
  }
  return made;
}

absl::Status Socket::Finish() const {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? absl::OkStatus() : Unreachable("cannot connect", error);
}

absl::StatusOr<size_t> Socket::Send(std::string_view bytes) const {
  const ssize_t sent = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (IsBusy(errno)) return size_t{0};
  return Disconnected(std::generic_category().message(errno));
}

absl::StatusOr<std::optional<size_t>> Socket::Receive(std::span<char> into) const {
  const ssize_t received = recv(fd(), into.data(), into.size(), 0);
  if (received > 0) return std::optional<size_t>(static_cast<size_t>(received));
  if (received == 0) return Disconnected("closed by the server");
  if (IsBusy(errno)) return std::optional<size_t>();
  return Disconnected(std::generic_category().message(errno));
}

Doorbell::Doorbell() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  TRIVET_CHECK(fd_.get() >= 0, "no file descriptor for an eventfd");
}

void Doorbell::Ring() const {
  const uint64_t one = 1;
  (void)!write(fd(), &one, sizeof(one));  // fails only if it rings already
}

void Doorbell::Silence() const {
  uint64_t count;
  (void)!read(fd(), &count, sizeof(count));  // fails only if it did not ring
}

void Doorbell::AwaitUntil(const Clock& clock, absl::Duration deadline) const {
  pollfd bell = {.fd = fd(), .events = POLLIN, .revents = 0};
  while (clock.Elapsed() < deadline && Poll({&bell, 1}, clock, deadline) <= 0) {
  }
}

Awaited Await(const Socket& socket, bool out, const Doorbell* bell, const Clock& clock,
              absl::Duration deadline) {
  pollfd fds[] = {{.fd = socket.fd(), .events = POLLIN, .revents = 0},
                  {.fd = bell == nullptr ? -1 : bell->fd(), .events = POLLIN, .revents = 0}};
  if (out) fds[0].events |= POLLOUT;
  while (true) {
    if (Poll(fds, clock, deadline) > 0) {
      const short events = fds[0].revents;
      const bool broken = (events & ~(POLLIN | POLLOUT)) != 0;
      return {.in = broken || (events & POLLIN) != 0,
              .out = out && (broken || (events & POLLOUT) != 0),
              .bell = fds[1].revents != 0};
    }
    if (clock.Elapsed() >= deadline) return {};
  }
}

}  // namespace trivet::sync
