// What the options of a write come to, in a namespace and now.
#ifndef TRIVET_ENGINE_WRITE_OPTIONS_H_
#define TRIVET_ENGINE_WRITE_OPTIONS_H_

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/memory_tier.h"
#include "engine/memory_writes.h"
#include "engine/millis.h"
#include "engine/names.h"
#include "engine/strings.h"
#include "trivet/options.h"

namespace trivet::engine {

// What the options of a Set come to, for this namespace and now.
struct Lifetime {
  absl::Duration ttl;
  absl::Duration idle_ttl;
};
inline Lifetime LifetimeOf(const SetOptions& options, const NamespaceOptions& defaults) {
  return {options.ttl.value_or(defaults.ttl), options.idle_ttl.value_or(defaults.idle_ttl)};
}

inline NewValue ForMemory(const MemoryTier& memory, std::string_view value,
                          const SetOptions& options, const Lifetime& lifetime) {
  return {.value = value,
          .tags = options.tags,
          .expires = lifetime.ttl == absl::InfiniteDuration()
                         ? kNever
                         : ExpiryAfter(memory.now(), lifetime.ttl),
          .idle = CeilMillis(lifetime.idle_ttl)};
}

inline std::vector<KeyRef> RefsOf(const MemoryTier& memory, NamespaceState* space,
                                  std::span<const std::string_view> keys) {
  std::vector<KeyRef> refs;
  refs.reserve(keys.size());
  for (std::string_view key : keys) refs.push_back(memory.Ref(space, key));
  return refs;
}

// What only a common truth can decide.
inline absl::Status NeedsStore(std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat(ToAbsl(what), " needs a store where processes share the namespace"));
}

// Whether a writer still holds its lock is decided where the truth is.
inline absl::Status CheckFence(const std::optional<WriteFence>& fence, bool uses_store) {
  if (!fence.has_value() || uses_store) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "fence: the namespace has no rows in a store, which would decide");
}

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_WRITE_OPTIONS_H_
