// The seam between the cache and the SQL database that holds the truth.
#ifndef TRIVET_BACKING_H_
#define TRIVET_BACKING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/options.h"
#include "trivet/write_fence.h"

namespace trivet {

// A row as it was read.
struct StoredValue {
  std::string value = {};
  uint64_t version = 0;
  absl::Time expires_at = absl::InfiniteFuture();
  std::vector<std::string> tags = {};
};

// A row to be written. The views are valid during the call.
struct StoreWrite {
  std::string_view key = {};
  std::string_view value = {};
  absl::Time expires_at = absl::InfiniteFuture();
  std::span<const std::string> tags = {};
  SetWhen when = SetWhen::kAlways;
  uint64_t if_version = 0;  // with SetWhen::kIfVersion
};

// What became of a StoreWrite.
struct StoreWritten {
  bool applied = false;  // false: the condition did not hold, nothing was changed
  uint64_t version = 0;  // of the row as it is now; 0 if there is none
};

// A change that was committed and has to be told to other processes: a row of the change log.
struct LoggedChange {
  enum class Kind : uint8_t { kKey = 1, kTag = 2, kPattern = 3, kClear = 4 };

  uint64_t ticket = 0;  // names the row
  std::string namespace_name = {};
  Kind kind = Kind::kKey;
  std::string name = {};  // key, tag or pattern; empty for kClear
  uint64_t version = 0;   // of a key: that it has now; 0: not known (deleted, touched, or not ours)
};

// In place of a ticket: nothing is logged.
inline constexpr uint64_t kUnlogged = 0;

// A key-value table in a database. Implementations: trivet/sqlite_backing.h, and an in-memory fake
// in the tests. All of them pass tests/contract/backing_contract.h.
//
// Rows are named by (namespace, key); both are arbitrary bytes within the limits of
// trivet/options.h. A row whose expires_at is not after the wall time of the implementation's clock
// does not exist for any method here, whether or not it was swept yet. Versions are assigned by the
// implementation, are greater than 0, and grow with every write of a key, also across deletes.
//
// The change log. A method that changes something can log what it changed in the same transaction,
// under a ticket, or several that follow one another. The caller chooses it at random for each
// call, retries included, so that it can remove the rows again when it has told the others, without
// reading them first; should it die before that, any process finds them by ReadChangeLog. A row
// whose ticket is taken at that moment gets another one: it is told twice then, and never lost.
// REQUIRES: 1 <= ticket < 2^62, or kUnlogged.
//
// Errors. A call that fails changed nothing, with one exception: kUnknown says that a change may
// have been committed all the same. Others: kUnavailable (busy beyond the time the implementation
// waits, may be tried again), kResourceExhausted (disk or file-size limit), kDataLoss (corrupt),
// kPermissionDenied (read-only), kNotFound (no such file), kInternal. A row that is not there is no
// error. What a method throws is taken for kUnknown, without the text of the exception.
//
// Thread-safety: all methods may be called from any thread at any time. They may block on I/O.
class Backing {
 public:
  virtual ~Backing() = default;

  virtual absl::StatusOr<std::optional<StoredValue>> Read(std::string_view namespace_name,
                                                          std::string_view key) = 0;

  // One answer for each key, in order; duplicates are answered each. One snapshot.
  virtual absl::StatusOr<std::vector<std::optional<StoredValue>>> ReadMany(
      std::string_view namespace_name, std::span<const std::string_view> keys) = 0;

  // Writes all rows in one transaction: all of those whose condition holds, or, on error, none.
  // Durable as the implementation says when it returns. Duplicate keys are written in order. Write
  // i is logged under ticket + i, with its new version, if it was applied.
  virtual absl::StatusOr<std::vector<StoreWritten>> Write(std::string_view namespace_name,
                                                          std::span<const StoreWrite> writes,
                                                          uint64_t ticket = kUnlogged) = 0;

  // Deletes in one transaction and returns what was there, an answer for each key. Key i is logged
  // under ticket + i, also if there was no row: a cache may hold what the database does not.
  virtual absl::StatusOr<std::vector<std::optional<StoredValue>>> Delete(
      std::string_view namespace_name, std::span<const std::string_view> keys,
      uint64_t ticket = kUnlogged) = 0;

  // Write and Delete, unless a greater token than that of the fence was ever seen with its lock:
  // then nothing is changed, and the answer is FencedOutError(). Else the token is remembered, in
  // the same transaction, for as long as the database lives: Clear and Sweep do not touch it. Also
  // if no condition held. Where that is not overridden, Unimplemented.
  virtual absl::StatusOr<std::vector<StoreWritten>> WriteFenced(const WriteFence& fence,
                                                                std::string_view namespace_name,
                                                                std::span<const StoreWrite> writes,
                                                                uint64_t ticket = kUnlogged);
  virtual absl::StatusOr<std::vector<std::optional<StoredValue>>> DeleteFenced(
      const WriteFence& fence, std::string_view namespace_name,
      std::span<const std::string_view> keys, uint64_t ticket = kUnlogged);

  // Changes when a row expires, without a new version. False, and nothing logged, if there is no
  // such row.
  virtual absl::StatusOr<bool> Touch(std::string_view namespace_name, std::string_view key,
                                     absl::Time expires_at, uint64_t ticket = kUnlogged) = 0;

  // Deletes every row that carries `tag`; returns how many. Logged also if there were none.
  virtual absl::StatusOr<uint64_t> DeleteTag(std::string_view namespace_name, std::string_view tag,
                                             uint64_t ticket = kUnlogged) = 0;

  // Makes every row of the namespace disappear at once, at a cost that does not depend on how many
  // there are. Their space comes back through Sweep. Logged also if there were none.
  virtual absl::Status Clear(std::string_view namespace_name, uint64_t ticket = kUnlogged) = 0;

  // Clear of every namespace the database knows; the i-th is logged under ticket + i.
  virtual absl::Status ClearAll(uint64_t ticket = kUnlogged) = 0;

  // The oldest rows of the change log, in the order of their commits, at most `rows_max`. An empty
  // log costs no more than a Read.
  virtual absl::StatusOr<std::vector<LoggedChange>> ReadChangeLog(size_t rows_max) = 0;

  // Removes rows of the change log, all or, on error, none. Those that are not there any more are
  // no error; without tickets nothing is done.
  virtual absl::Status TrimChangeLog(std::span<const uint64_t> tickets) = 0;

  // Frees the space of at most `rows_max` expired or cleared rows. True: there may be more.
  virtual absl::StatusOr<bool> Sweep(size_t rows_max) = 0;

  // What is in the database, for tools. Costs a scan.
  struct Count {
    std::string namespace_name;
    uint64_t rows = 0;
    uint64_t value_bytes = 0;
  };
  virtual absl::StatusOr<std::vector<Count>> CountRows() = 0;
};

}  // namespace trivet

#endif  // TRIVET_BACKING_H_
