// The command line as a whole.
#ifndef TRIVET_BINDINGS_CLI_APP_H_
#define TRIVET_BINDINGS_CLI_APP_H_

#include <string>
#include <vector>

#include "bindings/cli/console.h"
#include "bindings/cli/exit_code.h"

namespace trivet::cli {

// Runs the tool with these arguments (without the program's name). No exception leaves it.
ExitCode Run(const std::vector<std::string>& arguments, Console& console);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_APP_H_
