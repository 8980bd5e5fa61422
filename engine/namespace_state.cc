#include "engine/namespace_state.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace trivet::engine {

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
  auto state =
      std::make_unique<NamespaceState>(static_cast<uint32_t>(by_id_.size()), name, options);
  NamespaceState* result = state.get();
  by_name_.emplace(name, std::move(state));
  by_id_.push_back(result);
  return result;
}

std::vector<NamespaceState*> NamespaceTable::All() const {
  MutexLock lock(mu_);
  return by_id_;
}

}  // namespace trivet::engine
