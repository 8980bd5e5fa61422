#include "tests/support/fleet.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"
#include "tests/support/cache_internals.h"

namespace trivet::testing {

Fleet::Fleet(const Options& options)
    : server_(&clock_, {.parts = options.parts}), rows_(std::make_shared<MemoryBacking>(&clock_)) {
  for (size_t i = 0; i < options.processes; ++i) {
    Process process;
    process.fake = std::make_unique<FakeSharedTier>(&server_);
    process.tier = std::make_shared<FaultySharedTier>(process.fake.get());
    process.store = std::make_shared<FaultyBacking>(rows_);
    CacheOptions cache;
    cache.memory_bytes = 1 << 20;
    cache.shards = 1;
    cache.namespace_defaults = options.namespace_defaults;
    cache.background_maintenance = false;
    if (options.with_store) cache.backing = process.store;
    cache.shared = process.tier;
    cache.coherence = options.coherence;
    cache.clock = &clock_;
    if (i + 1 == options.processes) cache.removal_listener = options.removal_listener;
    auto opened = Cache::Open(std::move(cache));
    TRIVET_CHECK(opened.ok(), opened.status().ToString());
    process.cache = *std::move(opened);
    processes_.push_back(std::move(process));
  }
  for (size_t i = 0; i < options.processes; ++i) users(i);
  Beat();
}

Fleet::~Fleet() {
  for (const Process& process : processes_) {
    if (process.cache != nullptr) CheckInvariants(*process.cache);
  }
}

void Fleet::Beat() {
  for (const Process& process : processes_) {
    if (process.cache != nullptr) process.cache->Maintain(1000);
  }
}

void Fleet::Pass(absl::Duration time, absl::Duration step) {
  while (time > absl::ZeroDuration()) {
    const absl::Duration now = std::min(time, step);
    clock_.Advance(now);
    time -= now;
    Beat();
  }
}

}  // namespace trivet::testing
