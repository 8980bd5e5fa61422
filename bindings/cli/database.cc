#include "bindings/cli/database.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "trivet/options.h"
#include "trivet/sqlite_backing.h"

namespace trivet::cli {
namespace {

// Room for the largest values that programs store by default; larger ones pass memory by.
constexpr size_t kMemoryBytes = 64 << 20;

absl::Status WithFile(const std::string& file, const absl::Status& status) {
  if (status.ok() || absl::StrContains(status.message(), file)) return status;
  return absl::Status(status.code(), absl::StrCat(file, ": ", status.message()));
}

absl::Status CheckLength(std::string_view what, std::string_view text, size_t max) {
  if (!text.empty() && text.size() <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(std::string(what), ": must be 1 to ", max,
                                                 " bytes long, and has ", text.size()));
}

}  // namespace

void AddDatabase(CLI::App& app, DatabaseOptions* options) {
  AddText(app, "--db", &options->file, "The database file")->type_name("FILE")->required();
  AddJson(app, &options->json);
}

void AddNamespace(CLI::App& app, DatabaseOptions* options) {
  AddText(app, "--namespace,-n", &options->namespace_name,
          "The namespace; \"default\" if not given");
}

absl::Status CheckKey(std::string_view key) { return CheckLength("key", key, kKeyBytesMax); }

absl::Status CheckName(std::string_view what, std::string_view name) {
  return CheckLength(what, name, kNameBytesMax);
}

Database::Database(std::string file, std::shared_ptr<Backing> backing, std::unique_ptr<Cache> cache)
    : file_(std::move(file)), backing_(std::move(backing)), cache_(std::move(cache)) {}

absl::StatusOr<Database> Database::Open(const std::string& file, Access access) {
  absl::StatusOr<std::unique_ptr<Backing>> opened =
      OpenSqlite({.path = file,
                  .create = access == Access::kCreate,
                  .read_only = access == Access::kRead,
                  .readers = 1});
  if (!opened.ok()) return WithFile(file, opened.status());
  std::shared_ptr<Backing> backing = *std::move(opened);

  CacheOptions options;
  options.memory_bytes = kMemoryBytes;
  options.shards = 1;
  options.value_bytes_max = kValueBytesCeiling;  // whatever a program stored can be read
  options.background_maintenance = false;
  options.backing = backing;
  absl::StatusOr<std::unique_ptr<Cache>> cache = Cache::Open(std::move(options));
  if (!cache.ok()) return cache.status();
  return Database(file, std::move(backing), *std::move(cache));
}

absl::Status Database::Named(const absl::Status& status) const {
  return absl::IsInvalidArgument(status) ? status : WithFile(file_, status);
}

}  // namespace trivet::cli
