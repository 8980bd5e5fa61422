// A table of the program's own, beside the cache's, in the same SQLite file.
#ifndef TRIVET_TESTS_LIVE_CHAOS_PAGES_H_
#define TRIVET_TESTS_LIVE_CHAOS_PAGES_H_

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/live/chaos_client.h"

namespace trivet::testing {

// Every page has a version, which counts its changes, and belongs to a group.
//
// Thread-safety: one call at a time.
class ChaosPages {
 public:
  // The file must be a store already.
  explicit ChaosPages(const std::string& path);
  ChaosPages(const ChaosPages&) = delete;
  ChaosPages& operator=(const ChaosPages&) = delete;

  // With version 1 each.
  void Create();

  absl::StatusOr<uint64_t> Read(size_t key);

  // One transaction, with a row in the change log if `logged`. On error nothing has changed, unless
  // it is Unknown.
  absl::StatusOr<ChaosChanges> Change(size_t key, bool logged);
  absl::StatusOr<ChaosChanges> ChangeGroup(size_t group, bool logged);

 private:
  struct Closes {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Closes>;

  Statement Prepare(const char* sql);
  absl::Status Do(const char* sql);
  absl::StatusOr<ChaosChanges> ChangeAll(sqlite3_stmt* statement, size_t argument, bool is_group,
                                         bool logged);

  std::unique_ptr<sqlite3, Closes> database_;
  Statement read_;
  Statement change_;
  Statement change_group_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_CHAOS_PAGES_H_
