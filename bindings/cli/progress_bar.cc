#include "bindings/cli/progress_bar.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace trivet::cli {

ProgressBar::ProgressBar(Console& console, std::string label)
    : console_(console), label_(std::move(label)) {}

ProgressBar::~ProgressBar() {
  // Back to the start of the line, and erase to its end.
  if (percent_shown_ >= 0) console_.err << "\r\x1b[K" << std::flush;
}

void ProgressBar::Show(double done) {
  const int percent = static_cast<int>(std::clamp(done, 0.0, 1.0) * 100);
  if (!console_.err_is_terminal || percent == percent_shown_) return;
  percent_shown_ = percent;
  constexpr size_t kWidth = 30;
  const size_t full = kWidth * static_cast<size_t>(percent) / 100;
  console_.err << absl::StrFormat("\r%-32s [%s%s] %3d %%", label_, std::string(full, '#'),
                                  std::string(kWidth - full, ' '), percent)
               << std::flush;
}

}  // namespace trivet::cli
