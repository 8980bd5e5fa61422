// A cache over a database file, over Redis, or over both, opened for one command.
#ifndef TRIVET_BINDINGS_CLI_DATABASE_H_
#define TRIVET_BINDINGS_CLI_DATABASE_H_

#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bindings/cli/command.h"
#include "bindings/cli/json_text.h"
#include "trivet/backing.h"
#include "trivet/cache.h"

namespace trivet::cli {

// What every command on a database takes.
struct DatabaseOptions {
  std::string file;          // empty: none
  std::string redis;         // the URL; empty: none
  std::string redis_prefix;  // RedisOptions::prefix
  std::string namespace_name = "default";
  bool json = false;
};

// Declares --db (required) and --json; the same with --redis, where Database::Open wants one of the
// two; and --namespace.
void AddDatabase(CLI::App& app, DatabaseOptions* options);
void AddTiers(CLI::App& app, DatabaseOptions* options);
void AddNamespace(CLI::App& app, DatabaseOptions* options);

// InvalidArgument that says what is wrong with a key, or with the name of a namespace or tag.
absl::Status CheckKey(std::string_view key);
absl::Status CheckName(std::string_view what, std::string_view name);

enum class Access {
  kRead,    // the file must be there, and is not changed
  kChange,  // the file must be there
  kCreate,  // a missing file is created
};

// Thread-safety: one thread at a time.
class Database {
 public:
  // Errors name the file, or --redis. Where a server is named it has answered before a file is
  // created.
  static absl::StatusOr<Database> Open(const DatabaseOptions& options, Access access);

  // REQUIRES: there is a file.
  Backing& backing() { return *backing_; }
  bool has_file() const { return backing_ != nullptr; }
  Cache& cache() { return *cache_; }
  Namespace space() {
    // Without a proof Redis is not asked, and an answer would hide that.
    return cache_->In(options_.namespace_name, {.without_proof = WithoutProof::kFail});
  }

  // Namespace::MGet. Where a server is named it waits until that may be asked, for a while.
  std::vector<absl::StatusOr<Result>> Read(std::span<const std::string_view> keys);

  // Puts the name of the file before an error from the store. InvalidArgument stays as it is.
  absl::Status Named(const absl::Status& status) const;

  // To be called after a change: what other processes were told of it. Adds that to the answer in
  // JSON, and warns on `err` where it could not be told yet.
  void Report(Coherence told, Json* answer, std::ostream& err);

 private:
  Database(DatabaseOptions options, std::shared_ptr<Backing> backing, std::unique_ptr<Cache> cache);

  DatabaseOptions options_;
  std::shared_ptr<Backing> backing_;  // null: there is no file
  std::unique_ptr<Cache> cache_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DATABASE_H_
