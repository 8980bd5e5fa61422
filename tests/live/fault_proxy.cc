#include "tests/live/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "engine/check.h"

namespace trivet::testing {
namespace {

constexpr int kTickMillis = 2;
constexpr size_t kChunk = 64 << 10;
// What one side may be behind the other; then the other one waits.
constexpr size_t kBehindMax = 1 << 20;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Listen() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = Loopback(0);
  TRIVET_CHECK(
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 && listen(fd, 256) == 0,
      "a proxy cannot listen");
  return fd;
}

uint16_t PortOf(int fd) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void SendAtOnce(int fd) {
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

// False: the connection has ended.
bool ReadInto(int fd, std::string& bytes) {
  char chunk[kChunk];
  const ssize_t count = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
  if (count > 0) bytes.append(chunk, static_cast<size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

bool WriteFrom(int fd, std::string& bytes) {
  if (bytes.empty()) return true;
  const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count > 0) bytes.erase(0, static_cast<size_t>(count));
  return count > 0 || errno == EAGAIN || errno == EINTR;
}

}  // namespace

size_t WholeValueBytes(std::string_view bytes) {
  const size_t line = bytes.find("\r\n");
  if (line == std::string_view::npos) return 0;
  const long count = std::strtol(std::string(bytes.substr(1, line - 1)).c_str(), nullptr, 10);
  size_t length = line + 2;
  if (bytes[0] == '$' && count >= 0) length += static_cast<size_t>(count) + 2;
  if (bytes[0] == '*') {
    for (long i = 0; i < count; ++i) {
      const size_t element = WholeValueBytes(bytes.substr(length));
      if (element == 0) return 0;
      length += element;
    }
  }
  return length <= bytes.size() ? length : 0;
}

FaultProxy::FaultProxy(uint16_t upstream, uint64_t seed)
    : listener_(Listen()), port_(PortOf(listener_)), upstream_(upstream), random_(seed) {
  thread_ = std::thread([this] { Loop(); });
}

FaultProxy::~FaultProxy() {
  stopping_ = true;
  thread_.join();
  for (const auto& connection : connections_) {
    close(connection->client);
    close(connection->server);
  }
  close(listener_);
}

void FaultProxy::SetWeather(const Weather& weather) {
  lost_ = weather.lost;
  repeated_ = weather.repeated;
  swapped_ = weather.swapped;
  changed_ = weather.changed;
}

void FaultProxy::Loop() {
  std::vector<pollfd> polled;
  while (!stopping_) {
    polled.assign(1, {.fd = listener_, .events = POLLIN, .revents = 0});
    for (const auto& connection : connections_) {
      const auto events = [](const std::string& in, const std::string& out) {
        return static_cast<short>((in.size() < kBehindMax ? POLLIN : 0) |
                                  (out.empty() ? 0 : POLLOUT));
      };
      polled.push_back({.fd = connection->client,
                        .events = events(connection->to_server, connection->to_client),
                        .revents = 0});
      polled.push_back({.fd = connection->server,
                        .events = events(connection->to_client, connection->to_server),
                        .revents = 0});
    }
    poll(polled.data(), polled.size(), kTickMillis);
    const bool cut = std::exchange(cuts_done_, cuts_.load()) != cuts_done_;
    size_t kept = 0;
    for (size_t i = 0; i < connections_.size(); ++i) {
      Connection& connection = *connections_[i];
      if (!cut &&
          Forward(connection, polled[1 + 2 * i].revents != 0, polled[2 + 2 * i].revents != 0)) {
        if (kept != i) connections_[kept] = std::move(connections_[i]);
        ++kept;
        continue;
      }
      close(connection.client);
      close(connection.server);
    }
    connections_.resize(kept);
    if (polled[0].revents != 0) Accept();
  }
}

void FaultProxy::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = Loopback(upstream_);
  const bool connects =
      connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EINPROGRESS;
  if (!connects) {
    close(client);
    close(server);
    return;
  }
  SendAtOnce(client);
  SendAtOnce(server);
  auto connection = std::make_unique<Connection>();
  connection->client = client;
  connection->server = server;
  connections_.push_back(std::move(connection));
}

bool FaultProxy::Forward(Connection& connection, bool client_ready, bool server_ready) {
  std::string from_client;
  std::string from_server;
  if (client_ready && !ReadInto(connection.client, from_client)) return false;
  if (server_ready && !ReadInto(connection.server, from_server)) return false;
  if (!silent_) {
    connection.subscribes =
        connection.subscribes || from_client.find("SUBSCRIBE") != std::string::npos;
    connection.to_server += from_client;
    if (connection.subscribes) {
      connection.unread += from_server;
      TakeMessages(connection);
    } else {
      connection.to_client += from_server;
    }
  }
  return WriteFrom(connection.client, connection.to_client) &&
         WriteFrom(connection.server, connection.to_server);
}

void FaultProxy::TakeMessages(Connection& connection) {
  while (const size_t bytes = WholeValueBytes(connection.unread)) {
    std::string message = connection.unread.substr(0, bytes);
    connection.unread.erase(0, bytes);
    // Confirmations and signs of life pass.
    if (message.find("\r\nmessage\r\n") == std::string::npos) {
      connection.to_client += message;
    } else {
      Pass(connection, std::move(message));
    }
  }
}

void FaultProxy::Pass(Connection& connection, std::string message) {
  if (Chance(lost_)) return;
  if (Chance(changed_)) message[message.size() - 3 - random_() % 16] ^= 0x20;
  if (connection.held_back.empty() && Chance(swapped_)) {
    connection.held_back = std::move(message);
    return;
  }
  connection.to_client += message;
  if (Chance(repeated_)) connection.to_client += message;
  connection.to_client += std::exchange(connection.held_back, {});
}

bool FaultProxy::Chance(uint32_t one_in) {
  if (one_in == 0 || random_() % one_in != 0) return false;
  ++harmed_;
  return true;
}

}  // namespace trivet::testing
