// Keeps the write-ahead log from growing for ever.
#ifndef TRIVET_STORE_LOG_KEEPER_H_
#define TRIVET_STORE_LOG_KEEPER_H_

#include "absl/time/time.h"
#include "store/connection.h"

namespace trivet::store {

// Commits append to the log. It is copied into the database whenever it has grown by 4000 pages
// (16 MiB); then the next commit writes over its beginning, provided that no reader still reads
// from the log at that moment. SQLite's own checkpoints do not wait for that, and under readers
// that never pause it never comes: with six busy readers the log grew by 30 MB a second. So we
// wait, for the reads that are under way (new ones turn to the database at once), but not for long:
// a reader in another process may take its time. Then the next 4000 pages bring the next attempt.
//
// Copying syncs twice and writes each changed page once, so a longer log makes writing faster
// (random rows: 1.4 times SQLite's usual 1000 pages) and opening after a crash slower (it is read
// once, at memory speed).
//
// Not thread-safe; belongs to the connection that writes.
class LogKeeper {
 public:
  static constexpr int kPagesMax = 4000;
  static constexpr absl::Duration kReadersWaitMax = absl::Milliseconds(100);

  // To be called after each commit. The commit is done whatever happens here, so that there is
  // nothing to report: an attempt that fails is repeated.
  void AfterCommit(Connection& writer);

 private:
  int pages_ = 0;
  int pages_due_ = kPagesMax;
};

}  // namespace trivet::store

#endif  // TRIVET_STORE_LOG_KEEPER_H_
