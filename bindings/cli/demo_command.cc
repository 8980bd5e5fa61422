// demo: the command line of RunDemo and RunFleet, and how the figures of the first are shown.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bindings/cli/command.h"
#include "bindings/cli/demo.h"
#include "bindings/cli/demo_fleet.h"
#include "bindings/cli/demo_fleet_report.h"
#include "bindings/cli/json_text.h"
#include "bindings/cli/quantity.h"
#include "bindings/cli/text_table.h"

namespace trivet::cli {
namespace {

struct DemoCommandOptions : DemoOptions {
  double each_seconds = 3;
  double fleet_seconds = 5;
  FleetOptions fleet = {};
  bool json = false;
};

constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", 50}, {"p99", 99}, {"p99.9", 99.9}};

Json Describe(const DemoLoadFigures& load) {
  Json object;
  object["reads"] = load.reads;
  object["reads_per_second"] = load.reads_per_second();
  Json& latency = object["read_ns"];
  for (const auto& [name, percent] : kPercentiles) latency[name] = load.read_ns.Percentile(percent);
  latency["max"] = load.read_ns.max();
  object["writes"] = load.writes;
  object["writes_behind"] = load.writes_behind;
  object["stale"] = load.stale;
  object["wrong"] = load.wrong;
  object["seconds"] = absl::ToDoubleSeconds(load.time);
  return object;
}

Json Describe(const DemoCommandOptions& options, const DemoFigures& figures) {
  Json object;
  object["rows"] = options.rows;
  object["value_bytes"] = figures.value_bytes;
  object["readers"] = options.readers;
  object["seed"] = options.seed;
  object["fill_seconds"] = absl::ToDoubleSeconds(figures.fill_time);
  object["sqlite"] = Describe(figures.store);
  object["trivet"] = Describe(figures.cache);
  object["speedup"] = figures.cache.reads_per_second() / figures.store.reads_per_second();
  object["hit_ratio"] = figures.stats.hit_ratio();
  object["memory_bytes"] = figures.stats.memory_bytes;
  object["memory_limit"] = figures.stats.memory_limit;
  object["evicted"] = figures.stats.evicted;
  object["passed"] = figures.passed();
  return object;
}

std::string Times(double ratio) { return absl::StrFormat("%.1f x", ratio); }

void PrintText(const DemoCommandOptions& options, const DemoFigures& figures, std::ostream& out) {
  const DemoLoadFigures& store = figures.store;
  const DemoLoadFigures& cache = figures.cache;
  const Stats& stats = figures.stats;
  out << FormatCount(options.rows) << " rows, " << FormatBytes(figures.value_bytes)
      << " of values; " << options.readers << " readers with Zipf "
      << absl::StrFormat("%.2f", DemoData::kSkew) << ", 2 writers; seed " << options.seed << "\n\n";

  TextTable table;
  table.Add({"", "SQLite alone", "through trivet", "ratio"});
  table.Add({"reads per second", FormatCount(static_cast<uint64_t>(store.reads_per_second())),
             FormatCount(static_cast<uint64_t>(cache.reads_per_second())),
             Times(cache.reads_per_second() / store.reads_per_second())});
  for (const auto& [name, percent] : kPercentiles) {
    const uint64_t alone = store.read_ns.Percentile(percent);
    const uint64_t cached = cache.read_ns.Percentile(percent);
    table.Add(
        {absl::StrCat("read latency, ", name), FormatNanoseconds(alone), FormatNanoseconds(cached),
         Times(static_cast<double>(alone) / static_cast<double>(std::max<uint64_t>(cached, 1)))});
  }
  table.Add({"answered from memory", "-", FormatPercent(stats.hit_ratio())});
  table.Add({"memory used", "-", FormatBytes(stats.memory_bytes)});
  table.Add({"memory allowed", "-", FormatBytes(stats.memory_limit)});
  table.Add({"rows changed", FormatCount(store.writes + store.writes_behind),
             FormatCount(cache.writes + cache.writes_behind)});
  table.Add({"  of these behind the cache", "-", FormatCount(cache.writes_behind)});
  table.Add({"reads checked", FormatCount(store.reads), FormatCount(cache.reads)});
  table.Add({"stale reads", FormatCount(store.stale), FormatCount(cache.stale)});
  table.Add({"wrong reads", FormatCount(store.wrong), FormatCount(cache.wrong)});
  table.Print(out);

  const absl::Duration total = figures.fill_time + store.time + cache.time;
  out << (figures.passed() ? "\nEvery answer was right. "
                           : "\nFAILED: not every answer was right. ")
      << "It took " << FormatSeconds(total) << ", " << FormatSeconds(figures.fill_time)
      << " of them to fill the database.\n";
}

// The second part, after the first.
absl::StatusOr<std::optional<FleetFigures>> RunSecondPart(const DemoCommandOptions& options,
                                                          Console& console) {
  if (options.fleet.processes == 0) return std::nullopt;
  return RunFleet(options.fleet, console);
}

absl::StatusOr<ExitCode> Run(DemoCommandOptions options, Console& console) {
  if (options.fleet.processes == 1) {
    return absl::InvalidArgumentError("--processes: must be 0, or 2 to 64");
  }
  options.seconds = absl::Seconds(options.each_seconds);
  options.fleet.seconds = absl::Seconds(options.fleet_seconds);
  options.fleet.seed = options.seed;
  absl::StatusOr<DemoFigures> figures = RunDemo(options, console);
  if (!figures.ok()) return figures.status();
  if (!options.json) {
    PrintText(options, *figures, console.out);
    console.out.flush();  // there is something to read while the second part runs
  }
  absl::StatusOr<std::optional<FleetFigures>> fleet = RunSecondPart(options, console);
  if (!fleet.ok()) return fleet.status();
  if (options.json) {
    Json object = Describe(options, *figures);
    object["fleet"] = fleet->has_value() ? DescribeFleet(options.fleet, **fleet) : Json(nullptr);
    console.out << object.dump() << '\n';
  } else if (fleet->has_value()) {
    PrintFleet(options.fleet, **fleet, console.out);
  } else if (options.fleet.processes != 0) {
    console.out << "\nSkipped: several processes over one Redis, for there is no redis-server on "
                   "the PATH.\n";
  }
  const bool passed = figures->passed() && (!fleet->has_value() || (*fleet)->passed());
  return passed ? ExitCode::kOk : ExitCode::kCheckFailed;
}

}  // namespace

void AddDemo(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<DemoCommandOptions>();
  options->readers = std::clamp<size_t>(std::thread::hardware_concurrency(), 2, 8);
  CLI::App* app = parent.add_subcommand(
      "demo",
      "Measure reads from SQLite alone and through trivet, then of several processes, and check "
      "every answer");
  app->add_option("--rows", options->rows, "Rows in the database, of 290 bytes each")
      ->check(CLI::Range(2, 50'000'000))
      ->capture_default_str();
  AddBytes(*app, "--memory", &options->memory_bytes, "The budget of the cache; 32M if not given");
  app->add_option("--seconds", options->each_seconds, "How long each of the two runs takes")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  app->add_option("--threads", options->readers, "Threads that read; two more write")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app->add_option("--processes", options->fleet.processes,
                  "Processes of the second part, over one Redis; 0 leaves it out")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  app->add_option("--fleet-seconds", options->fleet_seconds, "How long the second part takes")
      ->check(CLI::Range(0.5, 3600.0))
      ->capture_default_str();
  app->add_option("--seed", options->seed, "Chooses data and requests")->capture_default_str();
  AddText(*app, "--db", &options->db, "Make the database here and keep it; the file must not exist")
      ->type_name("FILE");
  AddJson(*app, &options->json);
  commands.push_back({app, [options](Console& console) { return Run(*options, console); }});
}

}  // namespace trivet::cli
