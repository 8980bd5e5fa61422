#include "trivet/lock.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core.h"
#include "engine/distributed_locks.h"
#include "engine/lease.h"
#include "engine/local_locks.h"
#include "engine/names.h"
#include "engine/strings.h"
#include "trivet/cache.h"
#include "trivet/namespace.h"

namespace trivet {
namespace {

constexpr absl::Duration kLeaseLeast = absl::Milliseconds(100);
constexpr absl::Duration kWaitMost = absl::Hours(1);
constexpr absl::Duration kHoldMost = absl::Hours(24);

absl::Status CheckRange(absl::string_view field, absl::Duration value, absl::Duration least,
                        absl::Duration most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": must be ", absl::FormatDuration(least),
                                                 " to ", absl::FormatDuration(most), ", got ",
                                                 absl::FormatDuration(value)));
}

// The length in front keeps namespaces apart, whatever bytes they are made of; names of the cache
// itself are in none.
std::string FullName(std::string_view space, std::string_view name) {
  return absl::StrCat(space.size(), ":", engine::ToAbsl(space), ":", engine::ToAbsl(name));
}

absl::StatusOr<Lock> AcquireLock(engine::Core& core, std::string_view space, std::string_view name,
                                 const LockOptions& options) {
  if (absl::Status status = core.CheckOpen(); !status.ok()) return status;
  if (absl::Status status = engine::CheckName("lock", name); !status.ok()) return status;
  engine::DistributedLocks* locks = core.locks();
  if (locks == nullptr) {
    return absl::FailedPreconditionError(
        "Lock: needs a keeper of leases, which the cache does not have (CacheOptions.leases)");
  }
  if (absl::Status status = Validate(options, locks->lease_max()); !status.ok()) return status;
  return locks->Acquire(FullName(space, name), options);
}

// The full name, which is held then.
absl::StatusOr<std::string> AcquireLocally(engine::Core& core, std::string_view space,
                                           std::string_view name, absl::Duration wait) {
  if (absl::Status status = core.CheckOpen(); !status.ok()) return status;
  if (absl::Status status = engine::CheckName("lock", name); !status.ok()) return status;
  if (absl::Status status = CheckRange("wait", wait, absl::ZeroDuration(), kWaitMost);
      !status.ok()) {
    return status;
  }
  engine::LocalLocks& locks = core.local_locks();
  if (!locks.IsOwnProcess()) {
    return absl::FailedPreconditionError("lock: the cache belongs to the parent process");
  }
  std::string full_name = FullName(space, name);
  if (locks.Acquire(full_name, core.clock().Elapsed() + wait)) return full_name;
  return absl::DeadlineExceededError("lock: held by another thread");
}

}  // namespace

absl::Status Validate(const LockOptions& options, absl::Duration lease_max) {
  absl::Status status = CheckRange("LockOptions.lease", options.lease, kLeaseLeast, lease_max);
  if (status.ok())
    status = CheckRange("LockOptions.wait", options.wait, absl::ZeroDuration(), kWaitMost);
  if (status.ok())
    status = CheckRange("LockOptions.max_hold", options.max_hold, options.lease, kHoldMost);
  if (!status.ok()) return status;
  switch (options.on_unavailable) {
    case OnUnavailable::kFail:
    case OnUnavailable::kProcessLocal:
      return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("LockOptions.on_unavailable: must be an ",
                                                 "OnUnavailable, got ",
                                                 static_cast<int>(options.on_unavailable)));
}

// --- Lock ---------------------------------------------------------------------------------------

Lock::Lock(engine::DistributedLocks* locks, std::shared_ptr<engine::Lease> lease)
    : token_(lease->token()), scope_(lease->scope()), locks_(locks), lease_(std::move(lease)) {}

Lock::Lock(Lock&& other) noexcept
    : token_(other.token_),
      scope_(other.scope_),
      locks_(std::exchange(other.locks_, nullptr)),
      lease_(std::exchange(other.lease_, nullptr)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
  if (this == &other) return *this;
  Release().IgnoreError();
  token_ = other.token_;
  scope_ = other.scope_;
  locks_ = std::exchange(other.locks_, nullptr);
  lease_ = std::exchange(other.lease_, nullptr);
  return *this;
}

Lock::~Lock() { Release().IgnoreError(); }

LockState Lock::state() const { return lease_ == nullptr ? LockState::kReleased : lease_->state(); }

absl::Duration Lock::valid_for() const {
  return lease_ == nullptr ? absl::ZeroDuration() : lease_->valid_for();
}

WriteFence Lock::fence() const {
  return lease_ == nullptr ? WriteFence() : WriteFence{.lock = lease_->name(), .token = token_};
}

absl::Status Lock::Release() {
  return lease_ == nullptr ? absl::OkStatus() : locks_->Release(*lease_);
}

absl::StatusOr<Lock> Cache::Lock(std::string_view name, const LockOptions& options) {
  return AcquireLock(*core_, "", name, options);
}

absl::StatusOr<Lock> Namespace::Lock(std::string_view name, const LockOptions& options) {
  if (!status_.ok()) return status_;
  return AcquireLock(*core_, state_->name(), name, options);
}

absl::StatusOr<LocalLock> Cache::LockLocally(std::string_view name, absl::Duration wait) {
  absl::StatusOr<std::string> held = AcquireLocally(*core_, "", name, wait);
  if (!held.ok()) return held.status();
  return LocalLock(&core_->local_locks(), *std::move(held));
}

absl::StatusOr<LocalLock> Namespace::LockLocally(std::string_view name, absl::Duration wait) {
  if (!status_.ok()) return status_;
  absl::StatusOr<std::string> held = AcquireLocally(*core_, state_->name(), name, wait);
  if (!held.ok()) return held.status();
  return LocalLock(&core_->local_locks(), *std::move(held));
}

// --- LocalLock ----------------------------------------------------------------------------------

LocalLock::LocalLock(LocalLock&& other) noexcept
    : locks_(std::exchange(other.locks_, nullptr)), name_(std::move(other.name_)) {}

LocalLock& LocalLock::operator=(LocalLock&& other) noexcept {
  if (this == &other) return *this;
  Release();
  locks_ = std::exchange(other.locks_, nullptr);
  name_ = std::move(other.name_);
  return *this;
}

void LocalLock::Release() {
  engine::LocalLocks* locks = std::exchange(locks_, nullptr);
  if (locks != nullptr && locks->IsOwnProcess()) locks->Release(name_);
}

}  // namespace trivet
