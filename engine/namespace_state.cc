#include "engine/namespace_state.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace trivet::engine {

const TypeOps NamespaceState::kBytes = {.identity = &typeid(std::string_view),
                                        .destroy = nullptr,
                                        .encode = nullptr,
                                        .decode = nullptr};

void NamespaceState::ShareThrough(SharedSpace* shared, const CoherenceOptions& coherence) {
  shared_ = shared;
  bound_ = static_cast<Millis>(absl::ToInt64Milliseconds(coherence.staleness_max));
  const bool always =
      coherence.bus == Bus::kNone || (options_.without_proof == WithoutProof::kServeMemory &&
                                      options_.unproven_max == absl::InfiniteDuration());
  if (!always) served_until_.store(0, std::memory_order_release);
}

void NamespaceState::SetProof(absl::Duration at, absl::Duration bound) {
  proven_at_.store(static_cast<Millis>(absl::ToInt64Milliseconds(at)), std::memory_order_release);
  if (served_until() == kNever) return;
  // The clock that hits look at may be a step behind.
  absl::Duration until = at + bound - kClockStep;
  if (options_.without_proof == WithoutProof::kServeMemory) until += options_.unproven_max;
  // Release: what memory was told before the proof is seen by who sees the proof.
  served_until_.store(static_cast<Millis>(absl::ToInt64Milliseconds(until)),
                      std::memory_order_release);
}

absl::Duration NamespaceState::StalenessAt(absl::Duration now, Millis proven_at) {
  if (proven_at == kNever) return absl::InfiniteDuration();
  return now + kClockStep - absl::Milliseconds(proven_at);
}

bool NamespaceState::Decide(const TypeOps* holds) {
  const TypeOps* before = nullptr;
  return holds_.compare_exchange_strong(before, holds, std::memory_order_relaxed) ||
         *before->identity == *holds->identity;
}

absl::StatusOr<NamespaceState*> NamespaceTable::Open(std::string_view name,
                                                     const NamespaceOptions& options,
                                                     bool must_match) {
  MutexLock lock(mu_);
  if (const auto it = by_name_.find(name); it != by_name_.end()) {
    if (must_match && !(it->second->options() == options)) {
      return absl::FailedPreconditionError(
          "NamespaceOptions: the namespace is already open with other options");
    }
    return it->second.get();
  }
  if (by_id_.size() >= kNamespacesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the cache has its most namespaces, ", kNamespacesMax));
  }
  if (options.quota_bytes != 0 && quotas_ >= kQuotasMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the cache has its most namespaces with a quota, ", kQuotasMax));
  }
  auto state =
      std::make_unique<NamespaceState>(static_cast<uint32_t>(by_id_.size()), name, options);
  NamespaceState* result = state.get();
  if (prepare_ != nullptr) {
    if (absl::Status status = prepare_(*result); !status.ok()) return status;
  }
  quotas_ += options.quota_bytes != 0 ? 1 : 0;
  by_name_.emplace(name, std::move(state));
  by_id_.push_back(result);
  return result;
}

void NamespaceTable::OnNew(std::function<absl::Status(NamespaceState&)> prepare) {
  MutexLock lock(mu_);
  prepare_ = std::move(prepare);
}

std::vector<NamespaceState*> NamespaceTable::All() const {
  MutexLock lock(mu_);
  return by_id_;
}

}  // namespace trivet::engine
