#include "store/log_keeper.h"

#include <algorithm>

#include "trivet/clock.h"

namespace trivet::store {

void LogKeeper::AfterCommit(Connection& writer, ReaderPool& readers) {
  const int pages = writer.log_pages();
  if (pages < pages_) pages_due_ = kPagesMax;  // it has begun anew
  pages_ = pages;
  if (pages < pages_due_) return;
  pages_due_ = pages + kPagesMax;
  BeginAnew(writer, readers).IgnoreError();
}

absl::Status LogKeeper::BeginAnew(Connection& writer, ReaderPool& readers) {
  if (absl::Status status = writer.CopyLog(); !status.ok()) return status;
  const absl::Duration deadline = Clock::System()->Elapsed() + kReadersWaitMax;
  const ReaderPool::Pause pause = readers.PauseReaders(kReadersWaitMax);
  if (!pause.complete()) return absl::UnavailableError("a read goes on");
  const absl::Duration left = deadline - Clock::System()->Elapsed();
  return writer.RestartLog(std::max(left, absl::ZeroDuration()));
}

}  // namespace trivet::store
