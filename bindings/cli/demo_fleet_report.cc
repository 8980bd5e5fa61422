#include "bindings/cli/demo_fleet_report.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "bindings/cli/quantity.h"
#include "bindings/cli/text_table.h"

namespace trivet::cli {
namespace {

constexpr const char* kTiers[kDemoTiers] = {"memory", "redis", "sqlite"};

Json Percentiles(const LatencyHistogram& histogram) {
  Json object;
  object["count"] = histogram.count();
  object["p50"] = histogram.Percentile(50);
  object["p99"] = histogram.Percentile(99);
  object["max"] = histogram.max();
  return object;
}

std::string Shown(const LatencyHistogram& histogram, double percent) {
  return histogram.count() == 0 ? "-" : FormatNanoseconds(histogram.Percentile(percent));
}

uint64_t ReadsIn(const FleetCounts& counts) {
  uint64_t reads = 0;
  for (const LatencyHistogram& tier : counts.read_ns) reads += tier.count();
  return reads;
}

}  // namespace

Json DescribeFleet(const FleetOptions& options, const FleetFigures& figures) {
  const FleetCounts& counts = figures.counts;
  const FleetPromise promise;
  Json object;
  object["processes"] = options.processes;
  object["seconds_with_redis"] = absl::ToDoubleSeconds(figures.with_redis);
  object["seconds_without_redis"] = absl::ToDoubleSeconds(figures.without_redis);
  object["seconds_redis_is_back"] = absl::ToDoubleSeconds(figures.redis_is_back);
  object["bound_seconds"] = absl::ToDoubleSeconds(promise.bound);
  object["relay_seconds"] = absl::ToDoubleSeconds(promise.relay);
  object["reads"] = ReadsIn(counts);
  for (size_t i = 0; i < kDemoTiers; ++i) {
    object["read_ns"][kTiers[i]] = Percentiles(counts.read_ns[i]);
    object["reads_without_redis"][kTiers[i]] = counts.reads_without_redis[i];
  }
  object["changes_applied"] = counts.changes_applied;
  object["changes_deferred"] = counts.changes_deferred;
  object["applied_delay_ns"] = Percentiles(counts.applied_delay_ns);
  object["deferred_delay_ns"] = Percentiles(counts.deferred_delay_ns);
  object["behind"] = counts.behind;
  object["behind_max_ns"] = counts.behind_max_ns;
  object["overdue"] = counts.overdue;
  object["forgotten"] = counts.forgotten;
  object["wrong"] = counts.wrong;
  object["passed"] = figures.passed();
  return object;
}

void PrintFleet(const FleetOptions& options, const FleetFigures& figures, std::ostream& out) {
  const FleetCounts& counts = figures.counts;
  const FleetPromise promise;
  out << '\n'
      << options.processes
      << " processes over one Redis and one SQLite file; Redis was killed after "
      << FormatSeconds(figures.with_redis) << ", away for " << FormatSeconds(figures.without_redis)
      << ", and back for " << FormatSeconds(figures.redis_is_back) << "\n\n";

  TextTable tiers;
  TextTable::Row titles = {"answered by"};
  TextTable::Row reads = {"reads"};
  TextTable::Row away = {"  of these while Redis was away"};
  TextTable::Row p50 = {"read latency, p50"};
  TextTable::Row p99 = {"read latency, p99"};
  for (size_t i = 0; i < kDemoTiers; ++i) {
    titles.push_back(kTiers[i]);
    reads.push_back(FormatCount(counts.read_ns[i].count()));
    away.push_back(FormatCount(counts.reads_without_redis[i]));
    p50.push_back(Shown(counts.read_ns[i], 50));
    p99.push_back(Shown(counts.read_ns[i], 99));
  }
  for (TextTable::Row* row : {&titles, &reads, &away, &p50, &p99}) tiers.Add(std::move(*row));
  tiers.Print(out);

  out << '\n';
  TextTable delays;
  delays.Add({"seen by the others after", "changes", "p50", "p99", "max"});
  const auto add = [&delays](const char* name, uint64_t changes, const LatencyHistogram& delay) {
    delays.Add({name, FormatCount(changes), Shown(delay, 50), Shown(delay, 99), Shown(delay, 100)});
  };
  add("Redis was told at once", counts.changes_applied, counts.applied_delay_ns);
  add("Redis was away", counts.changes_deferred, counts.deferred_delay_ns);
  delays.Print(out);

  out << '\n';
  TextTable promises;
  promises.Add({"reads of what another had replaced", FormatCount(counts.behind)});
  promises.Add({"  the oldest of them, by", FormatNanoseconds(counts.behind_max_ns)});
  promises.Add({absl::StrFormat("longer ago than promised (%s, %s more if Redis was away)",
                                FormatSeconds(promise.bound), FormatSeconds(promise.relay)),
                FormatCount(counts.overdue)});
  promises.Add({"reads of what the process itself had replaced", FormatCount(counts.forgotten)});
  promises.Add({"wrong reads", FormatCount(counts.wrong)});
  promises.Print(out);
  out << (figures.passed() ? "\nEvery promise was kept.\n" : "\nFAILED: a promise was broken.\n");
}

}  // namespace trivet::cli
