// A database file, opened for a command that looks at it or changes it.
#ifndef TRIVET_BINDINGS_CLI_DATABASE_H_
#define TRIVET_BINDINGS_CLI_DATABASE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bindings/cli/command.h"
#include "trivet/backing.h"
#include "trivet/cache.h"

namespace trivet::cli {

// What every command on a database takes.
struct DatabaseOptions {
  std::string file;
  std::string namespace_name = "default";
  bool json = false;
};

// Declares --db (required) and --json; and --namespace.
void AddDatabase(CLI::App& app, DatabaseOptions* options);
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
  // Errors name the file.
  static absl::StatusOr<Database> Open(const std::string& file, Access access);

  Backing& backing() { return *backing_; }
  Cache& cache() { return *cache_; }

  // Puts the name of the file before an error from the store. InvalidArgument stays as it is.
  absl::Status Named(const absl::Status& status) const;

 private:
  Database(std::string file, std::shared_ptr<Backing> backing, std::unique_ptr<Cache> cache);

  std::string file_;
  std::shared_ptr<Backing> backing_;
  std::unique_ptr<Cache> cache_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DATABASE_H_
