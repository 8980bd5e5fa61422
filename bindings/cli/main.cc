#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "bindings/cli/app.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  trivet::cli::Console console = {.in = std::cin,
                                  .out = std::cout,
                                  .err = std::cerr,
                                  .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                                  .err_is_terminal = isatty(STDERR_FILENO) == 1};
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(trivet::cli::Run(arguments, console));
}
