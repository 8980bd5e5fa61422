// doctor: whether a Redis server is fit for trivet, and how its findings are shown.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bindings/cli/command.h"
#include "bindings/cli/json_text.h"
#include "bindings/cli/redis_facts.h"
#include "bindings/cli/redis_findings.h"

namespace trivet::cli {
namespace {

struct DoctorOptions {
  std::string redis;
  bool json = false;
};

using Findings = std::vector<Finding>;

int64_t CountOf(const Findings& findings, Finding::Level level) {
  return std::count_if(findings.begin(), findings.end(),
                       [level](const Finding& finding) { return finding.level == level; });
}

void PrintJson(const RedisFacts& facts, const Findings& findings, std::ostream& out) {
  Json object;
  PutBytes(object, "endpoint", facts.endpoint);
  object["usable"] = CountOf(findings, Finding::Level::kProblem) == 0;
  object["warnings"] = CountOf(findings, Finding::Level::kWarning);
  object["problems"] = CountOf(findings, Finding::Level::kProblem);
  if (facts.ping_ns.count() > 0) {
    object["ping_ns"] = {{"p50", facts.ping_ns.Percentile(50)},
                         {"p99", facts.ping_ns.Percentile(99)}};
  }
  if (facts.message_ns > 0) object["message_ns"] = facts.message_ns;
  object["findings"] = Json::array();
  for (const Finding& finding : findings) {
    Json item;
    item["name"] = finding.name;
    item["level"] = LevelName(finding.level);
    PutBytes(item, "value", finding.value);
    PutBytes(item, "meaning", finding.meaning);
    object["findings"].push_back(std::move(item));
  }
  out << object.dump() << '\n';
}

void PrintText(const Findings& findings, std::ostream& out) {
  for (const Finding& finding : findings) {
    out << absl::StrFormat("%-8s %-15s ", LevelName(finding.level), finding.name)
        << EscapeLine(finding.value) << '\n'
        << std::string(25, ' ') << EscapeLine(finding.meaning) << '\n';
  }
  const int64_t problems = CountOf(findings, Finding::Level::kProblem);
  const int64_t warnings = CountOf(findings, Finding::Level::kWarning);
  if (problems > 0) {
    out << "\ntrivet cannot use this server. Problems: " << problems << '\n';
  } else if (warnings > 0) {
    out << "\ntrivet can use this server. Warnings: " << warnings << '\n';
  } else {
    out << "\ntrivet can use this server.\n";
  }
}

absl::StatusOr<ExitCode> RunDoctor(const DoctorOptions& options, Console& console) {
  const absl::StatusOr<RedisFacts> facts = ExamineRedis(options.redis);
  if (!facts.ok()) return facts.status();
  const Findings findings = JudgeRedis(*facts);
  options.json ? PrintJson(*facts, findings, console.out) : PrintText(findings, console.out);
  return CountOf(findings, Finding::Level::kProblem) == 0 ? ExitCode::kOk : ExitCode::kCheckFailed;
}

}  // namespace

void AddDoctor(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* app =
      parent.add_subcommand("doctor", "Examine whether a Redis server is fit for trivet");
  AddRedis(*app, &options->redis, "The server: redis://[user[:password]@]host[:port]")->required();
  AddJson(*app, &options->json);
  commands.push_back({app, [options](Console& console) { return RunDoctor(*options, console); }});
}

}  // namespace trivet::cli
