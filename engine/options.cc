#include "trivet/options.h"

#include <bit>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/names.h"
#include "engine/policy.h"
#include "engine/strings.h"

namespace trivet {
namespace {

using engine::CheckTags;
using engine::CheckTtl;
using engine::ToAbsl;

// Less than this would not hold the tables of a single shard and a few entries.
constexpr size_t kMemoryBytesMin = 64 << 10;
// Less would hold hardly anything: a value may take an eighth of it.
constexpr size_t kShardBytesMin = 4 << 10;
// What an arena holds, less some room for its slack.
constexpr size_t kMemoryBytesMax = size_t{56} << 30;

// Beyond it, more shards no longer spread the threads of any machine better.
constexpr size_t kShardsMax = 1024;

// "CacheOptions.shards: must be ..., got 3".
template <typename Got>
absl::Status Wrong(std::string_view field, std::string_view rule, const Got& got) {
  return absl::InvalidArgumentError(
      absl::StrCat(ToAbsl(field), ": must be ", ToAbsl(rule), ", got ", got));
}

absl::Status ValidateCapacity(const CacheOptions& options) {
  if (options.memory_bytes == 0 && options.max_entries == 0) {
    return absl::InvalidArgumentError(
        "CacheOptions.memory_bytes: must be given where CacheOptions.max_entries is not");
  }
  if (options.memory_bytes != 0 && options.memory_bytes < kMemoryBytesMin) {
    return Wrong("CacheOptions.memory_bytes", "0 or at least 65536", options.memory_bytes);
  }
  if (options.memory_bytes > kMemoryBytesMax) {
    return Wrong("CacheOptions.memory_bytes", "at most 60129542144 (56 GiB)", options.memory_bytes);
  }
  if (options.shards != 0 &&
      (!std::has_single_bit(options.shards) || options.shards > kShardsMax)) {
    return Wrong("CacheOptions.shards", "0 or a power of two up to 1024", options.shards);
  }
  if (options.memory_bytes != 0 && options.memory_bytes / kShardBytesMin < options.shards) {
    return Wrong("CacheOptions.memory_bytes",
                 absl::StrCat("at least ", kShardBytesMin, " per shard (", options.shards, ")"),
                 options.memory_bytes);
  }
  if (options.max_entries != 0 && options.max_entries < options.shards) {
    return Wrong("CacheOptions.max_entries",
                 absl::StrCat("at least one per shard (", options.shards, ")"),
                 options.max_entries);
  }
  return absl::OkStatus();
}

absl::Status ValidateNamespace(std::string_view prefix, const NamespaceOptions& options) {
  if (absl::Status status = CheckTtl(absl::StrCat(ToAbsl(prefix), ".ttl"), options.ttl);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckTtl(absl::StrCat(ToAbsl(prefix), ".idle_ttl"), options.idle_ttl);
      !status.ok()) {
    return status;
  }
  if (options.quota_bytes != 0 && options.quota_bytes < kMemoryBytesMin) {
    return Wrong(absl::StrCat(ToAbsl(prefix), ".quota_bytes"), "0 or at least 65536",
                 options.quota_bytes);
  }
  if (options.unproven_max < absl::ZeroDuration()) {
    return Wrong(absl::StrCat(ToAbsl(prefix), ".unproven_max"), "not negative",
                 absl::FormatDuration(options.unproven_max));
  }
  switch (options.without_proof) {
    case WithoutProof::kBypassMemory:
    case WithoutProof::kServeMemory:
    case WithoutProof::kFail:
      return absl::OkStatus();
  }
  return Wrong(absl::StrCat(ToAbsl(prefix), ".without_proof"), "a WithoutProof",
               static_cast<int>(options.without_proof));
}

absl::Status CheckRange(std::string_view field, absl::Duration value, absl::Duration min,
                        absl::Duration max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return Wrong(field, absl::StrCat(absl::FormatDuration(min), " to ", absl::FormatDuration(max)),
               absl::FormatDuration(value));
}

absl::Status ValidateCoherence(const CoherenceOptions& options) {
  const struct {
    std::string_view field;
    absl::Duration value, min, max;
  } kRanges[] = {
      {"CoherenceOptions.staleness_max", options.staleness_max, absl::Milliseconds(100),
       absl::Hours(1)},
      {"CoherenceOptions.heartbeat", options.heartbeat, absl::Milliseconds(10),
       options.staleness_max / 2},
      {"CoherenceOptions.timeout", options.timeout, absl::Milliseconds(1), absl::Minutes(1)},
      {"CoherenceOptions.claim_wait", options.claim_wait, absl::ZeroDuration(), absl::Minutes(1)},
      {"CoherenceOptions.relay_max", options.relay_max, absl::Milliseconds(20), absl::Hours(1)},
      {"CoherenceOptions.relay_after", options.relay_after, absl::Milliseconds(10),
       options.relay_max / 2},
  };
  for (const auto& range : kRanges) {
    absl::Status status = CheckRange(range.field, range.value, range.min, range.max);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckVersions(std::string_view prefix, const NamespaceOptions& options,
                           const CacheOptions& of_cache) {
  if (options.versions || !options.use_backing || of_cache.backing == nullptr) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(ToAbsl(prefix), ".versions: must be true where the namespace has rows in the ",
                   "store (see NamespaceOptions.use_backing)"));
}

bool IsKnown(SetWhen when) {
  switch (when) {
    case SetWhen::kAlways:
    case SetWhen::kIfAbsent:
    case SetWhen::kIfPresent:
    case SetWhen::kIfVersion:
      return true;
  }
  return false;
}

}  // namespace

absl::Status Validate(const CacheOptions& options) {
  if (absl::Status status = ValidateCapacity(options); !status.ok()) return status;
  if (!engine::IsPolicy(options.policy)) {
    return absl::InvalidArgumentError(
        absl::StrCat("CacheOptions.policy: must be \"lru\" or \"s3fifo\", got another name of ",
                     options.policy.size(), " bytes"));
  }
  if (options.value_bytes_max == 0 || options.value_bytes_max > kValueBytesCeiling) {
    return Wrong("CacheOptions.value_bytes_max", absl::StrCat("1 to ", kValueBytesCeiling),
                 options.value_bytes_max);
  }
  if (options.join_timeout <= absl::ZeroDuration() ||
      options.join_timeout == absl::InfiniteDuration()) {
    return Wrong("CacheOptions.join_timeout", "positive and finite",
                 absl::FormatDuration(options.join_timeout));
  }
  if (absl::Status status = ValidateCoherence(options.coherence); !status.ok()) return status;
  constexpr std::string_view kDefaults = "CacheOptions.namespace_defaults";
  if (absl::Status status = ValidateNamespace(kDefaults, options.namespace_defaults);
      !status.ok()) {
    return status;
  }
  return CheckVersions(kDefaults, options.namespace_defaults, options);
}

absl::Status Validate(const NamespaceOptions& options) {
  return ValidateNamespace("NamespaceOptions", options);
}

absl::Status Validate(const NamespaceOptions& options, const CacheOptions& of_cache) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  return CheckVersions("NamespaceOptions", options, of_cache);
}

absl::Status Validate(const SetOptions& options) {
  if (options.ttl) {
    if (absl::Status status = CheckTtl("SetOptions.ttl", *options.ttl); !status.ok()) return status;
  }
  if (options.idle_ttl) {
    if (absl::Status status = CheckTtl("SetOptions.idle_ttl", *options.idle_ttl); !status.ok()) {
      return status;
    }
  }
  if (!IsKnown(options.when)) {
    return Wrong("SetOptions.when", "a SetWhen", static_cast<int>(options.when));
  }
  // A version without the condition is a forgotten condition: it would overwrite what it was meant
  // to protect.
  if (options.if_version != 0 && options.when != SetWhen::kIfVersion) {
    return Wrong("SetOptions.if_version", "0 unless SetOptions.when is kIfVersion",
                 options.if_version);
  }
  if (options.fence.has_value()) {
    if (absl::Status status = Validate(*options.fence, "SetOptions.fence"); !status.ok()) {
      return status;
    }
  }
  return CheckTags(options.tags, "SetOptions.tags");
}

absl::Status Validate(const DeleteOptions& options) {
  if (!options.fence.has_value()) return absl::OkStatus();
  return Validate(*options.fence, "DeleteOptions.fence");
}

absl::Status Validate(const GetOptions& options) {
  if (options.staleness_max >= absl::ZeroDuration()) return absl::OkStatus();
  return Wrong("GetOptions.staleness_max", "not negative",
               absl::FormatDuration(options.staleness_max));
}

}  // namespace trivet
