#include "store/log_keeper.h"

namespace trivet::store {

void LogKeeper::AfterCommit(Connection& writer) {
  const int pages = writer.log_pages();
  if (pages < pages_) pages_due_ = kPagesMax;  // it has begun anew
  pages_ = pages;
  if (pages < pages_due_) return;
  pages_due_ = pages + kPagesMax;
  writer.CopyLog(kReadersWaitMax).IgnoreError();
}

}  // namespace trivet::store
