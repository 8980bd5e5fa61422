// Keeps the write-ahead log from growing for ever.
#ifndef TRIVET_STORE_LOG_KEEPER_H_
#define TRIVET_STORE_LOG_KEEPER_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "store/connection.h"
#include "store/reader_pool.h"

namespace trivet::store {

// Commits append to the log. It is copied into the database whenever it has grown by 4000 pages
// (16 MiB); then the next commit writes over its beginning, provided that nobody still reads from
// the log at that moment. Under readers that never pause that moment never comes by itself: with
// six busy readers the log grew by 30 MB a second. So we make it: we copy what can be copied while
// they go on, then pause our own readers until the rest, which is short, is copied as well. Readers
// of other processes can only be waited for. An attempt holds our readers up for 100 ms at most,
// and the time to copy what came last; one that fails is repeated after the next 4000 pages.
//
// Copying syncs twice and writes each changed page once, so a longer log makes writing faster
// (random rows: 1.4 times SQLite's usual 1000 pages) and opening after a crash slower (it is read
// once, at memory speed).
//
// Not thread-safe; belongs to the connection that writes.
class LogKeeper {
 public:
  static constexpr int kPagesMax = 4000;
  // For all readers, ours and others, in one attempt. A read takes microseconds; what lasts longer
  // than this may last for minutes.
  static constexpr absl::Duration kReadersWaitMax = absl::Milliseconds(100);

  // To be called after each commit. The commit is done whatever happens here, so that there is
  // nothing to report. REQUIRES: the calling thread has borrowed nothing from `readers`.
  void AfterCommit(Connection& writer, ReaderPool& readers);

 private:
  static absl::Status BeginAnew(Connection& writer, ReaderPool& readers);

  int pages_ = 0;
  int pages_due_ = kPagesMax;
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_LOG_KEEPER_H_
