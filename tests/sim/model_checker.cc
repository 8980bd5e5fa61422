#include "tests/sim/model_checker.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace trivet::sim {

namespace {

template <typename Function>
void ForEachVersion(VersionSet versions, Function function) {
  for (; versions != 0; versions &= versions - 1) {
    function(static_cast<Version>(std::countr_zero(versions)));
  }
}

}  // namespace

const char* NameOf(Violation violation) {
  switch (violation) {
    case Violation::kReadYourWrites:
      return "read-your-writes";
    case Violation::kBound:
      return "bound";
    case Violation::kResurrected:
      return "resurrected";
    case Violation::kMemoryDiverged:
      return "memory-diverged";
    case Violation::kRedisDiverged:
      return "redis-diverged";
    case Violation::kNotMonotonic:
      return "not-monotonic";
    case Violation::kNotServing:
      return "not-serving";
    case Violation::kStuck:
      return "stuck";
    case Violation::kCount:
      break;
  }
  return "";
}

Checker::Checker(const Settings& settings, const Store& store)
    : settings_(settings), store_(store) {
  for (auto& of_key : over_since_) of_key.fill(std::numeric_limits<Tick>::max());
}

Checker::Reading Checker::Begin(uint32_t process, uint32_t key, Tick now) const {
  Reading reading{.process = process,
                  .key = key,
                  .over_for_process = over_for_process_[process][key],
                  .floor = seen_[process][key]};
  for (Version version = 1; version < store_.Current(key); ++version) {
    if (over_since_[key][version] <= now - settings_.bound) {
      reading.over_for_all |= VersionSet{1} << version;
    }
  }
  return reading;
}

void Checker::End(const Reading& reading, Version version) {
  if (Has(reading.over_for_process, version)) Report(Violation::kReadYourWrites);
  if (Has(reading.over_for_all, version)) Report(Violation::kBound);
  if (settings_.only_sets && version < reading.floor) Report(Violation::kNotMonotonic);
  Version& seen = seen_[reading.process][reading.key];
  seen = std::max(seen, version);
}

void Checker::EndsAt(const Change& change, Tick when) {
  for (uint32_t key = 0; key < settings_.keys; ++key) {
    over_in_the_end_[key] |= change.ends[key];
    ForEachVersion(change.ends[key], [&](Version version) {
      Tick& since = over_since_[key][version];
      since = std::min(since, when);
    });
  }
}

void Checker::Committed(const Change& change) {
  if (change.logged) EndsAt(change, change.committed + settings_.relay_after);
}

void Checker::Acknowledged(uint32_t process, const Change& change) {
  for (uint32_t key = 0; key < settings_.keys; ++key) {
    over_for_process_[process][key] |= change.ends[key];
  }
}

void Checker::Told(const Change& change, Tick now) {
  EndsAt(change, now);
  for (uint32_t key = 0; key < settings_.keys; ++key) told_[key] |= change.ends[key];
}

void Checker::StoredInRedis(uint32_t key, Version version) {
  if (Has(told_[key], version)) Report(Violation::kResurrected);
}

}  // namespace trivet::sim
