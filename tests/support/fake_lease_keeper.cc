#include "tests/support/fake_lease_keeper.h"

#include <algorithm>
#include <utility>

namespace trivet::testing {
namespace {

using engine::MutexLock;

absl::Status Lost() { return absl::DeadlineExceededError("no reply before the deadline"); }

}  // namespace

// --- The server ---------------------------------------------------------------------------------

class FakeLeaseServer::Watch final : public LeaseWatch {
 public:
  Watch(FakeLeaseServer& server, LeaseListener& listener) : server_(server), listener_(listener) {
    MutexLock lock(server_.calling_mutex_);
    server_.listeners_.insert(&listener_);
  }
  ~Watch() override {
    MutexLock lock(server_.calling_mutex_);
    server_.listeners_.erase(&listener_);
  }

 private:
  FakeLeaseServer& server_;
  LeaseListener& listener_;
};

void FakeLeaseServer::Flush() {
  MutexLock lock(mutex_);
  data_ = {};
}

void FakeLeaseServer::TakeSnapshot() {
  MutexLock lock(mutex_);
  snapshot_ = data_;
}

void FakeLeaseServer::FailOver() {
  MutexLock lock(mutex_);
  data_ = snapshot_;
  ++run_;
}

void FakeLeaseServer::SetFull(bool full) {
  MutexLock lock(mutex_);
  full_ = full;
}

bool FakeLeaseServer::IsFull() {
  MutexLock lock(mutex_);
  return full_;
}

void FakeLeaseServer::Age(absl::Duration by) {
  MutexLock lock(mutex_);
  ahead_ += by;
}

void FakeLeaseServer::EndGrace() {
  MutexLock lock(mutex_);
  data_.run = run_;
  data_.grace_until = Now();
}

std::optional<LeaseOwner> FakeLeaseServer::OwnerOf(std::string_view name) {
  MutexLock lock(mutex_);
  const Lease* lease = Find(name);
  if (lease == nullptr) return std::nullopt;
  return lease->owner;
}

FakeLeaseServer::Lease* FakeLeaseServer::Find(std::string_view name) {
  const auto found = data_.leases.find(name);
  if (found == data_.leases.end()) return nullptr;
  if (found->second.until > Now()) return &found->second;
  data_.leases.erase(found);
  return nullptr;
}

LeaseAnswer FakeLeaseServer::Acquire(std::string_view name, const LeaseOwner& owner,
                                     absl::Duration lease) {
  MutexLock lock(mutex_);
  if (data_.run != run_) {
    data_.run = run_;
    data_.grace_until = Now() + lease_max_;
  }
  if (Lease* held = Find(name); held != nullptr) {
    if (held->owner != owner) {
      return {.state = LeaseAnswer::State::kBusy, .remaining = held->until - Now()};
    }
    held->until = Now() + lease;
    return {.state = LeaseAnswer::State::kAcquired, .token = held->token, .remaining = lease};
  }
  if (data_.grace_until > Now()) {
    return {.state = LeaseAnswer::State::kGrace, .remaining = data_.grace_until - Now()};
  }
  uint64_t& token = data_.tokens[std::string(name)];
  token =
      std::max(token + 1, static_cast<uint64_t>(absl::ToUnixMicros(clock_.WallTime() + ahead_)));
  data_.leases[std::string(name)] = {.owner = owner, .token = token, .until = Now() + lease};
  return {.state = LeaseAnswer::State::kAcquired, .token = token, .remaining = lease};
}

bool FakeLeaseServer::Renew(std::string_view name, const LeaseOwner& owner, absl::Duration lease) {
  MutexLock lock(mutex_);
  Lease* held = Find(name);
  if (held == nullptr || held->owner != owner) return false;
  held->until = Now() + lease;
  return true;
}

bool FakeLeaseServer::Release(std::string_view name, const LeaseOwner& owner) {
  {
    MutexLock lock(mutex_);
    const Lease* held = Find(name);
    if (held == nullptr || held->owner != owner) return false;
    data_.leases.erase(data_.leases.find(name));
  }
  MutexLock lock(calling_mutex_);
  for (LeaseListener* listener : listeners_) listener->OnReleased(name);
  return true;
}

// --- The way to it ------------------------------------------------------------------------------

void FakeLeaseKeeper::LoseRequest(size_t nth) { Arm(nth, {.before = Lost()}); }

void FakeLeaseKeeper::LoseReply(size_t nth) { Arm(nth, {.after = Lost()}); }

void FakeLeaseKeeper::Arm(size_t nth, Fate fate) {
  MutexLock lock(mutex_);
  calls_to_fault_ = nth;
  fault_ = std::move(fate);
}

void FakeLeaseKeeper::FailAll(absl::Status error) {
  MutexLock lock(mutex_);
  all_ = std::move(error);
}

void FakeLeaseKeeper::OnCall(std::function<void()> hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

void FakeLeaseKeeper::OnReply(std::function<void()> hook) {
  MutexLock lock(mutex_);
  reply_hook_ = std::move(hook);
}

size_t FakeLeaseKeeper::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

size_t FakeLeaseKeeper::watches() const {
  MutexLock lock(server_.calling_mutex_);
  return server_.listeners_.size();
}

FakeLeaseKeeper::Fate FakeLeaseKeeper::NextFate(absl::Duration deadline) {
  std::function<void()> hook;
  Fate fate;
  {
    MutexLock lock(mutex_);
    ++calls_;
    hook = hook_;
    if (calls_to_fault_ > 0 && --calls_to_fault_ == 0) fate = fault_;
    if (!all_.ok()) fate.before = all_;
    fate.reply_hook = reply_hook_;
  }
  if (hook) hook();
  if (server_.clock_.Elapsed() >= deadline) fate.before = Lost();
  return fate;
}

absl::StatusOr<LeaseAnswer> FakeLeaseKeeper::Acquire(std::string_view name, const LeaseOwner& owner,
                                                     absl::Duration lease,
                                                     absl::Duration deadline) {
  return Pass<LeaseAnswer>(deadline, [&]() -> absl::StatusOr<LeaseAnswer> {
    if (server_.IsFull()) return absl::ResourceExhaustedError("no memory");
    return server_.Acquire(name, owner, lease);
  });
}

absl::StatusOr<bool> FakeLeaseKeeper::Renew(std::string_view name, const LeaseOwner& owner,
                                            absl::Duration lease, absl::Duration deadline) {
  return Pass<bool>(deadline, [&] { return server_.Renew(name, owner, lease); });
}

absl::StatusOr<bool> FakeLeaseKeeper::Release(std::string_view name, const LeaseOwner& owner,
                                              absl::Duration deadline) {
  return Pass<bool>(deadline, [&] { return server_.Release(name, owner); });
}

absl::StatusOr<std::unique_ptr<LeaseWatch>> FakeLeaseKeeper::Watch(LeaseListener& listener) {
  return std::make_unique<FakeLeaseServer::Watch>(server_, listener);
}

}  // namespace trivet::testing
