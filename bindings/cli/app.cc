#include "bindings/cli/app.h"

#include <algorithm>
#include <exception>

#include "CLI/CLI.hpp"
#include "bindings/cli/command.h"

namespace trivet::cli {
namespace {

constexpr const char* kDescription =
    "trivet: a memory cache in front of Redis and SQLite, from the command line";

constexpr const char* kFooter =
    "Sizes: 4096, 64K, 16M, 2G (powers of 1024). Durations: 90 (seconds), 250ms, 1h30m, 7d.\n"
    "Arguments that begin with a dash follow after --: trivet get --db app.db -- -key\n\n"
    "Exit status:\n"
    "  0  done\n"
    "  1  not found (get, mget, del, tags show)\n"
    "  2  wrong option or argument\n"
    "  3  a file, database or server could not be read or written\n"
    "  4  the demo found a stale or wrong answer, or the doctor a problem";

constexpr AddCommand kCommands[] = {
    AddDemo, AddReplay, AddGet,   AddSet,    AddDel,         AddMget,
    AddTags, AddClear,  AddStats, AddDoctor, AddDemoProcess,
};

// Finds the command that was given and runs it.
ExitCode Dispatch(const std::vector<Command>& commands, Console& console) {
  const auto given = std::find_if(commands.begin(), commands.end(),
                                  [](const Command& command) { return command.app->parsed(); });
  if (given == commands.end()) {
    console.err << "A command is required\nRun with --help for more information.\n";
    return ExitCode::kUsage;
  }
  absl::StatusOr<ExitCode> code = given->run(console);
  if (!code.ok()) {
    console.err << "trivet " << given->app->get_name() << ": " << code.status().message() << '\n';
    return ExitCodeOf(code.status());
  }
  return *code;
}

ExitCode ParseAndDispatch(const std::vector<std::string>& arguments, Console& console) {
  CLI::App app(kDescription, "trivet");
  app.set_version_flag("--version", TRIVET_VERSION);
  app.require_subcommand(0, 1);  // so that CLI11 names a command it does not know
  app.footer(kFooter);
  std::vector<Command> commands;
  for (const AddCommand add : kCommands) add(app, commands);

  // CLI11 wants the last argument first.
  std::vector<std::string> reversed;
  for (auto it = arguments.rbegin(); it != arguments.rend(); ++it) reversed.push_back(Hide(*it));
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    const bool asked = app.exit(error, console.out, console.err) == 0;  // --help, --version
    return asked ? ExitCode::kOk : ExitCode::kUsage;
  }
  return Dispatch(commands, console);
}

}  // namespace

ExitCode Run(const std::vector<std::string>& arguments, Console& console) {
  try {
    const ExitCode code = ParseAndDispatch(arguments, console);
    if (console.out.flush()) return code;
    console.err << "trivet: cannot write to standard output\n";
  } catch (const std::exception& error) {
    console.err << "trivet: " << error.what() << '\n';
  }
  return ExitCode::kFailure;
}

}  // namespace trivet::cli
