// demo-process: what the demo starts several of. Not shown in the help: it needs what that
// prepares.
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "bindings/cli/command.h"
#include "bindings/cli/demo_fleet_process.h"

namespace trivet::cli {

void AddDemoProcess(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<FleetProcessOptions>();
  CLI::App* app = parent.add_subcommand("demo-process", "One of the processes of the demo");
  app->group("");
  AddText(*app, "--db", &options->db, "The database file")->required();
  AddText(*app, "--redis", &options->redis, "The server")->required();
  AddText(*app, "--ledger", &options->ledger, "The file that the processes share")->required();
  app->add_option("--process", options->process, "Its number")->required();
  AddBytes(*app, "--memory", &options->memory_bytes, "The budget of the cache");
  app->add_option("--seed", options->seed, "Chooses requests");
  commands.push_back({app, [options](Console&) -> absl::StatusOr<ExitCode> {
                        // Ctrl-C goes to the whole group: the demo ends its processes itself.
                        std::signal(SIGINT, SIG_IGN);
                        const absl::Status status = RunFleetProcess(*options);
                        if (!status.ok()) return status;
                        return ExitCode::kOk;
                      }});
}

}  // namespace trivet::cli
