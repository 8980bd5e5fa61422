#include "trivet/options.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/strings.h"

namespace trivet {
namespace {

// Expects an InvalidArgument that begins with the name of the field.
void ExpectBlamed(const absl::Status& status, std::string_view field) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_TRUE(engine::ToStd(status.message()).starts_with(std::string(field) + ":")) << status;
}

CacheOptions GoodCacheOptions() {
  CacheOptions options;
  options.memory_bytes = 1 << 20;
  return options;
}

// The default of every field but those that `change` sets.
SetOptions With(const std::function<void(SetOptions&)>& change) {
  SetOptions options;
  change(options);
  return options;
}

TEST(CacheOptions, DefaultsWithOneLimitAreGood) {
  CacheOptions options;
  options.memory_bytes = 1 << 20;
  EXPECT_TRUE(Validate(options).ok());
  options.max_entries = 1;
  EXPECT_TRUE(Validate(options).ok());
  options.memory_bytes = 0;
  EXPECT_TRUE(Validate(options).ok());
}

TEST(CacheOptions, NeedALimit) {
  ExpectBlamed(Validate(CacheOptions{}), "CacheOptions.memory_bytes");
}

TEST(CacheOptions, EndsOfTheRangesAreGood) {
  const std::function<void(CacheOptions&)> kChanges[] = {
      [](CacheOptions& o) { o.memory_bytes = 64 << 10; },
      [](CacheOptions& o) { o.memory_bytes = size_t{56} << 30; },
      [](CacheOptions& o) { o.max_entries = std::numeric_limits<size_t>::max(); },
      [](CacheOptions& o) { o.shards = 1; },
      [](CacheOptions& o) { o.memory_bytes = 4096 * (o.shards = 1024); },
      [](CacheOptions& o) { o.memory_bytes = 4096 * (o.shards = o.max_entries = 512); },
      [](CacheOptions& o) { o.value_bytes_max = 1; },
      [](CacheOptions& o) { o.value_bytes_max = kValueBytesCeiling; },
      [](CacheOptions& o) { o.join_timeout = absl::Nanoseconds(1); },
      [](CacheOptions& o) { o.join_timeout = absl::Hours(1'000'000); },
      [](CacheOptions& o) { o.namespace_defaults.ttl = kTtlMax; },
      [](CacheOptions& o) { o.namespace_defaults.idle_ttl = absl::Nanoseconds(1); },
      [](CacheOptions& o) { o.background_maintenance = false; },
  };
  for (const auto& change : kChanges) {
    CacheOptions options = GoodCacheOptions();
    change(options);
    EXPECT_TRUE(Validate(options).ok()) << Validate(options);
  }
}

TEST(CacheOptions, ErrorsNameTheField) {
  const struct {
    std::string_view field;
    std::function<void(CacheOptions&)> change;
  } kCases[] = {
      {"CacheOptions.memory_bytes", [](CacheOptions& o) { o.memory_bytes = 1; }},
      {"CacheOptions.memory_bytes", [](CacheOptions& o) { o.memory_bytes = (64 << 10) - 1; }},
      {"CacheOptions.memory_bytes", [](CacheOptions& o) { o.memory_bytes = 0; }},
      {"CacheOptions.memory_bytes", [](CacheOptions& o) { o.memory_bytes = 32767, o.shards = 8; }},
      {"CacheOptions.max_entries", [](CacheOptions& o) { o.max_entries = 7, o.shards = 8; }},
      {"CacheOptions.shards", [](CacheOptions& o) { o.shards = 3; }},
      {"CacheOptions.shards", [](CacheOptions& o) { o.shards = 2048; }},
      {"CacheOptions.policy", [](CacheOptions& o) { o.policy = ""; }},
      {"CacheOptions.policy", [](CacheOptions& o) { o.policy = "LRU"; }},
      {"CacheOptions.value_bytes_max", [](CacheOptions& o) { o.value_bytes_max = 0; }},
      {"CacheOptions.value_bytes_max",
       [](CacheOptions& o) { o.value_bytes_max = kValueBytesCeiling + 1; }},
      {"CacheOptions.join_timeout", [](CacheOptions& o) { o.join_timeout = absl::ZeroDuration(); }},
      {"CacheOptions.join_timeout", [](CacheOptions& o) { o.join_timeout = -absl::Seconds(1); }},
      {"CacheOptions.join_timeout",
       [](CacheOptions& o) { o.join_timeout = absl::InfiniteDuration(); }},
      {"CacheOptions.namespace_defaults.ttl",
       [](CacheOptions& o) { o.namespace_defaults.ttl = absl::ZeroDuration(); }},
      {"CacheOptions.namespace_defaults.idle_ttl",
       [](CacheOptions& o) { o.namespace_defaults.idle_ttl = kTtlMax + absl::Seconds(1); }},
  };
  for (const auto& c : kCases) {
    CacheOptions options = GoodCacheOptions();
    c.change(options);
    ExpectBlamed(Validate(options), c.field);
  }
}

TEST(CacheOptions, ErrorsSayRuleAndValue) {
  CacheOptions options = GoodCacheOptions();
  options.shards = 3;
  EXPECT_EQ(engine::ToStd(Validate(options).message()),
            "CacheOptions.shards: must be 0 or a power of two up to 1024, got 3");
  options = GoodCacheOptions();
  options.join_timeout = -absl::Seconds(1);
  EXPECT_EQ(engine::ToStd(Validate(options).message()),
            "CacheOptions.join_timeout: must be positive and finite, got -1s");
}

TEST(NamespaceOptions, DefaultsAreGood) { EXPECT_TRUE(Validate(NamespaceOptions{}).ok()); }

TEST(NamespaceOptions, ErrorsNameTheField) {
  ExpectBlamed(Validate(NamespaceOptions{.ttl = -absl::Seconds(1)}), "NamespaceOptions.ttl");
  ExpectBlamed(Validate(NamespaceOptions{.idle_ttl = absl::ZeroDuration()}),
               "NamespaceOptions.idle_ttl");
}

TEST(SetOptions, DefaultsAreGood) { EXPECT_TRUE(Validate(SetOptions{}).ok()); }

TEST(SetOptions, EveryFieldInItsRangeIsGood) {
  const std::function<void(SetOptions&)> kChanges[] = {
      [](SetOptions& o) { o.ttl = absl::InfiniteDuration(); },
      [](SetOptions& o) { o.idle_ttl = kTtlMax; },
      [](SetOptions& o) {
        o.tags = {"a", "b", "a"};
      },
      [](SetOptions& o) { o.when = SetWhen::kIfAbsent; },
      [](SetOptions& o) { o.when = SetWhen::kIfPresent; },
      [](SetOptions& o) { o.when = SetWhen::kIfVersion, o.if_version = 7; },
  };
  for (const auto& change : kChanges) {
    EXPECT_TRUE(Validate(With(change)).ok()) << Validate(With(change));
  }
}

TEST(SetOptions, ErrorsNameTheField) {
  const struct {
    std::string_view field;
    std::function<void(SetOptions&)> change;
  } kCases[] = {
      {"SetOptions.ttl", [](SetOptions& o) { o.ttl = absl::ZeroDuration(); }},
      {"SetOptions.idle_ttl", [](SetOptions& o) { o.idle_ttl = -absl::InfiniteDuration(); }},
      {"SetOptions.tags[1]",
       [](SetOptions& o) {
         o.tags = {"a", ""};
       }},
      {"SetOptions.when", [](SetOptions& o) { o.when = static_cast<SetWhen>(4); }},
  };
  for (const auto& c : kCases) ExpectBlamed(Validate(With(c.change)), c.field);
}

TEST(SetOptions, AVersionWithoutItsConditionIsAMistake) {
  for (const SetWhen when : {SetWhen::kAlways, SetWhen::kIfAbsent, SetWhen::kIfPresent}) {
    ExpectBlamed(Validate(With([when](SetOptions& o) { o.when = when, o.if_version = 7; })),
                 "SetOptions.if_version");
  }
}

TEST(CoherenceOptions, FieldsHaveTheirRanges) {
  const struct {
    const char* field;
    std::function<void(CoherenceOptions&)> change;
  } kBad[] = {
      {"staleness_max", [](auto& it) { it.staleness_max = absl::Milliseconds(99); }},
      {"staleness_max", [](auto& it) { it.staleness_max = absl::InfiniteDuration(); }},
      {"heartbeat", [](auto& it) { it.heartbeat = absl::Milliseconds(9); }},
      {"heartbeat", [](auto& it) { it.heartbeat = absl::Milliseconds(1001); }},
      {"timeout", [](auto& it) { it.timeout = absl::ZeroDuration(); }},
      {"timeout", [](auto& it) { it.timeout = absl::Seconds(61); }},
      {"claim_wait", [](auto& it) { it.claim_wait = -absl::Milliseconds(1); }},
      {"claim_wait", [](auto& it) { it.claim_wait = absl::Seconds(61); }},
      {"relay_max", [](auto& it) { it.relay_max = absl::Milliseconds(19); }},
      {"relay_max", [](auto& it) { it.relay_max = absl::Hours(2); }},
      {"relay_after", [](auto& it) { it.relay_after = absl::Milliseconds(9); }},
      {"relay_after", [](auto& it) { it.relay_after = absl::Milliseconds(251); }},
  };
  for (const auto& bad : kBad) {
    CacheOptions options = GoodCacheOptions();
    bad.change(options.coherence);
    ExpectBlamed(Validate(options), std::string("CoherenceOptions.") + bad.field);
  }
}

TEST(GetOptions, StalenessIsNotNegative) {
  EXPECT_TRUE(Validate(GetOptions{}).ok());
  EXPECT_TRUE(Validate(GetOptions{.staleness_max = absl::ZeroDuration()}).ok());
  ExpectBlamed(Validate(GetOptions{.staleness_max = -absl::Nanoseconds(1)}),
               "GetOptions.staleness_max");
}

}  // namespace
}  // namespace trivet
