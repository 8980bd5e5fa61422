#include "sync/host_lookup.h"

#include <netdb.h>

#include <cstring>
#include <optional>
#include <system_error>
#include <thread>

#include "engine/mutex.h"
#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

using engine::CondVar;
using engine::Mutex;
using engine::MutexLock;

absl::Status Failed(std::string_view why) {
  return MakeRedisStatus(RedisError::kUnreachable, Executed::kNo,
                         "cannot find the host: " + std::string(why));
}

absl::StatusOr<SocketAddresses> Resolve(const std::string& host, uint16_t port, int flags) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Failed(gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &freeaddrinfo);
  SocketAddresses addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress address;
    if (one->ai_addrlen > sizeof(address.bytes)) continue;
    std::memcpy(&address.bytes, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  if (addresses.empty()) return Failed("no address");
  return addresses;
}

}  // namespace

struct HostLookup::Shared {
  void Finish(absl::StatusOr<SocketAddresses> found) {
    MutexLock lock(mutex);
    result = std::move(found);
    changed.SignalAll();
  }

  Mutex mutex;
  CondVar changed;
  std::optional<absl::StatusOr<SocketAddresses>> result TRIVET_GUARDED_BY(mutex);
};

HostLookup::HostLookup(const std::string& host, uint16_t port)
    : shared_(std::make_shared<Shared>()) {
  absl::StatusOr<SocketAddresses> numeric = Resolve(host, port, AI_NUMERICHOST);
  if (numeric.ok()) {
    shared_->Finish(std::move(numeric));
    return;
  }
  try {
    std::thread([shared = shared_, host, port] {
      shared->Finish(Resolve(host, port, AI_ADDRCONFIG));
    }).detach();
  } catch (const std::system_error&) {
    shared_->Finish(Failed("no thread"));
  }
}

bool HostLookup::AwaitUntil(const Clock& clock, absl::Duration deadline) {
  MutexLock lock(shared_->mutex);
  while (!shared_->result) {
    if (clock.Elapsed() >= deadline) return false;
    shared_->changed.WaitFor(shared_->mutex, clock.WaitSlice(deadline));
  }
  return true;
}

absl::StatusOr<SocketAddresses> HostLookup::Result() const {
  MutexLock lock(shared_->mutex);
  if (!shared_->result->ok()) return Unshared(shared_->result->status());
  return *shared_->result;
}

}  // namespace trivet::sync
