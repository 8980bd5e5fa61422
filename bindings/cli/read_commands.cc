// get and mget: what is stored under a key.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bindings/cli/command.h"
#include "bindings/cli/database.h"
#include "bindings/cli/json_text.h"
#include "trivet/cache.h"

namespace trivet::cli {
namespace {

struct ReadOptions : DatabaseOptions {
  std::vector<std::string> keys;
};

absl::Status Check(const ReadOptions& options) {
  if (absl::Status status = CheckName("namespace", options.namespace_name); !status.ok()) {
    return status;
  }
  for (const std::string& key : options.keys) {
    if (absl::Status status = CheckKey(key); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Json Describe(const ReadOptions& options, std::string_view key, const Result& result) {
  Json object;
  PutBytes(object, "key", key);
  object["found"] = static_cast<bool>(result);
  if (!result) return object;
  PutBytes(object, "value", result.bytes());
  object["bytes"] = result.bytes().size();
  object["version"] = result.version;
  if (!options.redis.empty()) object["tier"] = TierName(result.tier);
  const bool lives_on = result.remaining_ttl == absl::InfiniteDuration();
  object["ttl_seconds"] =
      lives_on ? Json(nullptr) : Json(absl::ToDoubleSeconds(result.remaining_ttl));
  return object;
}

absl::StatusOr<ExitCode> RunGet(const ReadOptions& options, Console& console) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  absl::StatusOr<Database> database = Database::Open(options, Access::kRead);
  if (!database.ok()) return database.status();
  const std::string& key = options.keys.front();
  const std::string_view keys[] = {key};
  const absl::StatusOr<Result> result = std::move(database->Read(keys).front());
  if (!result.ok()) return database->Named(result.status());

  if (options.json) {
    console.out << Describe(options, key, *result).dump() << '\n';
  } else if (*result) {
    // The bytes and nothing else, so that a file comes out as it went in.
    console.out << result->bytes();
    if (console.out_is_terminal) console.out << '\n';
  } else {
    console.err << "trivet get: not found: " << EscapeLine(key) << '\n';
  }
  return *result ? ExitCode::kOk : ExitCode::kNotFound;
}

// The answers of one MGet stay in memory together: ask in batches.
constexpr size_t kBatchKeys = 16;

absl::StatusOr<ExitCode> RunMget(const ReadOptions& options, Console& console) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  absl::StatusOr<Database> database = Database::Open(options, Access::kRead);
  if (!database.ok()) return database.status();

  const std::vector<std::string_view> keys(options.keys.begin(), options.keys.end());
  Json items = Json::array();
  size_t missing = 0;
  for (size_t at = 0; at < keys.size(); at += kBatchKeys) {
    const auto batch = std::span(keys).subspan(at, std::min(kBatchKeys, keys.size() - at));
    const std::vector<absl::StatusOr<Result>> results = database->Read(batch);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!results[i].ok()) return database->Named(results[i].status());
      const Result& result = *results[i];
      missing += result ? 0 : 1;
      if (options.json) {
        items.push_back(Describe(options, batch[i], result));
      } else if (result) {
        console.out << EscapeLine(batch[i]) << '\t' << EscapeLine(result.bytes()) << '\n';
      } else {
        console.err << "trivet mget: not found: " << EscapeLine(batch[i]) << '\n';
      }
    }
  }
  if (options.json) {
    Json object;
    object["items"] = std::move(items);
    object["found"] = keys.size() - missing;
    object["missing"] = missing;
    console.out << object.dump() << '\n';
  }
  return missing == 0 ? ExitCode::kOk : ExitCode::kNotFound;
}

}  // namespace

void AddGet(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<ReadOptions>();
  CLI::App* app = parent.add_subcommand("get", "Print the value of a key, byte for byte");
  AddTexts(*app, "KEY", &options->keys, "The key")
      ->required()
      ->expected(1)
      ->allow_extra_args(false);
  AddTiers(*app, options.get());
  AddNamespace(*app, options.get());
  commands.push_back({app, [options](Console& console) { return RunGet(*options, console); }});
}

void AddMget(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<ReadOptions>();
  CLI::App* app = parent.add_subcommand(
      "mget", "Print the values of several keys, a line each: key, tab, value (escaped)");
  AddTexts(*app, "KEY", &options->keys, "The keys")->required();
  AddTiers(*app, options.get());
  AddNamespace(*app, options.get());
  commands.push_back({app, [options](Console& console) { return RunMget(*options, console); }});
}

}  // namespace trivet::cli
