// Where a command writes.
#ifndef TRIVET_BINDINGS_CLI_CONSOLE_H_
#define TRIVET_BINDINGS_CLI_CONSOLE_H_

#include <istream>
#include <ostream>

namespace trivet::cli {

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_CONSOLE_H_
