#include "tests/support/faulty_shared_tier.h"

#include <utility>

namespace trivet::testing {
namespace {

using engine::MutexLock;
using Answer = absl::StatusOr<SharedAnswer>;

absl::Status Lost() { return absl::DeadlineExceededError("no reply before the deadline"); }

}  // namespace

void FaultySharedTier::LoseRequest(size_t nth) {
  Arm(nth, {.before = Lost(), .after = absl::OkStatus()});
}

void FaultySharedTier::LoseReply(size_t nth) {
  Arm(nth, {.before = absl::OkStatus(), .after = Lost()});
}

void FaultySharedTier::Arm(size_t nth, Fate fate) {
  MutexLock lock(mutex_);
  calls_to_fault_ = nth;
  fault_ = std::move(fate);
}

void FaultySharedTier::FailAll(absl::Status error) {
  MutexLock lock(mutex_);
  all_ = std::move(error);
}

void FaultySharedTier::Refuse(std::string_view space, absl::Status error) {
  MutexLock lock(mutex_);
  refused_space_ = space;
  refusal_ = std::move(error);
}

absl::Status FaultySharedTier::RefusalOf(const SharedPart& part) const {
  MutexLock lock(mutex_);
  return part.space == refused_space_ ? refusal_ : absl::OkStatus();
}

void FaultySharedTier::OnCall(std::function<void()> hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

size_t FaultySharedTier::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

FaultySharedTier::Fate FaultySharedTier::NextFate() {
  std::function<void()> hook;
  Fate fate;
  {
    MutexLock lock(mutex_);
    ++calls_;
    hook = hook_;
    if (calls_to_fault_ > 0 && --calls_to_fault_ == 0) fate = fault_;
    if (!all_.ok()) fate.before = all_;
  }
  if (hook) hook();
  return fate;
}

absl::StatusOr<PartState> FaultySharedTier::Fence(const SharedPart& part,
                                                  uint64_t proposed_generation,
                                                  absl::Duration deadline) {
  return Pass<absl::StatusOr<PartState>>(
      part, [&] { return behind_.Fence(part, proposed_generation, deadline); });
}

absl::StatusOr<std::vector<absl::StatusOr<PartState>>> FaultySharedTier::ReadStates(
    std::span<const SharedPart> parts, absl::Duration deadline) {
  using States = absl::StatusOr<std::vector<absl::StatusOr<PartState>>>;
  return Pass<States>(SharedPart(), [&]() -> States {
    States states = behind_.ReadStates(parts, deadline);
    bool has_answer = parts.empty();
    for (size_t i = 0; states.ok() && i < parts.size(); ++i) {
      if (absl::Status refused = RefusalOf(parts[i]); !refused.ok()) (*states)[i] = refused;
      has_answer = has_answer || (*states)[i].ok();
    }
    if (states.ok() && !has_answer) return states->front().status();
    return states;
  });
}

absl::StatusOr<SharedReading> FaultySharedTier::Read(const SharedPart& part,
                                                     std::span<const SharedRequest> requests,
                                                     absl::Duration deadline) {
  return Pass<absl::StatusOr<SharedReading>>(
      part, [&] { return behind_.Read(part, requests, deadline); });
}

absl::StatusOr<std::vector<SharedAnswer>> FaultySharedTier::ClaimOverMany(
    const SharedPart& part, std::span<const SharedClaim> claims, absl::Duration deadline) {
  return Pass<absl::StatusOr<std::vector<SharedAnswer>>>(
      part, [&] { return behind_.ClaimOverMany(part, claims, deadline); });
}

absl::StatusOr<std::vector<SharedAnswer>> FaultySharedTier::FillMany(
    const SharedPart& part, std::span<const SharedFill> fills, absl::Duration deadline) {
  return Pass<absl::StatusOr<std::vector<SharedAnswer>>>(
      part, [&] { return behind_.FillMany(part, fills, deadline); });
}

Answer FaultySharedTier::Renew(const SharedPart& part, std::string_view key, uint64_t token,
                               uint64_t instead_of, const SharedWrite& write,
                               absl::Duration deadline) {
  return Pass<Answer>(part,
                      [&] { return behind_.Renew(part, key, token, instead_of, write, deadline); });
}

Answer FaultySharedTier::BeginWrite(const SharedPart& part, std::string_view key, uint64_t token,
                                    absl::Duration deadline) {
  return Pass<Answer>(part, [&] { return behind_.BeginWrite(part, key, token, deadline); });
}

Answer FaultySharedTier::EndWrite(const SharedPart& part, std::string_view key, uint64_t token,
                                  uint64_t version, const std::optional<SharedWrite>& write,
                                  absl::Duration deadline) {
  return Pass<Answer>(part,
                      [&] { return behind_.EndWrite(part, key, token, version, write, deadline); });
}

Answer FaultySharedTier::InvalidateKeys(const SharedPart& part,
                                        std::span<const SharedChange> changes,
                                        absl::Duration deadline) {
  return Pass<Answer>(part, [&] { return behind_.InvalidateKeys(part, changes, deadline); });
}

Answer FaultySharedTier::InvalidateTags(const SharedPart& part,
                                        std::span<const std::string_view> tags,
                                        absl::Duration deadline) {
  return Pass<Answer>(part, [&] { return behind_.InvalidateTags(part, tags, deadline); });
}

Answer FaultySharedTier::InvalidatePattern(const SharedPart& part, std::string_view pattern,
                                           absl::Duration deadline) {
  return Pass<Answer>(part, [&] { return behind_.InvalidatePattern(part, pattern, deadline); });
}

Answer FaultySharedTier::Clear(const SharedPart& part, uint64_t new_generation,
                               absl::Duration deadline) {
  return Pass<Answer>(part, [&] { return behind_.Clear(part, new_generation, deadline); });
}

}  // namespace trivet::testing
