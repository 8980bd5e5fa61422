#include "bindings/cli/database.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "trivet/clock.h"
#include "trivet/options.h"
#include "trivet/redis_tier.h"
#include "trivet/shared_tier.h"
#include "trivet/sqlite_backing.h"

namespace trivet::cli {
namespace {

// Room for the largest values that programs store by default; larger ones pass memory by.
constexpr size_t kMemoryBytes = 64 << 20;
constexpr absl::Duration kConnectTimeout = absl::Seconds(2);
// The shortest there is: a command does not wait for the next one.
constexpr absl::Duration kHeartbeat = absl::Milliseconds(10);

absl::Status WithFile(const std::string& file, const absl::Status& status) {
  if (status.ok() || absl::StrContains(status.message(), file)) return status;
  return absl::Status(status.code(), absl::StrCat(file, ": ", status.message()));
}

absl::Status CheckLength(std::string_view what, std::string_view text, size_t max) {
  if (!text.empty() && text.size() <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(std::string(what), ": must be 1 to ", max,
                                                 " bytes long, and has ", text.size()));
}

// A server that answers, and would take a change.
absl::StatusOr<std::shared_ptr<SharedTier>> Connect(const DatabaseOptions& database) {
  const auto named = [](absl::StatusCode code, const absl::Status& status) {
    return absl::Status(code, absl::StrCat("--redis: ", status.message()));
  };
  RedisTierOptions options;
  options.redis.url = database.redis;
  options.redis.prefix = database.redis_prefix;
  options.redis.connections = 1;
  absl::StatusOr<std::unique_ptr<SharedTier>> tier = OpenRedisTier(options);
  // A URL that is not supported is a usage error, too.
  if (!tier.ok()) return named(absl::StatusCode::kInvalidArgument, tier.status());
  const SharedPart part{.space = database.namespace_name};
  const auto states = (*tier)->ReadStates({&part, 1}, Clock::System()->Elapsed() + kConnectTimeout);
  if (!states.ok()) return named(states.status().code(), states.status());
  return std::shared_ptr<SharedTier>(*std::move(tier));
}

}  // namespace

void AddDatabase(CLI::App& app, DatabaseOptions* options) {
  AddText(app, "--db", &options->file, "The database file")->type_name("FILE")->required();
  AddJson(app, &options->json);
}

void AddTiers(CLI::App& app, DatabaseOptions* options) {
  AddText(app, "--db", &options->file, "The database file")->type_name("FILE");
  AddRedis(app, &options->redis, "The Redis that programs on the database share");
  AddText(app, "--redis-prefix", &options->redis_prefix, "What those programs' names begin with");
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

Database::Database(DatabaseOptions options, std::shared_ptr<Backing> backing,
                   std::unique_ptr<Cache> cache)
    : options_(std::move(options)), backing_(std::move(backing)), cache_(std::move(cache)) {}

absl::StatusOr<Database> Database::Open(const DatabaseOptions& options, Access access) {
  if (options.file.empty() && options.redis.empty()) {
    return absl::InvalidArgumentError("--db or --redis is required");
  }
  CacheOptions cache_options;
  cache_options.memory_bytes = kMemoryBytes;
  cache_options.shards = 1;
  cache_options.coherence.heartbeat = kHeartbeat;
  cache_options.value_bytes_max = kValueBytesCeiling;  // whatever a program stored can be read
  cache_options.background_maintenance = false;
  if (!options.redis.empty()) {
    // Before a file is created for nothing.
    absl::StatusOr<std::shared_ptr<SharedTier>> tier = Connect(options);
    if (!tier.ok()) return tier.status();
    cache_options.shared = *std::move(tier);
  }
  if (!options.file.empty()) {
    absl::StatusOr<std::unique_ptr<Backing>> opened =
        OpenSqlite({.path = options.file,
                    .create = access == Access::kCreate,
                    .read_only = access == Access::kRead,
                    .readers = 1});
    if (!opened.ok()) return WithFile(options.file, opened.status());
    cache_options.backing = *std::move(opened);
  }
  std::shared_ptr<Backing> backing = cache_options.backing;
  absl::StatusOr<std::unique_ptr<Cache>> cache = Cache::Open(std::move(cache_options));
  if (!cache.ok()) return cache.status();
  return Database(options, std::move(backing), *std::move(cache));
}

std::vector<absl::StatusOr<Result>> Database::Read(std::span<const std::string_view> keys) {
  const absl::Time give_up = absl::Now() + kConnectTimeout;
  while (true) {
    // Nothing runs in the background: this shakes hands, as soon as the messages come.
    if (!options_.redis.empty()) cache_->Maintain(0);
    std::vector<absl::StatusOr<Result>> results = space().MGet(keys);
    const bool must_wait = std::any_of(
        results.begin(), results.end(),
        [](const absl::StatusOr<Result>& result) { return absl::IsUnavailable(result.status()); });
    if (options_.redis.empty() || !must_wait || absl::Now() > give_up) return results;
    std::this_thread::yield();
  }
}

absl::Status Database::Named(const absl::Status& status) const {
  return absl::IsInvalidArgument(status) || !has_file() ? status : WithFile(options_.file, status);
}

void Database::Report(Coherence told, Json* answer, std::ostream& err) {
  if (options_.redis.empty()) return;
  cache_->Maintain(0);  // what was told leaves the change log
  (*answer)["coherence"] = CoherenceName(told);
  if (told == Coherence::kDeferred) {
    err << "trivet: done, but Redis could not be told; programs on the database will tell it\n";
  }
}

}  // namespace trivet::cli
