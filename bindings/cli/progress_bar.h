// How far long work has come, for somebody who watches.
#ifndef TRIVET_BINDINGS_CLI_PROGRESS_BAR_H_
#define TRIVET_BINDINGS_CLI_PROGRESS_BAR_H_

#include <string>

#include "bindings/cli/console.h"

namespace trivet::cli {

// One line on standard error, drawn again in place and wiped at the end. Draws nothing if standard
// error is no terminal.
class ProgressBar {
 public:
  ProgressBar(Console& console, std::string label);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  // From 0 to 1. Draws when the percentage changes.
  void Show(double done);

 private:
  Console& console_;
  const std::string label_;
  int percent_shown_ = -1;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_PROGRESS_BAR_H_
