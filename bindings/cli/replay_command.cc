// replay: the command line of Replay, and how its figures are shown.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "bindings/cli/command.h"
#include "bindings/cli/json_text.h"
#include "bindings/cli/quantity.h"
#include "bindings/cli/replay.h"
#include "bindings/cli/text_table.h"

namespace trivet::cli {
namespace {

struct ReplayCommandOptions : ReplayOptions {
  std::string trace;
  bool json = false;
};

constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}};

void PrintJson(const ReplayCommandOptions& options, const ReplayFigures& figures,
               std::ostream& out) {
  Json object;
  PutBytes(object, "trace", options.trace);
  object["requests"] = figures.requests;
  object["hits"] = figures.hits;
  object["hit_ratio"] = figures.hit_ratio();
  object["byte_hit_ratio"] = figures.has_sizes ? Json(figures.byte_hit_ratio()) : Json(nullptr);
  if (!options.db.empty()) object["store_hits"] = figures.store_hits;
  object["refused"] = figures.refused;
  object["evicted"] = figures.stats.evicted;
  object["expired"] = figures.stats.expired;
  object["entries"] = figures.stats.entries;
  object["entries_limit"] = options.entries;
  object["memory_bytes"] = figures.stats.memory_bytes;
  object["memory_peak_bytes"] = figures.memory_peak_bytes;
  object["memory_limit"] = figures.stats.memory_limit;
  Json& get = object["get_ns"];
  for (const auto& [name, percent] : kPercentiles) get[name] = figures.get_ns.Percentile(percent);
  object["seconds"] = absl::ToDoubleSeconds(figures.time);
  object["requests_per_second"] = figures.requests_per_second();
  out << object.dump() << '\n';
}

void PrintText(const ReplayCommandOptions& options, const ReplayFigures& figures,
               std::ostream& out) {
  const Stats& stats = figures.stats;
  TextTable table;
  table.Add({"requests", FormatCount(figures.requests)});
  table.Add({"hits", FormatCount(figures.hits)});
  table.Add({"hit ratio", FormatPercent(figures.hit_ratio())});
  if (figures.has_sizes) table.Add({"byte hit ratio", FormatPercent(figures.byte_hit_ratio())});
  if (!options.db.empty()) table.Add({"answered by the store", FormatCount(figures.store_hits)});
  if (figures.refused > 0) table.Add({"values too large", FormatCount(figures.refused)});
  table.Add({"evicted", FormatCount(stats.evicted)});
  if (stats.expired > 0) table.Add({"expired", FormatCount(stats.expired)});
  table.Add({"entries at the end", FormatCount(stats.entries)});
  if (options.entries > 0) table.Add({"entries allowed", FormatCount(options.entries)});
  table.Add({"memory at most", FormatBytes(figures.memory_peak_bytes)});
  if (stats.memory_limit > 0) table.Add({"memory allowed", FormatBytes(stats.memory_limit)});
  for (const auto& [name, percent] : kPercentiles) {
    table.Add({std::string("get, ") + name, FormatNanoseconds(figures.get_ns.Percentile(percent))});
  }
  table.Add({"time", FormatSeconds(figures.time)});
  table.Add(
      {"requests per second", FormatCount(static_cast<uint64_t>(figures.requests_per_second()))});
  table.Print(out);
}

absl::StatusOr<ExitCode> RunReplay(const ReplayCommandOptions& options, Console& console) {
  absl::StatusOr<TraceReader> trace = TraceReader::Open(options.trace);
  if (!trace.ok()) return trace.status();
  absl::StatusOr<ReplayFigures> figures = Replay(*trace, options);
  if (!figures.ok()) return figures.status();
  options.json ? PrintJson(options, *figures, console.out)
               : PrintText(options, *figures, console.out);
  return ExitCode::kOk;
}

}  // namespace

void AddReplay(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<ReplayCommandOptions>();
  CLI::App* app = parent.add_subcommand(
      "replay", "Play an access log through the cache and tell its hit ratio");
  AddText(*app, "TRACE", &options->trace, "The log: .ctr, .ctr.zst, or text with a key per line")
      ->required();
  AddBytes(*app, "--memory", &options->memory_bytes, "The budget in bytes; 64M if none is given");
  app->add_option("--entries", options->entries, "The budget in entries")
      ->check(CLI::PositiveNumber);
  AddText(*app, "--policy", &options->policy, "Which entry goes when room is needed, such as lru");
  app->add_option("--shards", options->shards,
                  "Parts of the cache; 0: as many as the cores can use")
      ->capture_default_str();
  AddTtl(*app, "--ttl", &options->ttl, "TTL of entries to which the trace gives none");
  app->add_flag("--ignore-size", options->ignore_size, "Small values, whatever the trace says");
  app->add_flag("--ignore-ttl", options->ignore_ttl, "No TTLs, whatever the trace says");
  AddText(*app, "--db", &options->db, "An SQLite file behind the cache; created if missing")
      ->type_name("FILE");
  AddJson(*app, &options->json);
  commands.push_back({app, [options](Console& console) { return RunReplay(*options, console); }});
}

}  // namespace trivet::cli
