// The commands of the tool: how each joins the command line, and what it runs.
#ifndef TRIVET_BINDINGS_CLI_COMMAND_H_
#define TRIVET_BINDINGS_CLI_COMMAND_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bindings/cli/console.h"
#include "bindings/cli/exit_code.h"

namespace trivet::cli {

// A command that was declared on the command line, and what to do if it was given. An error status
// is printed and mapped by ExitCodeOf.
struct Command {
  CLI::App* app = nullptr;
  std::function<absl::StatusOr<ExitCode>(Console&)> run;
};

// Declares a command on `parent` and appends it, or its subcommands, to `commands`.
using AddCommand = void (*)(CLI::App& parent, std::vector<Command>& commands);

void AddDemo(CLI::App& parent, std::vector<Command>& commands);
void AddDemoProcess(CLI::App& parent, std::vector<Command>& commands);
void AddReplay(CLI::App& parent, std::vector<Command>& commands);
void AddGet(CLI::App& parent, std::vector<Command>& commands);
void AddSet(CLI::App& parent, std::vector<Command>& commands);
void AddDel(CLI::App& parent, std::vector<Command>& commands);
void AddMget(CLI::App& parent, std::vector<Command>& commands);
void AddTags(CLI::App& parent, std::vector<Command>& commands);
void AddClear(CLI::App& parent, std::vector<Command>& commands);
void AddStats(CLI::App& parent, std::vector<Command>& commands);
void AddDoctor(CLI::App& parent, std::vector<Command>& commands);

// --- Options ------------------------------------------------------------------------------------
// Each declares `name` on `app` and fills `value` from it. A wrong value becomes a usage error that
// names the option.

CLI::Option* AddText(CLI::App& app, const std::string& name, std::string* value,
                     const std::string& help);
// --redis, or TRIVET_REDIS of the environment, where others do not see the password that may be in
// the URL.
CLI::Option* AddRedis(CLI::App& app, std::string* url, const std::string& help);
// May be given several times (an option), or names all remaining arguments (positional).
CLI::Option* AddTexts(CLI::App& app, const std::string& name, std::vector<std::string>* values,
                      const std::string& help);
CLI::Option* AddBytes(CLI::App& app, const std::string& name, size_t* value,
                      const std::string& help);
CLI::Option* AddTtl(CLI::App& app, const std::string& name, std::optional<absl::Duration>* value,
                    const std::string& help);
CLI::Option* AddJson(CLI::App& app, bool* value);

// CLI11 takes an argument "[a,b]" for a list where several are allowed, and an empty one for none.
// Hide() makes every argument safe from that; the functions above undo it.
std::string Hide(std::string argument);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_COMMAND_H_
